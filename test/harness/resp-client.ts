import { once } from 'node:events';
import net from 'node:net';
import tls from 'node:tls';

/** What a server answers: status lines are text, values bytes. */
export type RespReply = string | number | Buffer | null | Error | readonly RespReply[];
export type RespArgument = string | number | Uint8Array;

/** A connection of the tests to a Redis or Valkey server, independent of the engine under test. */
export interface RespClient extends AsyncDisposable {
  /** One command; an error of the server rejects. */
  call(...args: readonly RespArgument[]): Promise<RespReply>;
  /** Many commands at once; resolves to their answers, errors among them. */
  pipeline(commands: Iterable<readonly RespArgument[]>): Promise<readonly RespReply[]>;
}

export interface RespEndpoint {
  /** On 127.0.0.1. */
  readonly port?: number;
  /** Of a Unix socket, instead. */
  readonly path?: string;
  /** PEM of the authority to trust; absent: no TLS. */
  readonly ca?: string;
  readonly user?: string;
  readonly password?: string;
}

/** Connects and logs in. */
export async function connectResp({ port, path, ca, user, password }: RespEndpoint): Promise<RespClient> {
  const where = path === undefined ? { host: '127.0.0.1', port: port ?? 0 } : { path };
  const socket =
    ca === undefined ? net.connect(where) : tls.connect({ ...where, ca, servername: 'localhost' });
  await once(socket, ca === undefined ? 'connect' : 'secureConnect');
  const waiting: { resolve(reply: RespReply): void; reject(error: Error): void }[] = [];
  const pieces: Buffer[] = [];
  /** Below it, what has come cannot be a whole reply. */
  let needed = 0;
  socket.on('data', (chunk: Buffer) => {
    pieces.push(chunk);
    if (pieces.reduce((sum, { length }) => sum + length, 0) < needed) return;
    let rest = Buffer.concat(pieces.splice(0));
    needed = 0;
    while (rest.length > 0) {
      const found = parse(rest, 0);
      if (typeof found === 'number') {
        needed = found;
        pieces.push(rest);
        return;
      }
      rest = rest.subarray(found.end);
      waiting.shift()?.resolve(found.reply);
    }
  });
  let failure: Error | null = null;
  const fail = (error: Error): void => {
    failure ??= error;
    for (const each of waiting.splice(0)) each.reject(error);
  };
  socket.on('error', fail);
  socket.on('close', () => fail(new Error('The server closed the connection.')));

  const answer = (): Promise<RespReply> =>
    new Promise((resolve, reject) => {
      if (failure === null) waiting.push({ resolve, reject });
      else reject(failure);
    });
  const call = async (...args: readonly RespArgument[]): Promise<RespReply> => {
    const reply = answer();
    socket.write(encodeResp(args));
    const got = await reply;
    if (got instanceof Error) throw got;
    return got;
  };
  if (password !== undefined) await call('AUTH', ...(user === undefined ? [] : [user]), password);
  return {
    call,
    async pipeline(commands) {
      const answers: RespReply[] = [];
      const batch = 1000;
      let encoded: Buffer[] = [];
      const flush = async (): Promise<void> => {
        const replies = encoded.map(answer);
        socket.write(Buffer.concat(encoded));
        encoded = [];
        answers.push(...(await Promise.all(replies)));
      };
      for (const command of commands) {
        encoded.push(encodeResp(command));
        if (encoded.length === batch) await flush();
      }
      if (encoded.length > 0) await flush();
      return answers;
    },
    async [Symbol.asyncDispose]() {
      if (socket.closed) return;
      const closed = once(socket, 'close');
      socket.destroy();
      await closed;
    },
  };
}

/** A command as it goes over the wire. */
export function encodeResp(args: readonly RespArgument[]): Buffer {
  const parts = args.flatMap((arg) => {
    const bytes = typeof arg === 'object' ? arg : Buffer.from(String(arg));
    return [Buffer.from(`$${bytes.length}\r\n`), bytes, Buffer.from('\r\n')];
  });
  return Buffer.concat([Buffer.from(`*${args.length}\r\n`), ...parts]);
}

/** One reply and where it ends, or how many bytes there must be at least. */
function parse(bytes: Buffer, at: number): { readonly reply: RespReply; readonly end: number } | number {
  const lineEnd = bytes.indexOf('\r\n', at);
  if (lineEnd < 0) return bytes.length + 1;
  const line = bytes.toString('latin1', at + 1, lineEnd);
  let end = lineEnd + 2;
  switch (bytes[at]) {
    case 0x2b: // +
      return { reply: line, end };
    case 0x2d: // -
      return { reply: new Error(line), end };
    case 0x3a: // :
      return { reply: Number(line), end };
    case 0x24: {
      const length = Number(line);
      if (length < 0) return { reply: null, end };
      if (bytes.length < end + length + 2) return end + length + 2;
      return { reply: bytes.subarray(end, end + length), end: end + length + 2 };
    }
    case 0x2a: {
      if (Number(line) < 0) return { reply: null, end };
      const items: RespReply[] = [];
      for (let left = Number(line); left > 0; left -= 1) {
        const item = parse(bytes, end);
        if (typeof item === 'number') return item;
        items.push(item.reply);
        end = item.end;
      }
      return { reply: items, end };
    }
    default:
      throw new Error(`The server answered something that is no RESP: ${line.slice(0, 40)}`);
  }
}
