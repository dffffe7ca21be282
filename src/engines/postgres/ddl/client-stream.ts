import type { RawConnection } from '../wire/connect.ts';

/**
 * The client's side of protocol 3.0, as a program writes it that believes to connect by itself. Messages are a type byte,
 * a length (Int32, itself included) and a body; the start-up packet alone has no type byte.
 * Source: https://www.postgresql.org/docs/current/protocol-message-formats.html
 */

const messageTypes = { query: 0x51, sync: 0x53, terminate: 0x58 } as const;
const sslRequestCode = 80_877_103;
const gssEncryptionRequestCode = 80_877_104;
const headerLength = 5;

/** What the client wants next. */
export type ClientRequest =
  | { readonly kind: 'startup' | 'encryption' | 'unfinished' | 'end' }
  /** Whole messages up to one that the server answers with ReadyForQuery. */
  | { readonly kind: 'messages'; readonly bytes: Uint8Array };

/** Gathers the pieces in which a client writes, until they make a request. */
export class RequestReader {
  #pending = Buffer.alloc(0);
  #started = false;

  /** `piece` is copied. Any request other than `unfinished` uses up what was given so far. */
  take(piece: Uint8Array): ClientRequest {
    this.#pending = Buffer.concat([this.#pending, piece]);
    const request = this.#started ? this.#readMessages() : this.#readStartup();
    if (request.kind !== 'unfinished') this.#pending = Buffer.alloc(0);
    return request;
  }

  #readStartup(): ClientRequest {
    const pending = this.#pending;
    if (pending.length < 8 || pending.length < pending.readInt32BE(0)) return { kind: 'unfinished' };
    const code = pending.readInt32BE(4);
    if (code === sslRequestCode || code === gssEncryptionRequestCode) return { kind: 'encryption' };
    this.#started = true;
    return { kind: 'startup' };
  }

  #readMessages(): ClientRequest {
    const pending = this.#pending;
    let last = 0;
    let at = 0;
    while (at + headerLength <= pending.length) {
      last = pending[at] as number;
      at += 1 + pending.readInt32BE(at + 1);
    }
    if (at !== pending.length) return { kind: 'unfinished' };
    if (last === messageTypes.terminate) return { kind: 'end' };
    const isAnswered = last === messageTypes.query || last === messageTypes.sync;
    return isAnswered ? { kind: 'messages', bytes: pending } : { kind: 'unfinished' };
  }
}

/** What the server would say to the start-up packet of a client that it lets in without a password. */
export function startupAnswer(
  session: Pick<RawConnection, 'parameters' | 'processId' | 'secretKey'>,
): Buffer {
  return Buffer.concat([
    serverMessage('R', int32(0)), // AuthenticationOk
    ...Array.from(session.parameters, ([name, value]) =>
      serverMessage('S', Buffer.from(`${name}\0${value}\0`)),
    ),
    serverMessage('K', int32(session.processId, session.secretKey)),
    serverMessage('Z', Buffer.from('I')),
  ]);
}

/** The answer to a request for TLS or GSSAPI: the client goes on in the clear. */
export const noEncryption: Buffer = Buffer.from('N');

function serverMessage(type: string, body: Buffer): Buffer {
  return Buffer.concat([Buffer.from(type, 'latin1'), int32(body.length + 4), body]);
}

function int32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4);
  values.forEach((value, i) => {
    bytes.writeInt32BE(value | 0, i * 4);
  });
  return bytes;
}
