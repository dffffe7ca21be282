import {
  openStoreView,
  type StoreView,
  type ThreadsWatch,
  watchThreads,
} from '../../harness/cluster-store.ts';
import { type PostgresServer, startPostgres } from '../../harness/postgres.ts';
import { type PumphouseCluster, sharedDirectory, startCluster } from '../../harness/pumphouse-cluster.ts';
import { startTcpProxy, type TcpProxy } from '../../harness/tcp-proxy.ts';
import { fillUnitDatabase, type UnitData } from '../../harness/unit-database.ts';

/** A database server, with a line before it that can be made slow. */
export interface Side {
  readonly server: PostgresServer;
  readonly line: TcpProxy;
  url(database: string): string;
}

/** What a campaign is held on: three instances that share a store, a source full of data, and a target. */
export interface Stage extends AsyncDisposable {
  readonly cluster: PumphouseCluster;
  readonly view: StoreView;
  readonly threads: ThreadsWatch;
  readonly source: Side;
  readonly target: Side;
  readonly data: UnitData;
  /** Threads of each job: less than the instances have workers, so that the limit is felt. */
  readonly jobThreads: number;
}

/** Name of the source, in the server and in the service. */
export const sourceDatabase = 'units';

/** How much is moved, and how fast. */
export interface StageSize {
  readonly data: UnitData;
  readonly unitBytes: string;
  /** Of each instance, to and from the storage: a job has to last long enough to be hit. */
  readonly storageRate: string;
}

export const smallSize: StageSize = {
  data: { tables: 12, rowsPerTable: 25_000 },
  unitBytes: '128KiB',
  storageRate: '700KiB',
};
/** More than a gigabyte of dump files. */
export const gigabyteSize: StageSize = {
  data: { tables: 12, rowsPerTable: 800_000 },
  unitBytes: '2MiB',
  storageRate: '10MiB',
};

export async function openStage({ data, unitBytes, storageRate }: StageSize): Promise<Stage> {
  await using opening = new AsyncDisposableStack();
  const side = async (): Promise<Side> => {
    const server = opening.use(await startPostgres({ settings: { max_wal_size: '4GB' } }));
    const line = opening.use(await startTcpProxy(server.port));
    return { server, line, url: (database) => `postgres://postgres@${line.host}:${line.port}/${database}` };
  };
  const [source, target] = [await side(), await side()];
  await source.server.createDatabase(sourceDatabase);
  await fillUnitDatabase(source.server, sourceDatabase, data);
  const cluster = opening.use(
    await startCluster({
      balanced: true,
      flags: [
        ...['--unit-bytes', unitBytes, '--storage-rate', storageRate],
        ...['--workers', '3', '--shutdown-grace', '10', '--log-level', 'warn'],
      ],
    }),
  );
  await cluster.client.request('POST', '/api/v1/databases', {
    name: sourceDatabase,
    url: source.url(sourceDatabase),
  });
  const view = opening.use(openStoreView(cluster.store));
  const threads = opening.use(watchThreads(view));
  const parts = opening.move();
  return {
    cluster,
    view,
    threads,
    source,
    target,
    data,
    jobThreads: 8,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** What an export of the source asks for. */
export const exportBody = ({ jobThreads }: Stage): Readonly<Record<string, unknown>> => ({
  kind: 'export',
  database: sourceDatabase,
  directory: sharedDirectory,
  mode: 'full',
  compression: 'none',
  threads: jobThreads,
});
