import type { LightMyRequestResponse } from 'fastify';
import { createNativeApi } from '../../src/apis/native/native-api.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { createMemoryLog, type LogLine } from './http-fixture.ts';
import { fixtureToken, openServiceFixture, type ServiceFixture } from './service-fixture.ts';

/** Basic credentials. */
export const basic = (name: string, password: string): string =>
  `Basic ${Buffer.from(`${name}:${password}`).toString('base64')}`;

export interface Call {
  readonly method?: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'DELETE';
  readonly url: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** The native API over a real service; nothing runs its jobs. */
export interface NativeFixture extends ServiceFixture {
  readonly server: HttpServer;
  readonly httpLines: readonly LogLine[];
  /** A call as the local administrator, or as whom the headers say. */
  call(call: Call | string): Promise<LightMyRequestResponse>;
}

export async function openNativeFixture(): Promise<NativeFixture> {
  const parts = await openServiceFixture();
  const { log, lines } = createMemoryLog();
  const server = createHttpServer({
    apis: [createNativeApi(parts.service, { version: '1.2.3', now: () => parts.now })],
    service: parts.service,
    log,
  });
  const dispose = parts[Symbol.asyncDispose].bind(parts);
  return Object.assign(parts, {
    server,
    httpLines: lines,
    call(given: Call | string) {
      const { method = 'GET', url, headers = {}, body } = typeof given === 'string' ? { url: given } : given;
      return server.inject({
        method,
        url,
        headers: {
          authorization: `Bearer ${fixtureToken}`,
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
      });
    },
    async [Symbol.asyncDispose]() {
      await server.close(1000);
      await dispose();
    },
  });
}
