import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type RedisServer, startRedis } from '../../test/harness/redis-server.ts';
import { type ServiceProcess, startServiceProcess } from '../../test/harness/service-process.ts';
import { type Cost, measure } from '../measure.ts';
import { findPeers, type Peers } from './peers.ts';

/** A server with the data, an empty one, the service over both, and the peers. */
export interface Arena extends AsyncDisposable {
  readonly source: RedisServer;
  readonly target: RedisServer;
  readonly service: ServiceProcess;
  readonly peers: Peers;
  readonly rounds: number;
  readonly warmUp: boolean;
  readonly threads: number;
  /** A job of ours, measured; fails when it does not complete without errors. */
  ours(body: Readonly<Record<string, unknown>>): Promise<Cost>;
  /** Removes all dump sets of ours. */
  removeDumps(): Promise<void>;
  /** Empties the target, at once. */
  emptyTarget(): Promise<void>;
  /** A path for a peer's output, where nothing is. */
  peerPath(name: string): Promise<string>;
}

/** Databases of the service: `source`, `source_scan` (read key by key) and `target`. */
export async function openArena(rounds: number, threads: number): Promise<Arena> {
  const stack = new AsyncDisposableStack();
  try {
    const source = stack.use(await startRedis({ version: 'redis-7.0' }));
    const target = stack.use(await startRedis({ version: 'redis-7.0' }));
    const scratch = await mkdtemp(path.join(os.tmpdir(), 'pumphouse-bench-redis-'));
    stack.defer(() => rm(scratch, { recursive: true, force: true }));
    const service = stack.use(await startServiceProcess());
    const databases = {
      source: source.url(),
      source_scan: `${source.url()}?snapshot=scan`,
      target: target.url(),
    };
    for (const [name, url] of Object.entries(databases))
      await service.request('POST', '/api/v1/databases', { name, url });
    const peers = await findPeers();
    return {
      source,
      target,
      service,
      peers,
      rounds,
      warmUp: true,
      threads,
      ours: (body) =>
        measure(
          () => service.pid,
          async () => {
            await service.run({ threads, ...body });
          },
        ),
      removeDumps: () => rm(path.join(service.data, 'dumps'), { recursive: true, force: true }),
      async emptyTarget() {
        await target.call('FLUSHALL', 'SYNC');
      },
      async peerPath(name) {
        const place = path.join(scratch, name);
        await rm(place, { recursive: true, force: true });
        return place;
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}
