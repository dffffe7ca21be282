import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type PostgresServer, startPostgres } from '../../test/harness/postgres.ts';
import {
  type ServiceJob,
  type ServiceProcess,
  startServiceProcess,
} from '../../test/harness/service-process.ts';
import { type Cost, measure } from '../measure.ts';
import { findPeers, type Peers } from './peers.ts';

/** The native tools must be of the server's own major version to be a fair peer. */
export const serverVersion = 15;

/** One server, one service and the peers: what every contest of one size of data is held in. */
export interface Arena extends AsyncDisposable {
  readonly server: PostgresServer;
  readonly service: ServiceProcess;
  readonly peers: Peers;
  readonly rounds: number;
  /** Whether each contest begins with a round that is not counted: what is new to the machine costs the first one more. */
  readonly warmUp: boolean;
  readonly threads: number;
  /** A job of ours, measured; fails when it does not complete without errors. */
  ours(body: Readonly<Record<string, unknown>>): Promise<Cost>;
  /** Registers a database under its own name. */
  register(database: string): Promise<void>;
  /** An empty database, registered; an earlier one of the name is dropped. */
  freshDatabase(name: string): Promise<void>;
  /** Removes all dump sets of ours. */
  removeDumps(): Promise<void>;
  /** A path for a peer's output, where nothing is. */
  peerPath(name: string): Promise<string>;
}

/** @param environment further variables of the service */
export async function openArena(
  rounds: number,
  threads: number,
  warmUp: boolean,
  environment: Readonly<Record<string, string>> = {},
): Promise<Arena> {
  const stack = new AsyncDisposableStack();
  const peers = findPeers(serverVersion);
  const server = stack.use(
    await startPostgres({
      version: serverVersion,
      settings: {
        shared_buffers: '1GB',
        max_wal_size: '8GB',
        autovacuum: 'off',
        maintenance_work_mem: '256MB',
        checkpoint_timeout: '1h',
        // Ten thousand tables are locked at once, by pg_dump as by us.
        max_locks_per_transaction: '512',
      },
    }),
  );
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'pumphouse-bench-peer-'));
  stack.defer(() => rm(scratch, { recursive: true, force: true }));
  const service = stack.use(await startServiceProcess({ environment }));

  const register = async (database: string): Promise<void> => {
    await service.request('DELETE', `/api/v1/databases/${database}`).catch(() => undefined);
    await service.request('POST', '/api/v1/databases', { name: database, url: server.url(database) });
  };
  return {
    server,
    service,
    peers,
    rounds,
    warmUp,
    threads,
    register,
    ours: (body) =>
      measure(
        () => service.pid,
        async (): Promise<void> => {
          const job: ServiceJob = await service.run({ threads, ...body });
          if (job.state !== 'completed') throw new Error(`${job.name} ended ${job.state}`);
        },
      ),
    async freshDatabase(name) {
      await server.query('postgres', `DROP DATABASE IF EXISTS ${name}`);
      await server.createDatabase(name);
      await register(name);
      await server.query('postgres', 'CHECKPOINT');
    },
    removeDumps: () => rm(path.join(service.data, 'dumps'), { recursive: true, force: true }),
    async peerPath(name) {
      const place = path.join(scratch, name);
      await rm(place, { recursive: true, force: true });
      return place;
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
