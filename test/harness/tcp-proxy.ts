import { once } from 'node:events';
import net from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';

/** `up`: from the client to the server. */
export type Direction = 'up' | 'down';

/** A connection that ends, or falls silent, in the middle of a transfer. */
export interface Cut {
  readonly direction: Direction;
  /** Bytes in that direction that still pass, counted from now over all connections. A reset may overtake the last of them. */
  readonly afterBytes: number;
  /** Both ends see the connection closed, or reset; or nothing passes from then on, for anybody, and nobody is told. */
  readonly how: 'close' | 'reset' | 'silence';
}

/** Stands between a client and a server on this machine, to fail as networks do. Disposing ends every connection. */
export interface TcpProxy extends AsyncDisposable {
  readonly host: string;
  readonly port: number;
  /** From now on nothing passes, in either direction, and nobody is told; new connections are accepted and hear nothing. */
  silence(): void;
  /** After `silence`: new connections are heard again. */
  hear(): void;
  /** As `silence`, but only for the connections that there are. `keepAliveMs`: after so long both ends find out. */
  silenceExisting(keepAliveMs?: number): void;
  /** Resets every connection. */
  reset(): void;
  /** Once, after so many bytes. Replaces an earlier cut that has not come about. */
  cut(cut: Cut): void;
  /** New connections go to that port from now on: another server has taken over the address. */
  retarget(port: number): void;
  /** What each connection brings from the server (and `both`: to it), in bytes a second, from now on; null: as fast as it comes. */
  limit(bytesPerSecond: number | null, which?: 'down' | 'both'): void;
  /** Ends all faults and every connection, and resolves when the clients have closed theirs. */
  mend(): Promise<void>;
  /** Bytes that came from the server so far. */
  readonly received: number;
  /** Bytes that went to the server so far. */
  readonly sent: number;
}

export interface TcpProxyOptions {
  /** Where it listens; by default 127.0.0.1. */
  readonly host?: string;
  /** Further ports of the server, which the proxy has under the same numbers: data connections of FTP. Takes a host of its own. */
  readonly alsoPorts?: readonly number[];
}

/** A slow line brings its bytes in so many pieces a second. */
const piecesPerSecond = 20;
/** How long a client may take to notice that its connection has ended before it is reset. */
const closingMs = 2000;

interface Pair {
  readonly client: net.Socket;
  readonly upstream: net.Socket;
  /** `mute`: nothing passes, and an end is not passed on either. `ending`: what still comes is thrown away. */
  state: 'open' | 'mute' | 'ending';
  /** Resolves when it is mute no more. */
  readonly heard: PromiseWithResolvers<void>;
}

