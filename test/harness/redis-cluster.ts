import { setTimeout as sleep } from 'node:timers/promises';
import { type RedisOptions, type RedisServer, startRedis } from './redis-server.ts';
import type { RespArgument, RespReply } from './resp-client.ts';

export interface RedisClusterOptions extends Omit<RedisOptions, 'cluster' | 'replicaOf' | 'rdb'> {
  /** 3 by default. */
  readonly masters?: number;
  /** Of each master; none by default. */
  readonly replicas?: number;
}

/** Servers that share the 16,384 slots evenly. Disposing ends all of them. */
export interface RedisCluster extends AsyncDisposable {
  readonly masters: readonly RedisServer[];
  /** Those of the master at the same place. */
  readonly replicas: readonly (readonly RedisServer[])[];
  /** Names the first master. */
  readonly url: string;
  /** One command, sent to the node that it is for: an answer MOVED is followed. */
  call(...args: readonly RespArgument[]): Promise<RespReply>;
}

const slots = 16_384;

/** Starts the nodes and makes them one cluster; every node says that it is whole when this resolves. */
export async function startRedisCluster({
  masters: masterCount = 3,
  replicas: replicaCount = 0,
  ...options
}: RedisClusterOptions = {}): Promise<RedisCluster> {
  const stack = new AsyncDisposableStack();
  try {
    const nodes = await Promise.all(
      Array.from({ length: masterCount * (1 + replicaCount) }, async () =>
        stack.use(await startRedis({ ...options, cluster: true })),
      ),
    );
    const masters = nodes.slice(0, masterCount);
    const replicas = masters.map((_, at) =>
      nodes.slice(masterCount + at * replicaCount, masterCount + (at + 1) * replicaCount),
    );
    await Promise.all(
      masters.map(async (node, at) => {
        const from = Math.ceil((at * slots) / masterCount);
        const to = Math.ceil(((at + 1) * slots) / masterCount) - 1;
        await node.call('CLUSTER', 'ADDSLOTSRANGE', from, to);
      }),
    );
    await Promise.all(nodes.map((node, at) => node.call('CLUSTER', 'SET-CONFIG-EPOCH', at + 1)));
    for (const node of nodes.slice(1)) await meet(node, nodes[0] as RedisServer);
    await until(async () =>
      (await Promise.all(nodes.map((node) => clusterInfo(node, 'cluster_known_nodes')))).every(
        (known) => Number(known) === nodes.length,
      ),
    );
    await Promise.all(
      masters.flatMap(async (master, at) => {
        const id = String(await master.call('CLUSTER', 'MYID'));
        await Promise.all((replicas[at] ?? []).map((node) => follow(node, id)));
      }),
    );
    await until(async () =>
      (await Promise.all(nodes.map((node) => clusterInfo(node, 'cluster_state')))).every(
        (state) => state === 'ok',
      ),
    );
    await until(async () =>
      (await Promise.all(replicas.flat().map((node) => node.info('master_link_status')))).every(
        (status) => status === 'up',
      ),
    );
    const first = masters[0] as RedisServer;
    return {
      masters,
      replicas,
      url: first.url(),
      async call(...args) {
        let node = first;
        for (;;) {
          try {
            return await node.call(...args);
          } catch (error) {
            const port = /^MOVED \d+ .*:(\d+)$/.exec((error as Error).message)?.[1];
            const next = masters.find((each) => each.port === Number(port));
            if (next === undefined) throw error;
            node = next;
          }
        }
      },
      [Symbol.asyncDispose]: () => stack.disposeAsync(),
    };
  } catch (error) {
    await stack.disposeAsync();
    throw error;
  }
}

const meet = (node: RedisServer, other: RedisServer): Promise<RespReply> =>
  node.call('CLUSTER', 'MEET', '127.0.0.1', other.port, other.busPort ?? 0);

/** A node that has not heard of the master yet refuses. */
async function follow(node: RedisServer, masterId: string): Promise<void> {
  await until(async () =>
    node.call('CLUSTER', 'REPLICATE', masterId).then(
      () => true,
      () => false,
    ),
  );
}

async function clusterInfo(node: RedisServer, field: string): Promise<string> {
  const lines = String(await node.call('CLUSTER', 'INFO')).split('\r\n');
  return lines.find((line) => line.startsWith(`${field}:`))?.slice(field.length + 1) ?? '';
}

async function until(isSo: () => Promise<boolean>): Promise<void> {
  const end = performance.now() + 30_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error('The nodes did not become a cluster within 30 s.');
    await sleep(20);
  }
}
