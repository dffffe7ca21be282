import type { Socket } from 'node:net';
import { releaseChunk } from '../../base/release-chunk.ts';
import { AppError } from '../../core/errors.ts';
import type { FtpConnection } from './connect.ts';
import { FtpRefusal, type FtpReply } from './reply.ts';

/**
 * Sends blocks by a command such as `STOR /name`; resolves to their bytes when the server has said that it is done.
 * @param open is called when the server has agreed
 */
export async function upload(
  connection: FtpConnection,
  command: string,
  open: () => AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<number> {
  const { data, finished } = await begin(connection, command, 0, signal);
  let bytes = 0;
  try {
    // What a TLS server sends of its own (tickets, its farewell) must be read.
    data.resume();
    for await (const block of open()) {
      signal.throwIfAborted();
      bytes += block.length;
      const isTaken = data.write(block, () => releaseChunk(block));
      if (!isTaken || data.destroyed) await drained(data);
    }
    data.end();
    await finished;
    return bytes;
  } catch (error) {
    data.destroy();
    throw error instanceof DataLost ? await serverSays(finished, error) : error;
  } finally {
    connection.control.carry(null);
  }
}

/**
 * What the server sends by a command such as `RETR /name`, from the byte `offset` on.
 * @param wanted so many bytes, and `toEnd` says whether that is all there is; null: all that comes, whatever it is
 * @throws AppError storage-unreachable when the data connection ends before
 */
export async function* download(
  connection: FtpConnection,
  command: string,
  offset: number,
  wanted: { readonly bytes: number; readonly toEnd: boolean } | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const { data, finished } = await begin(connection, command, offset, signal);
  let left = wanted?.bytes ?? Number.POSITIVE_INFINITY;
  try {
    try {
      for await (const chunk of data as AsyncIterable<Buffer>) {
        signal.throwIfAborted();
        const taken = chunk.length > left ? chunk.subarray(0, left) : chunk;
        left -= taken.length;
        yield taken;
        if (left === 0 && wanted?.toEnd === false) break;
      }
    } catch (error) {
      // What the consumer throws does not come here, so it is the connection's.
      throw await serverSays(finished, new DataLost((error as Error).message));
    }
    if (wanted !== null && left > 0)
      throw await serverSays(finished, new DataLost(`it ended ${left} bytes early`));
    // A transfer that was cut short on purpose is refused in the end.
    if (wanted?.toEnd === false) await finished.catch(() => undefined);
    else await finished;
  } finally {
    data.destroy();
    connection.control.carry(null);
  }
}

/** The data connection broke. Mostly the server says why on the control connection. */
class DataLost extends Error {}

async function serverSays(finished: Promise<FtpReply>, lost: DataLost): Promise<unknown> {
  try {
    await finished;
  } catch (error) {
    return error;
  }
  return new AppError('storage-unreachable', {
    message: `The data connection broke (${lost.message}).`,
    cause: lost,
  });
}

interface Transfer {
  /** Connected, and secured where the control connection is. */
  readonly data: Socket;
  /** The server's last word on the transfer. */
  readonly finished: Promise<FtpReply>;
}

async function begin(
  connection: FtpConnection,
  command: string,
  offset: number,
  signal: AbortSignal,
): Promise<Transfer> {
  const { control, server } = connection;
  const port = await dataPort(connection);
  // Whatever address the server names: it is the control connection's, which the policy let through.
  const address = (control.socket.remoteAddress ?? '').replace(/^::ffff:/i, '');
  const plain = await server.network.connect(server.host, port, signal, address);
  plain.on('error', () => undefined);
  control.carry(plain);
  try {
    if (offset > 0) await control.request(`REST ${offset}`);
    const started = Promise.withResolvers<void>();
    const finished = control.request(command, { onStart: started.resolve });
    // Refused, or cut off: nothing more will come.
    finished.catch(() => plain.destroy());
    // Some servers speak TLS before they say that the transfer begins, some after.
    const securing = connection.encrypt(plain, signal);
    securing.catch(() => undefined);
    await Promise.race([started.promise, finished]);
    const data = await securing.catch(async (error: unknown) => {
      plain.destroy();
      await finished;
      throw error;
    });
    return { data, finished };
  } catch (error) {
    plain.destroy();
    control.carry(null);
    throw error;
  }
}

/** Asks where to connect to for the next transfer. */
async function dataPort(connection: FtpConnection): Promise<number> {
  const { control } = connection;
  if (connection.passive === 'EPSV') {
    try {
      return portIn(await control.request('EPSV'), /\(([!-~])\1\1(\d+)\1\)/);
    } catch (error) {
      if (!(error instanceof FtpRefusal) || error.code < 500 || error.code === 530) throw error;
      connection.passive = 'PASV';
    }
  }
  return portIn(await control.request('PASV'), /(?<!\d)((?:\d{1,3},){4})(\d{1,3}),(\d{1,3})(?!\d)/);
}

/** The last group of the pattern is the port, or the last two its high and low byte. */
function portIn({ code, words }: FtpReply, pattern: RegExp): number {
  const [, , high = '', low] = pattern.exec(words) ?? [];
  const port = low === undefined ? Number(high) : Number(high) * 256 + Number(low);
  if (high !== '' && port > 0 && port < 65_536) return port;
  throw new AppError('storage-failed', {
    message: `The server names no port for the data connection (${code} ${words}).`,
    temporary: false,
  });
}

/** Resolves when the socket takes more. */
function drained(data: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    const lost = (): void => reject(new DataLost(data.errored?.message ?? 'it was closed'));
    if (data.destroyed) {
      lost();
      return;
    }
    const settle = (): void => {
      data.off('drain', settle);
      data.off('close', settle);
      if (data.destroyed) lost();
      else resolve();
    };
    data.once('drain', settle);
    data.once('close', settle);
  });
}
