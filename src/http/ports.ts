import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { AppError } from '../core/errors.ts';
import type { PortSetting } from './listen-error.ts';
import { createHttpServer, type HttpServer, type HttpServerParts } from './server.ts';

/** What was decided about the port of its own that an API asks for. */
export interface OwnPort extends PortSetting {
  /** 0: a free one; null: the API's usual one, if it has one, where nothing else listens there; `off`: none. */
  readonly port: number | 'off' | null;
}

export interface ServedPorts {
  /** The common port, with every API: `http://127.0.0.1:8080`. */
  readonly url: string;
  /** APIs that have a port of their own as well. */
  readonly own: readonly { readonly api: string; readonly title: string; readonly url: string }[];
}

/** One server for the common port, and one for each API that has a port of its own. */
export interface HttpPorts {
  /**
   * Starts to listen on all of them. Throws as {@link HttpServer.listen}; an API's usual port that is taken is only told in the log. Can be
   * called again when it has failed.
   */
  listen(host: string, port: number): Promise<ServedPorts>;
  inject(request: InjectOptions): Promise<LightMyRequestResponse>;
  /** As {@link HttpServer.close}. */
  close(graceMs: number, delayMs?: number): Promise<void>;
}

/** @param ownPorts by id of the API; APIs that are not among them have none */
export function createHttpPorts(
  parts: Omit<HttpServerParts, 'certificate' | 'fallback' | 'http2'> &
    Required<Pick<HttpServerParts, 'certificate'>>,
  ownPorts: Readonly<Record<string, OwnPort>>,
): HttpPorts {
  const { certificate, systemRoutes = [], ...rest } = parts;
  const common = createHttpServer({ ...rest, systemRoutes });
  const own = parts.apis.flatMap((api) => {
    const decided = ownPorts[api.id];
    if (api.ownPort === undefined || decided === undefined || decided.port === 'off') return [];
    const port = decided.port ?? api.ownPort.usual;
    if (port === null) return [];
    const http2 = api.ownPort.http2 === true;
    const server = createHttpServer({ ...rest, apis: [api], fallback: api, certificate, http2 });
    return [{ api, server, decided, port }];
  });

  async function listenOwn(host: string): Promise<void> {
    for (const { api, server, decided, port } of own) {
      if (server.address !== null) continue;
      try {
        await server.listen(host, port, decided);
      } catch (error) {
        const isTaken = error instanceof AppError && error.code === 'port-in-use';
        if (decided.port !== null || !isTaken) throw error;
        const { message, hint } = error;
        parts.log.warn('an API answers at the common port alone', { api: api.id, reason: message, hint });
      }
    }
  }

  return {
    async listen(host, port) {
      await listenOwn(host);
      const { url } = await common.listen(host, port);
      const served = own.flatMap(({ api: { id: api, title }, server: { address } }) =>
        address === null ? [] : [{ api, title, url: address.url }],
      );
      return { url, own: served };
    },
    inject: (request) => common.inject(request),
    async close(graceMs, delayMs) {
      const servers: readonly HttpServer[] = [common, ...own.map(({ server }) => server)];
      await Promise.all(servers.map((server) => server.close(graceMs, delayMs)));
    },
  };
}