/** Listens on a free port of 127.0.0.1 (or of another host) and passes everything on to `port` of 127.0.0.1. */
export async function startTcpProxy(port: number, options: TcpProxyOptions = {}): Promise<TcpProxy> {
  const { host = '127.0.0.1', alsoPorts = [] } = options;
  let mainPort = port;
  let rates: Readonly<Record<Direction, number | null>> = { up: null, down: null };
  let armed: { readonly how: Cut['how']; readonly direction: Direction; left: number } | null = null;
  let isSilent = false;
  const passed = { up: 0, down: 0 };
  const pairs = new Set<Pair>();
  const waiting = new Set<net.Socket>();

  /** Passes on what comes until its end. */
  const pump = async (pair: Pair, direction: Direction): Promise<void> => {
    const [from, to] = direction === 'up' ? [pair.client, pair.upstream] : [pair.upstream, pair.client];
    for await (const chunk of from as AsyncIterable<Buffer>) {
      for (let rest = chunk; rest.length > 0; ) {
        const rate = rates[direction];
        let piece = rate === null ? rest : rest.subarray(0, Math.max(1, Math.floor(rate / piecesPerSecond)));
        if (rate !== null) await sleep((piece.length / rate) * 1000);
        if (pair.state === 'mute') await pair.heard.promise;
        if (pair.state === 'ending') break;
        const cut = armed?.direction === direction && armed.left <= piece.length ? armed : null;
        if (cut !== null) piece = piece.subarray(0, cut.left);
        if (armed?.direction === direction) armed.left -= piece.length;
        passed[direction] += piece.length;
        rest = rest.subarray(piece.length);
        if (!to.write(piece)) await writable(to);
        if (cut !== null) {
          armed = null;
          await carryOut(cut.how, pair, to);
        }
      }
    }
    if (pair.state === 'open') to.end();
  };

  const carryOut = async (how: Cut['how'], pair: Pair, receiver: net.Socket): Promise<void> => {
    if (how === 'silence') {
      proxy.silence();
      return;
    }
    // What passed before the cut arrives first.
    await flushed(receiver);
    release(pair, 'ending');
    if (how === 'close') {
      for (const socket of [pair.client, pair.upstream]) void close(socket);
    } else {
      for (const socket of [pair.client, pair.upstream]) socket.resetAndDestroy();
    }
  };

  const release = (pair: Pair, state: Pair['state']): void => {
    pairs.delete(pair);
    pair.state = state;
    pair.heard.resolve();
  };

  const serve = (client: net.Socket, target: number): void => {
    client.on('error', () => client.destroy());
    if (isSilent) {
      waiting.add(client);
      client.once('close', () => waiting.delete(client));
      return;
    }
    const upstream = net.connect({ port: target, host: '127.0.0.1', allowHalfOpen: true, noDelay: true });
    upstream.on('error', () => upstream.destroy());
    const pair: Pair = { client, upstream, state: 'open', heard: Promise.withResolvers() };
    pairs.add(pair);
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      one.once('close', () => {
        if (pair.state !== 'open') return;
        release(pair, 'ending');
        other.destroySoon();
      });
    }
    // The sockets' own error handlers say what there is to say.
    for (const direction of ['up', 'down'] as const) pump(pair, direction).catch(() => undefined);
  };

  const listen = async (at: number, targetOf: () => number): Promise<net.Server> => {
    const server = net.createServer({ allowHalfOpen: true, noDelay: true }, (client) =>
      serve(client, targetOf()),
    );
    server.listen(at, host);
    await once(server, 'listening');
    return server;
  };
  const main = await listen(0, () => mainPort);
  const servers = [main];
  try {
    for (const also of alsoPorts) servers.push(await listen(also, () => also));
  } catch (error) {
    for (const server of servers) server.close();
    throw error;
  }

  const mute = (keepAliveMs?: number): void => {
    for (const pair of pairs) {
      pair.state = 'mute';
      if (keepAliveMs !== undefined) setTimeout(() => destroy(pair), keepAliveMs).unref();
    }
  };
  const destroy = (pair: Pair): void => {
    release(pair, 'ending');
    pair.client.destroy();
    pair.upstream.destroy();
  };

  const proxy: TcpProxy = {
    host,
    port: (main.address() as net.AddressInfo).port,
    get received() {
      return passed.down;
    },
    get sent() {
      return passed.up;
    },
    silence() {
      isSilent = true;
      mute();
    },
    hear() {
      isSilent = false;
    },
    silenceExisting: mute,
    reset() {
      for (const { client, upstream } of pairs) {
        client.resetAndDestroy();
        upstream.resetAndDestroy();
      }
      for (const client of waiting) client.resetAndDestroy();
    },
    cut({ how, direction, afterBytes }) {
      armed = { how, direction, left: afterBytes };
    },
    retarget(other) {
      mainPort = other;
    },
    limit(bytesPerSecond, which = 'down') {
      rates = { up: which === 'both' ? bytesPerSecond : rates.up, down: bytesPerSecond };
    },
    async mend() {
      [armed, isSilent, rates] = [null, false, { up: null, down: null }];
      const clients = [...pairs].map(({ client }) => client).concat(...waiting);
      for (const pair of pairs) {
        release(pair, 'ending');
        pair.upstream.destroy();
      }
      await Promise.all(clients.map(close));
    },
    async [Symbol.asyncDispose]() {
      const closed = servers.map((server) => once(server, 'close'));
      for (const server of servers) server.close();
      for (const pair of pairs) destroy(pair);
      for (const client of waiting) client.destroy();
      await Promise.all(closed);
    },
  };
  return proxy;
}

/** Resolves when more can be written, or never will be. */
const writable = (socket: net.Socket): Promise<void> =>
  new Promise((resolve) => {
    const go = (): void => {
      socket.off('drain', go).off('close', go);
      resolve();
    };
    socket.on('drain', go).on('close', go);
    if (socket.destroyed) go();
  });

/** Resolves when what was written has gone to the system. */
const flushed = (socket: net.Socket): Promise<void> =>
  new Promise((resolve) => socket.write('', () => resolve()));

/** Says that no more comes, throws away what the other side still says, and resolves when that has ended too. */
async function close(socket: net.Socket): Promise<void> {
  if (socket.destroyed) return;
  const timer = setTimeout(() => socket.resetAndDestroy(), closingMs);
  const closed = new Promise((resolve) => socket.once('close', resolve));
  socket.end();
  socket.resume();
  await closed;
  clearTimeout(timer);
}
