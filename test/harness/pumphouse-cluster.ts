import { randomBytes } from 'node:crypto';
import { mkdir } from 'node:fs/promises';
import { type ClusterClient, createClusterClient, type Front } from './cluster-client.ts';
import { type ClusterInstance, startClusterInstance } from './cluster-instance.ts';
import { freePort } from './free-port.ts';
import { startBalancer } from './nginx-balancer.ts';
import { type PostgresServer, startPostgres } from './postgres.ts';
import { startTcpProxy } from './tcp-proxy.ts';
import { makeFolder } from './with-folder.ts';

/** Several instances as processes of their own, which share a store on a real PostgreSQL, a wallet key and a folder of dump files. */
export interface PumphouseCluster extends AsyncDisposable {
  /** The server of the store; its database is {@link storeDatabase}. */
  readonly store: PostgresServer;
  /** The folder of the directory {@link sharedDirectory}, which all instances see. */
  readonly dumps: string;
  /** Holds the data folders, and a NAME.log of each instance. */
  readonly folder: string;
  readonly instances: readonly ClusterInstance[];
  /** Asks any instance that answers. */
  readonly client: ClusterClient;
  /** Instances that run, can reach the store and are not frozen. */
  up(): readonly ClusterInstance[];
  /** Ends every fault, and starts what is gone. */
  mend(): Promise<void>;
}

export interface ClusterOptions {
  readonly instances?: number;
  /** Further arguments of each `pumphouse serve`. */
  readonly flags?: readonly string[];
  /** Further lines of the store's postgresql.conf. */
  readonly storeSettings?: Readonly<Record<string, string>>;
  /** Puts NGINX before them, as deploy/nginx.conf has it; the client then asks nobody else. */
  readonly balanced?: boolean;
}

export const storeDatabase = 'pumphouse';
export const sharedDirectory = 'SHARED';

/** Starts the store and the instances, and registers the shared folder; ready for jobs when this resolves. */
export async function startCluster(options: ClusterOptions = {}): Promise<PumphouseCluster> {
  const { instances: count = 3, flags = [], storeSettings = {}, balanced = false } = options;
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await makeFolder());
  const dumps = folder.join('dumps');
  await mkdir(dumps);
  const store = opening.use(await startPostgres({ settings: storeSettings }));
  await store.createDatabase(storeDatabase);
  const walletKey = randomBytes(32).toString('base64');
  const launch = async (name: string): Promise<ClusterInstance> => {
    const line = opening.use(await startTcpProxy(store.port));
    return startClusterInstance({
      name,
      data: folder.join(name),
      port: await freePort(),
      line,
      flags: balanced ? ['--trusted-proxies', '127.0.0.1', ...flags] : flags,
      environment: {
        PUMPHOUSE_STORE: `postgres://postgres@${line.host}:${line.port}/${storeDatabase}`,
        PUMPHOUSE_WALLET_KEY: walletKey,
      },
    });
  };
  // All at once: one of them makes the schema, and the others wait for it.
  const names = Array.from({ length: count }, (_, at) => `instance${at + 1}`);
  const started = await Promise.allSettled(names.map(launch));
  for (const each of started) if (each.status === 'fulfilled') opening.use(each.value);
  const failed = started.find((each) => each.status === 'rejected');
  if (failed !== undefined) throw failed.reason;
  const instances = started.flatMap((each) => (each.status === 'fulfilled' ? [each.value] : []));
  const direct = createClusterClient(instances);
  const client = balanced
    ? createClusterClient(instances, await openFront(direct, instances, opening))
    : direct;
  await client.request('POST', '/api/v1/directories', { name: sharedDirectory, path: dumps, shared: true });
  const parts = opening.move();
  return {
    store,
    dumps,
    folder: folder.path,
    instances,
    client,
    up: () => instances.filter(({ state }) => state === 'up'),
    async mend() {
      for (const instance of instances) {
        if (instance.state === 'frozen') instance.thaw();
        if (instance.state === 'cut') await instance.heal();
        await instance.start();
      }
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** NGINX before the instances, and a user who may do everything. */
async function openFront(
  direct: ClusterClient,
  instances: readonly ClusterInstance[],
  opening: AsyncDisposableStack,
): Promise<Front> {
  const user = { name: 'operator', role: 'administrator', password: randomBytes(12).toString('hex') };
  await direct.request('POST', '/api/v1/users', user);
  const { url } = opening.use(await startBalancer({ upstreams: instances.map(({ port }) => port) }));
  return { url, authorization: `Basic ${btoa(`${user.name}:${user.password}`)}` };
}
