import type { Socket } from 'node:net';
import type { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';
import type { Network } from '../../network/network.ts';
import type { InterruptibleConnection } from '../blocks/served-folder.ts';
import { classify } from './classify.ts';
import { createControl, type FtpControl } from './control.ts';
import { FtpRefusal } from './reply.ts';
import { secure, type TrustOptions } from './tls.ts';

/** `explicit`: begun by AUTH TLS on the ordinary port; `implicit`: from the first byte on. */
export type TlsMode = 'none' | 'explicit' | 'implicit';

/** Whom to connect to, and as whom. */
export interface FtpServer extends TrustOptions {
  readonly port: number;
  readonly tls: TlsMode;
  readonly user: string;
  /** Null: anonymous. */
  readonly password: Secret | null;
  readonly network: Network;
}

/** A connection that is logged in, in binary mode, with what data connections need. */
export interface FtpConnection extends InterruptibleConnection {
  readonly control: FtpControl;
  readonly server: FtpServer;
  /** How folders are listed: for machines where the server has that, else for people. */
  listing: 'MLSD' | 'LIST';
  /** How data connections are asked for. Servers that refuse the one are asked for the other. */
  passive: 'EPSV' | 'PASV';
  /** A data connection with the same encryption as the control connection: none, or TLS that takes up a session. */
  encrypt(socket: Socket, signal: AbortSignal): Promise<Socket>;
}

/** Connects and logs in. Throws `storage-unreachable`, `storage-denied` and the like, and what the network throws. */
export async function connectFtp(server: FtpServer, signal: AbortSignal): Promise<FtpConnection> {
  const { host, port, tls, subject } = server;
  const broken = (reason: string): AppError =>
    new AppError('storage-unreachable', { message: `${subject}: the connection broke (${reason}).` });
  /** The newest that the server gave, as each may serve only once. Servers want data connections to take up the control connection's. */
  let session: Buffer | undefined;
  const encrypt = async (socket: Socket, during: AbortSignal): Promise<Socket> => {
    const secured = await secure(socket, server, session, during, (next) => {
      session = next;
    });
    return secured;
  };

  const plain = await server.network.connect(host, port, signal);
  const control = createControl(tls === 'implicit' ? await encrypt(plain, signal) : plain, broken);
  const onAbort = (): void => control.destroy();
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    signal.throwIfAborted();
    await control.request(null);
    if (tls === 'explicit') {
      await control.request('AUTH TLS');
      await control.upgrade((socket) => encrypt(socket, signal));
    }
    await logIn(control, server);
    const features = await featuresOf(control);
    if (features.has('UTF8')) await ifOffered(control.request('OPTS UTF8 ON'));
    await control.request('TYPE I');
    if (tls !== 'none') {
      await control.request('PBSZ 0');
      // Refused, it must not become a transfer that anybody can read.
      await control.request('PROT P');
    }
    return {
      control,
      server,
      listing: features.has('MLST') ? 'MLSD' : 'LIST',
      passive: 'EPSV',
      encrypt: tls === 'none' ? async (socket) => socket : encrypt,
      get isUsable() {
        return control.isUsable;
      },
      rest: control.rest,
      wake: control.wake,
      destroy: control.destroy,
      interrupt: control.interrupt,
    };
  } catch (error) {
    control.destroy();
    throw error instanceof FtpRefusal ? classify(error, 'log in', subject) : error;
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}

async function logIn(control: FtpControl, { user, password, subject }: FtpServer): Promise<void> {
  const { code, words } = await control.request(`USER ${user}`);
  if (code === 331) await control.request(`PASS ${password?.reveal() ?? 'anonymous@'}`);
  else if (code >= 300) {
    throw new AppError('storage-denied', {
      message: `${subject} wants more than a user name and a password (${code} ${words}).`,
    });
  }
}

/** The lines of FEAT's answer, without the words around them. */
async function featuresOf(control: FtpControl): Promise<ReadonlySet<string>> {
  const reply = await ifOffered(control.request('FEAT'));
  const lines = reply?.words.split('\n').slice(1, -1) ?? [];
  return new Set(lines.map((line) => line.trim().split(' ')[0]?.toUpperCase() ?? ''));
}

/** Null when the server does not know the command. */
async function ifOffered<T>(asked: Promise<T>): Promise<T | null> {
  try {
    return await asked;
  } catch (error) {
    if (error instanceof FtpRefusal) return null;
    throw error;
  }
}
