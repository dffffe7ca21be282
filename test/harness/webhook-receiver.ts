import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';

/** A call as it came over the wire. */
export interface ReceivedCall {
  readonly method: string;
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** What the receiver answers; null: nothing at all, until it is closed. */
export type WebhookAnswer = { readonly status: number; readonly headers?: Record<string, string> } | null;

/** A real HTTP server on the loopback that takes calls. */
export interface WebhookReceiver extends AsyncDisposable {
  readonly url: string;
  readonly calls: readonly ReceivedCall[];
  /** Waits until there are that many. */
  received(count: number): Promise<readonly ReceivedCall[]>;
}

/** @param answer what the n-th call (from 0) gets; default 204 for all */
export async function startWebhookReceiver(
  answer: (call: ReceivedCall, n: number) => WebhookAnswer = () => ({ status: 204 }),
): Promise<WebhookReceiver> {
  const calls: ReceivedCall[] = [];
  const waiting = new Set<() => void>();
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { method = '', url = '', headers } = request;
      const call = { method, path: url, headers, body: Buffer.concat(chunks).toString() };
      const given = answer(call, calls.length);
      calls.push(call);
      if (given !== null) response.writeHead(given.status, given.headers).end();
      for (const look of waiting) look();
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/hook`,
    calls,
    received: (count) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (calls.length < count) return;
          waiting.delete(look);
          resolve(calls.slice(0, count));
        };
        waiting.add(look);
        look();
      }),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
