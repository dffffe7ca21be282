import { once } from 'node:events';
import net from 'node:net';

/** A pooler that gives all its clients one session of a server in turns, as pgbouncer's pool_mode does. */
export interface Pooler extends AsyncDisposable {
  readonly port: number;
}

const readyForQuery = 0x5a; // Z
const backendKeyData = 0x4b; // K
const terminate = 0x58; // X
const idle = 0x49; // I
const rollback = Buffer.from('Q\0\0\0\x0dROLLBACK\0', 'latin1');
const sslRequest = 80_877_103;

/** Cuts a stream into messages; the first one of a client has no type. */
function messageCutter(untypedFirst: boolean): (chunk: Buffer) => Buffer[] {
  let rest = Buffer.alloc(0);
  let untyped = untypedFirst;
  return (chunk) => {
    rest = Buffer.concat([rest, chunk]);
    const messages: Buffer[] = [];
    for (;;) {
      const head = untyped ? 0 : 1;
      if (rest.length < head + 4) return messages;
      const length = head + rest.readInt32BE(head);
      if (rest.length < length) return messages;
      const message = rest.subarray(0, length);
      rest = rest.subarray(length);
      // After the question for TLS comes the real first message.
      untyped = untyped && message.length === 8 && message.readInt32BE(4) === sslRequest;
      messages.push(message);
    }
  };
}

/**
 * Listens on a free port of 127.0.0.1, before the server there on `port` that trusts the user `postgres`. By `statement`, who begins a
 * transaction is thrown out.
 */
export async function startPooler(
  port: number,
  database: string,
  mode: 'transaction' | 'statement' = 'transaction',
): Promise<Pooler> {
  const backend = net.connect(port, '127.0.0.1');
  await once(backend, 'connect');
  const sockets = new Set<net.Socket>([backend]);
  /** What the server said before it was ready: every client hears the same, but for the key. */
  const greeting: Buffer[] = [];
  const greeted = Promise.withResolvers<void>();
  let owner: net.Socket | null = null;
  const waiting: { readonly client: net.Socket; readonly message: Buffer }[] = [];

  const pump = (): void => {
    for (let i = 0; i < waiting.length; ) {
      const { client, message } = waiting[i] as (typeof waiting)[number];
      owner ??= client;
      if (owner !== client) {
        i++;
        continue;
      }
      waiting.splice(i, 1);
      backend.write(message);
    }
  };
  const cutBackend = messageCutter(false);
  let ready = false;
  backend.on('data', (chunk: Buffer) => {
    for (const message of cutBackend(chunk)) {
      if (!ready) {
        if (message[0] === backendKeyData) message.writeInt32BE(1, 5);
        greeting.push(message);
        ready = message[0] === readyForQuery;
        if (ready) greeted.resolve();
        continue;
      }
      if (owner?.writable === true) owner.write(message);
      if (message[0] !== readyForQuery) continue;
      if (message[5] === idle) {
        owner = null;
        pump();
      } else if (mode === 'statement') {
        owner?.destroy();
        backend.write(rollback);
      }
    }
  });
  const startup = Buffer.from(`\0\0\0\0\0\x03\0\0user\0postgres\0database\0${database}\0\0`, 'latin1');
  startup.writeInt32BE(startup.length, 0);
  backend.write(startup);
  await greeted.promise;

  const server = net.createServer((client) => {
    sockets.add(client);
    client.on('error', () => client.destroy());
    client.once('close', () => sockets.delete(client));
    const cut = messageCutter(true);
    let started = false;
    client.on('data', (chunk: Buffer) => {
      for (const message of cut(chunk)) {
        if (started) {
          if (message[0] === terminate) client.end();
          else waiting.push({ client, message });
        } else if (message.length === 8) client.write('N');
        else {
          started = true;
          for (const each of greeting) client.write(each);
        }
      }
      pump();
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
