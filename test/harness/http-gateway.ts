import { once } from 'node:events';
import { createServer, type IncomingMessage, request } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What becomes of a request: it is passed on; it never arrives, and nobody is told; it arrives, and its answer is lost with the connection. */
export type Fate = 'pass' | 'hold' | 'lose-answer';

/** Stands before an HTTP server of this machine. Disposing ends it. */
export interface HttpGateway extends AsyncDisposable {
  readonly port: number;
}

export async function startHttpGateway(
  port: number,
  fateOf: (request: IncomingMessage) => Fate,
): Promise<HttpGateway> {
  const server = createServer((incoming, answer) => {
    const fate = fateOf(incoming);
    if (fate === 'hold') return;
    const { method, url: path, rawHeaders } = incoming;
    const outgoing = request({ host: '127.0.0.1', port, method, path, headers: rawHeaders, agent: false });
    outgoing.on('error', () => answer.destroy());
    outgoing.on('response', (response) => {
      if (fate === 'lose-answer') {
        response.resume();
        incoming.socket.destroy();
        return;
      }
      answer.writeHead(response.statusCode ?? 502, response.rawHeaders);
      response.pipe(answer);
    });
    incoming.pipe(outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
