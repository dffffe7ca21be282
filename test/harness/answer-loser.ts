import { once } from 'node:events';
import { request as ask, createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';

/** Stands before an HTTP server and loses answers: what was asked is done, and nobody hears of it. */
export interface AnswerLoser extends AsyncDisposable {
  readonly port: number;
  /** Answers lost so far. */
  readonly lost: number;
  /** Loses the answer to the next request that matches, and breaks the connection instead. */
  lose(matches: (request: IncomingMessage) => boolean): void;
}

/** @param port of the server, on 127.0.0.1 */
export async function startAnswerLoser(port: number): Promise<AnswerLoser> {
  let isDoomed: ((request: IncomingMessage) => boolean) | null = null;
  let lost = 0;
  const server = createServer((incoming, answer) => {
    const { method, url: path, headers } = incoming;
    const outgoing = ask({ host: '127.0.0.1', port, method, path, headers, agent: false });
    outgoing.once('error', () => answer.destroy());
    outgoing.once('response', (heard) => {
      if (isDoomed?.(incoming) !== true) {
        answer.writeHead(heard.statusCode ?? 502, heard.headers);
        heard.pipe(answer);
        return;
      }
      isDoomed = null;
      lost += 1;
      heard.resume();
      answer.destroy();
    });
    incoming.pipe(outgoing);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    get lost() {
      return lost;
    },
    lose(matches) {
      isDoomed = matches;
    },
    async [Symbol.asyncDispose]() {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}
