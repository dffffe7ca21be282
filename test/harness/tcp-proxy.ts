import { once } from 'node:events';
import net from 'node:net';
import { Transform } from 'node:stream';

/** Stands between a client and a server on this machine, to fail as networks do. Disposing ends every connection. */
export interface TcpProxy extends AsyncDisposable {
  readonly port: number;
  /** From now on nothing passes, in either direction, and nobody is told; new connections are accepted and hear nothing. */
  silence(): void;
  /** After `silence`: new connections are heard again. */
  hear(): void;
  /** As `silence`, but only for the connections that there are. `keepAliveMs`: after so long both ends find out. */
  silenceExisting(keepAliveMs?: number): void;
  /** Resets every connection. */
  reset(): void;
  /** New connections go to that port from now on: another server has taken over the address. */
  retarget(port: number): void;
  /** What each connection brings from the server, in bytes a second, from now on; null: as fast as it comes. */
  limit(bytesPerSecond: number | null): void;
  /** Bytes that came from the server so far. */
  readonly received: number;
}

/** Listens on a free port of 127.0.0.1 and passes everything on to `port` there. */
export async function startTcpProxy(port: number): Promise<TcpProxy> {
  let upstreamPort = port;
  let rate: number | null = null;
  const sockets = new Set<net.Socket>();
  const pairs = new Set<(keepAliveMs?: number) => void>();
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
    const upstream = net.connect(upstreamPort, '127.0.0.1');
    keep(upstream);
    const counted = new Transform({
      transform(chunk: Buffer, _encoding, done) {
        received += chunk.length;
        if (rate === null) done(null, chunk);
        else setTimeout(done, (chunk.length / rate) * 1000, null, chunk);
      },
    });
    client.pipe(upstream);
    upstream.pipe(counted).pipe(client);
    const end = (): void => {
      pairs.delete(mute);
      client.destroy();
      upstream.destroy();
    };
    const mute = (keepAliveMs?: number): void => {
      if (keepAliveMs !== undefined) setTimeout(end, keepAliveMs).unref();
      client.unpipe(upstream).pause();
      upstream.unpipe(counted).pause();
      client.off('close', end);
      upstream.off('close', end);
    };
    pairs.add(mute);
    client.once('close', end);
    upstream.once('close', end);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const silenceExisting = (keepAliveMs?: number): void => {
    for (const mute of pairs) mute(keepAliveMs);
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
    hear() {
      silent = false;
    },
    silenceExisting,
    retarget(other) {
      upstreamPort = other;
    },
    limit(bytesPerSecond) {
      rate = bytesPerSecond;
    },
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
