import { once } from 'node:events';
import net from 'node:net';

/** Stands between a client and a server on this machine, to fail as networks do. Disposing ends every connection. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** From now on nothing passes, in either direction, and nobody is told; new connections are accepted and hear nothing. */
  silence(): void;
  /** As `silence`, but only for the connections that there are. */
  silenceExisting(): void;
  /** Resets every connection. */
  reset(): void;
  /** Bytes that came from the server so far. */
  readonly received: number;
}

/** Listens on a free port of 127.0.0.1 and passes everything on to `port` there. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  const sockets = new Set<net.Socket>();
  const pairs = new Set<() => void>();
  let silent = false;
  let received = 0;
  const keep = (socket: net.Socket): void => {
    sockets.add(socket);
    socket.on('error', () => socket.destroy());
    socket.once('close', () => sockets.delete(socket));
  };
  const server = net.createServer((client) => {
    keep(client);
    if (silent) return;
    const upstream = net.connect(port, '127.0.0.1');
    keep(upstream);
    upstream.on('data', (chunk) => {
      received += chunk.length;
    });
    client.pipe(upstream);
    upstream.pipe(client);
    const end = (): void => {
      pairs.delete(mute);
      client.destroy();
      upstream.destroy();
    };
    const mute = (): void => {
      client.unpipe(upstream).pause();
      upstream.unpipe(client).pause();
      client.off('close', end);
      upstream.off('close', end);
    };
    pairs.add(mute);
    client.once('close', end);
    upstream.once('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const silenceExisting = (): void => {
    for (const mute of pairs) mute();
    pairs.clear();
  };
  return {
    port: (server.address() as net.AddressInfo).port,
    get received() {
      return received;
    },
    silence() {
      silent = true;
      silenceExisting();
    },
    silenceExisting,
    reset() {
      for (const socket of sockets) socket.resetAndDestroy();
    },
    async [Symbol.asyncDispose]() {
      server.close();
      for (const socket of sockets) socket.destroy();
      await once(server, 'close');
    },
  };
}
