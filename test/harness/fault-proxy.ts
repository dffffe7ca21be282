import { once } from 'node:events';
import { createServer, type IncomingMessage, request, type ServerResponse } from 'node:http';
import type net from 'node:net';
import { startTcpProxy, type TcpProxy } from './tcp-proxy.ts';

/** Where a server listens, on 127.0.0.1. */
export interface FaultTarget {
  readonly port: number;
  /** Ports that a client is told to connect to besides (passive data connections of FTP). The proxy has them too, on another address. */
  readonly alsoPorts?: readonly number[];
  /** Whether the port speaks HTTP without TLS, so that the proxy can answer in the server's place. */
  readonly isHttp: boolean;
}

/** What the proxy says instead of the server. */
export interface Refusal {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
  /** Further headers. */
  readonly headers?: Readonly<Record<string, string>>;
}

/** Stands before a server: fails as networks do, and answers HTTP requests in the server's place. */
export interface FaultProxy extends AsyncDisposable {
  /** Where clients connect to, and the faults of the connection. */
  readonly line: TcpProxy;
  /** Lets `after` requests through, then answers `times` with the refusal; the server does not see those. Ends with `mend`. */
  refuse(refusal: Refusal, times: number, after?: number): void;
  /** Requests refused so far. */
  readonly refused: number;
  /** Ends all faults and all connections. */
  mend(): Promise<void>;
}

/** The other address of this machine, where the proxy can have the server's own port numbers. */
const otherLoopback = '127.0.0.2';

export async function startFaultProxy(target: FaultTarget): Promise<FaultProxy> {
  await using opening = new AsyncDisposableStack();
  const gateway = target.isHttp ? opening.use(await startGateway(target.port)) : null;
  const line = opening.use(
    await startTcpProxy(
      gateway?.port ?? target.port,
      target.alsoPorts === undefined ? {} : { host: otherLoopback, alsoPorts: target.alsoPorts },
    ),
  );
  const parts = opening.move();
  return {
    line,
    refuse(refusal, times, after = 0) {
      if (gateway === null) throw new Error('Only a proxy before an HTTP server can refuse.');
      gateway.refuse(refusal, times, after);
    },
    get refused() {
      return gateway?.refused ?? 0;
    },
    async mend() {
      gateway?.refuse(null, 0, 0);
      await line.mend();
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

interface Gateway extends AsyncDisposable {
  readonly port: number;
  readonly refused: number;
  refuse(refusal: Refusal | null, times: number, after: number): void;
}

/** An HTTP server that passes requests on as they are, or refuses them. */
async function startGateway(port: number): Promise<Gateway> {
  let plan: { readonly refusal: Refusal; left: number; after: number } | null = null;
  let refused = 0;
  const serve = (incoming: IncomingMessage, answer: ServerResponse): void => {
    if (plan !== null && plan.after > 0) plan.after -= 1;
    else if (plan !== null && plan.left > 0) {
      plan.left -= 1;
      refused += 1;
      refuse(incoming, answer, plan.refusal);
      return;
    }
    forward(port, incoming, answer);
  };
  // Whether a body is wanted is for the server to say.
  const server = createServer(serve).on('checkContinue', serve);
  // No time limits: only the faults that are asked for.
  Object.assign(server, { requestTimeout: 0, headersTimeout: 0, keepAliveTimeout: 0 });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as net.AddressInfo).port,
    get refused() {
      return refused;
    },
    refuse(refusal, times, after) {
      plan = refusal === null ? null : { refusal, left: times, after };
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

/** After the whole of the request, as servers do that mean to be heard; at once where the client asks before it sends. */
function refuse(incoming: IncomingMessage, answer: ServerResponse, refusal: Refusal): void {
  const say = (): void => {
    answer.writeHead(refusal.status, {
      ...refusal.headers,
      'content-type': refusal.contentType,
      'content-length': Buffer.byteLength(refusal.body),
    });
    answer.end(incoming.method === 'HEAD' ? undefined : refusal.body);
  };
  if (incoming.headers.expect === undefined) incoming.once('end', say);
  else say();
  incoming.resume();
}

function forward(port: number, incoming: IncomingMessage, answer: ServerResponse): void {
  const { method, url: path, rawHeaders } = incoming;
  const outgoing = request({ host: '127.0.0.1', port, method, path, headers: rawHeaders, agent: false });
  outgoing.on('continue', () => answer.writeContinue());
  outgoing.on('response', (response) => {
    answer.writeHead(response.statusCode ?? 502, response.statusMessage, response.rawHeaders);
    response.pipe(answer);
    response.on('error', () => answer.destroy());
  });
  outgoing.on('error', () => {
    // A server that has answered may close before it has read everything.
    if (!answer.headersSent) answer.destroy();
  });
  incoming.on('error', () => outgoing.destroy());
  answer.once('close', () => {
    // The end of a pipe pauses what it read from, and the next request stands behind the rest of this one.
    incoming.unpipe(outgoing);
    outgoing.destroy();
    incoming.resume();
  });
  incoming.pipe(outgoing);
}
