import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { listAll } from '../harness/byte-sources.ts';
import { assertNothingLeft, assertSetOnce, assertToldOnce, filesBelow } from '../harness/cluster-checks.ts';
import { openStoreView, type StoreView, type ThreadsWatch, watchThreads } from '../harness/cluster-store.ts';
import { readEvents } from '../harness/event-stream.ts';
import { type PumphouseCluster, sharedDirectory, startCluster } from '../harness/pumphouse-cluster.ts';
import type { ServiceJob } from '../harness/service-process.ts';
import { assertSameUnits, fillUnitDatabase } from '../harness/unit-database.ts';

/**
 * Three instances on one store, as processes of their own: what one begins, the others finish. The long form, with every fault there is, is
 * `npm run test:cluster`.
 */

const data = { tables: 4, rowsPerTable: 6_000 };
const threads = 5;
const shared = { directory: sharedDirectory, threads };
const exportAll = { kind: 'export', database: 'source', mode: 'full', compression: 'none', ...shared };
/** Seconds that the schedule has a run for. */
const occurrences = 4;

describe('three instances on one store', () => {
  const stack = new AsyncDisposableStack();
  let cluster: PumphouseCluster;
  let view: StoreView;
  let limits: ThreadsWatch;
  before(async () => {
    // Little to and from the storage, so that jobs last until something happens to them.
    cluster = stack.use(
      await startCluster({ flags: ['--unit-bytes', '65536', '--workers', '2', '--storage-rate', '512KiB'] }),
    );
    view = stack.use(openStoreView(cluster.store));
    limits = stack.use(watchThreads(view));
    for (const name of ['source', 'target']) {
      await cluster.store.createDatabase(name);
      await cluster.client.request('POST', '/api/v1/databases', { name, url: cluster.store.url(name) });
    }
    await fillUnitDatabase(cluster.store, 'source', data);
  });
  after(() => stack.disposeAsync());

  const unitsDone = async (id: string): Promise<number> => (await cluster.client.job(id)).progress.units_done;
  const instance = (at: number) => cluster.instances[at] as PumphouseCluster['instances'][number];

  it('refuse a folder that is of one machine, and say what to do', async () => {
    await cluster.client.request('POST', '/api/v1/directories', { name: 'PRIVATE', path: cluster.folder });
    const answer = await cluster.client.ask(instance(0), 'POST', '/api/v1/jobs', {
      ...exportAll,
      directory: 'PRIVATE',
    });
    const problem = (await answer.json()) as Readonly<Record<'code' | 'field' | 'hint', string>>;
    assert.deepEqual([problem.code, problem.field], ['not-shared', 'directory']);
    assert.match(problem.hint, /--shared/);
  });

  it('tell the same events of a job, whoever runs it; one of them cancels what others run', async () => {
    const { id, name } = await cluster.client.start(exportAll);
    const streams = cluster.instances.map(async ({ process: { url, token } }) => {
      const headers = { authorization: `Bearer ${token}` };
      return listAll(readEvents(await fetch(`${url}/api/v1/jobs/${id}/events`, { headers })));
    });
    while ((await unitsDone(id)) < 4) await sleep(20);
    const answer = await cluster.client.ask(instance(2), 'POST', `/api/v1/jobs/${id}/cancel`);
    assert.ok(answer.ok, `${answer.status}`);
    const { items } = await cluster.client
      .settled(id)
      .then(() =>
        cluster.client.request<{ readonly items: readonly unknown[] }>('GET', `/api/v1/jobs/${id}/log`),
      );
    for (const events of await Promise.all(streams)) {
      const logged = events.filter(({ event }) => event === 'log').map((event) => event.data);
      assert.deepEqual(logged, items);
      assert.equal((events.at(-1)?.data as ServiceJob | undefined)?.state, 'cancelled');
    }
    assert.deepEqual(await filesBelow(`${cluster.dumps}/${name}`), []);
  });

  it('take over from one that is killed and from one that is frozen, and start each time of a schedule once', async () => {
    const set = await cluster.client.run(exportAll);
    const runs = await startSchedule();
    const exported = await cluster.client.start(exportAll);
    const imported = await cluster.client.start({
      kind: 'import',
      database: 'target',
      file_pattern: set.name,
      ...shared,
    });
    while ((await unitsDone(exported.id)) < 4) await sleep(20);
    instance(1).freeze();
    while ((await unitsDone(imported.id)) < 4) await sleep(20);
    await instance(2).kill();
    const jobs = [await cluster.client.settled(exported.id), await cluster.client.settled(imported.id)];
    instance(1).thaw();

    for (const job of jobs) {
      assert.deepEqual([job.state, job.error_count], ['completed', 0], JSON.stringify(job.error));
      await assertToldOnce(cluster.client, job);
    }
    assert.equal(await runs(), occurrences);
    const { store } = cluster;
    await waitUntilQuiet();
    await assertSetOnce(cluster.dumps, exported.name);
    await assertSameUnits({ server: store, database: 'source' }, { server: store, database: 'target' }, data);
    assert.deepEqual(limits.violations, []);
  });

  /** A run each second, beginning soon; gives what counts those that there were, once there are enough. */
  async function startSchedule(): Promise<() => Promise<number>> {
    const first = Math.ceil(Date.now() / 1000 + 2) * 1000;
    const at = (ms: number) => new Date(ms).toISOString();
    await cluster.client.request('POST', '/api/v1/workspaces', { name: 'main' });
    await cluster.client.request('POST', '/api/v1/workspaces/main/definitions', {
      name: 'tick',
      definition: {
        nodes: [{ name: 'nothing', action: { type: 'none' } }],
        schedule: {
          cron: '* * * * * *',
          start_at: at(first),
          end_at: at(first + (occurrences - 1) * 1000),
          missed: 'all',
          overlap: 'queue',
        },
      },
    });
    const tick = '/api/v1/workspaces/main/definitions/tick';
    await cluster.client.request('POST', `${tick}/submit`, {});
    await cluster.client.request('PUT', `${tick}/schedule`, {});
    const ended = async () => {
      const { items } = await cluster.client.request<{ readonly items: readonly ServiceJob[] }>(
        'GET',
        '/api/v1/jobs?kind=run',
      );
      return items.filter(({ state }) => state === 'completed').length;
    };
    return async () => {
      while ((await ended()) < occurrences) await sleep(100);
      return ended();
    };
  }

  /** The one that was frozen has found out that others have done its work; nothing is left of anybody's. */
  async function waitUntilQuiet(): Promise<void> {
    await assertNothingLeft(view, [], [{ server: cluster.store, database: 'target' }]);
    const sessions = () =>
      cluster.store.query('postgres', "SELECT 1 FROM pg_stat_activity WHERE datname IN ('source', 'target')");
    while ((await sessions()).length > 0) await sleep(100);
  }
});
