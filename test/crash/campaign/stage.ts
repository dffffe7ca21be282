import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { type PostgresServer, startPostgres } from '../../harness/postgres.ts';
import { type ServiceProcess, startServiceProcess } from '../../harness/service-process.ts';
import { startTcpProxy, type TcpProxy } from '../../harness/tcp-proxy.ts';

/** A database server with a proxy before it, so that its network can fail too. */
export interface Side {
  readonly server: PostgresServer;
  readonly proxy: TcpProxy;
  /** The URL of a database, through the proxy. */
  url(database: string): string;
}

/** What a campaign is held on: a source, a target, and a service that moves data between them. */
export interface Stage extends AsyncDisposable {
  readonly source: Side;
  readonly target: Side;
  /** The service that runs now; `restartService` puts another in its place. */
  readonly service: ServiceProcess;
  /** Starts a service on the data folder of the one that was killed. */
  restartService(): Promise<void>;
}

/** Small units, so that there is much to lose. */
const flags = ['--unit-bytes', '524288', '--workers', '4'];
const killer = pathToFileURL(path.resolve(import.meta.dirname, '../../harness/worker-killer.ts')).href;
const environment = { NODE_OPTIONS: `--import=${killer}` };

/** `folder`: for the data of the service. */
export async function openStage(folder: string): Promise<Stage> {
  const stack = new AsyncDisposableStack();
  const side = async (): Promise<Side> => {
    const server = stack.use(await startPostgres({ version: 17 }));
    const proxy = stack.use(await startTcpProxy(server.port));
    return {
      server,
      proxy,
      url: (database) => `postgres://postgres@127.0.0.1:${proxy.port}/${database}`,
    };
  };
  const [source, target] = [await side(), await side()];
  const data = path.join(folder, 'data');
  let service = await startServiceProcess({ data, flags, environment });
  stack.defer(() => service[Symbol.asyncDispose]());
  return {
    source,
    target,
    get service() {
      return service;
    },
    async restartService() {
      service = await startServiceProcess({ data, flags, environment });
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
