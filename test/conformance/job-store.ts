import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NewJob } from '../../src/jobs/job-store.ts';
import { controlConformance } from './job-store-control.ts';
import { familyConformance } from './job-store-families.ts';
import {
  big,
  claim,
  done,
  get,
  loggedStates,
  newJob,
  type OpenStore,
  plannedJob,
  rejects,
  step,
  unit,
} from './job-store-fixture.ts';
import { mailConformance } from './job-store-mails.ts';
import { taskConformance } from './job-store-tasks.ts';
import { useConformance } from './job-store-uses.ts';

/** Every promise of src/jobs/job-store.ts; each test opens a store of its own. */
export function jobStoreConformance(name: string, open: OpenStore): void {
  describe(`job store: ${name}`, () => {
    jobConformance(open);
    logConformance(open);
    taskConformance(open);
    controlConformance(open);
    familyConformance(open);
    mailConformance(open);
    useConformance(open);
  });
}

function jobConformance(open: OpenStore): void {
  describe('createJob', () => {
    it('writes the job as queued with one ready task plan', async () => {
      await using store = await open();
      const { jobs } = store;
      const wanted = newJob({ apiData: { a: [1, 'x'] }, threads: 7 });
      const { job, created } = await jobs.createJob(wanted);
      assert.equal(created, true);
      assert.equal(job.state, 'queued');
      assert.equal(job.name, wanted.name(0));
      assert.deepEqual(job.request, wanted.request);
      assert.deepEqual(job.apiData, wanted.apiData);
      assert.equal(job.threads, 7);
      assert.equal(job.createdAt, store.now());
      assert.deepEqual(
        [job.plan, job.result, job.error, job.startedAt, job.finishedAt],
        [null, null, null, null, null],
      );
      assert.deepEqual(await jobs.getJob(job.id), job);
      const [task, ...others] = await jobs.tasks(job.id);
      assert.deepEqual([task?.key, task?.kind, task?.group, task?.state], ['plan', 'plan', 'plan', 'ready']);
      assert.equal(others.length, 0);
      assert.deepEqual(await loggedStates(jobs, job.id), ['queued']);
    });

    it('begins the log with what it is given', async () => {
      await using store = await open();
      const { jobs } = store;
      const note = { level: 'warn', event: 'note', message: 'Mind the gap.', data: { a: 1 } } as const;
      const { job } = await jobs.createJob(newJob({ log: [note] }));
      await jobs.requestStop(job.id);
      const log = await jobs.readLog(job.id, 0, 10);
      assert.deepEqual(
        log.map(({ seq, event, message }) => [seq, event, message]),
        [
          [1, 'state', 'The job is queued.'],
          [2, 'note', 'Mind the gap.'],
          [3, 'state', 'The job stopped; it can be resumed.'],
        ],
      );
    });

    it('refuses a job that wants its database alone beside an unfinished one, of any API and kind', async () => {
      await using store = await open();
      const { jobs } = store;
      const alone = (database = 'orders') => jobs.createJob(newJob({ database, onlyOfDatabase: true }));
      const { job } = await jobs.createJob(newJob({ api: 'other' }));
      const error = await rejects(alone(), 'database-busy');
      assert.ok(error.message.includes(job.name));
      await alone('stock');
      await rejects(alone('stock'), 'database-busy');
      await jobs.requestStop(job.id);
      const { job: mine } = await alone();
      assert.equal(mine.state, 'queued');
      // It holds back only those that ask for it.
      await jobs.createJob(newJob());
      await rejects(alone(), 'database-busy');
    });

    it('counts a database as worked on when it is the target of a copy', async () => {
      await using store = await open();
      const { jobs } = store;
      const copy = { ...newJob().request, kind: 'copy', database: 'orders', target: 'stock' };
      await jobs.createJob(newJob({ request: copy as unknown as NewJob['request'] }));
      await rejects(jobs.createJob(newJob({ database: 'stock', onlyOfDatabase: true })), 'database-busy');
      await jobs.createJob(newJob({ database: 'third', onlyOfDatabase: true }));
    });

    it('lets one of many through that want the same database alone at once', async () => {
      await using store = await open();
      const { jobs } = store;
      const tries = await Promise.allSettled(
        Array.from({ length: 12 }, () => jobs.createJob(newJob({ onlyOfDatabase: true }))),
      );
      assert.equal(tries.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.equal((await jobs.listJobs({ limit: 100 })).length, 1);
    });

    it('gives the job of a known idempotency key back although it is unfinished', async () => {
      await using store = await open();
      const { jobs } = store;
      const wanted = newJob({ onlyOfDatabase: true, idempotency: { key: 'k', digest: 'd' } });
      const { job } = await jobs.createJob(wanted);
      assert.deepEqual(await jobs.createJob(wanted), { job, created: false });
    });

    it('takes the first candidate name that is free within (database, api)', async () => {
      await using store = await open();
      const { jobs } = store;
      const name = (attempt: number): string => `EXPORT_${attempt}`;
      const names = [];
      for (let i = 0; i < 3; i++) names.push((await jobs.createJob(newJob({ name }))).job.name);
      assert.deepEqual(names, ['EXPORT_0', 'EXPORT_1', 'EXPORT_2']);
      assert.equal((await jobs.createJob(newJob({ name, database: 'other' }))).job.name, 'EXPORT_0');
      assert.equal((await jobs.createJob(newJob({ name, api: 'ords' }))).job.name, 'EXPORT_0');
      await rejects(jobs.createJob(newJob({ name: () => 'EXPORT_0' })), 'job-exists');
    });

    it('gives ascending seqs in order of creation', async () => {
      await using store = await open();
      const { jobs } = store;
      const seqs: number[] = [];
      for (let i = 0; i < 5; i++) seqs.push((await jobs.createJob(newJob())).job.seq);
      assert.deepEqual(
        seqs,
        seqs.toSorted((a, b) => a - b),
      );
      const raced = await Promise.all(Array.from({ length: 5 }, () => jobs.createJob(newJob())));
      for (const { job } of raced) seqs.push(job.seq);
      assert.equal(new Set(seqs).size, 10);
    });

    it('gives the same job for the same key of the same owner', async () => {
      await using store = await open();
      const { jobs } = store;
      const idempotency = { key: 'k', digest: 'd' };
      const first = await jobs.createJob(newJob({ idempotency }));
      const second = await jobs.createJob(newJob({ idempotency }));
      assert.equal(second.created, false);
      assert.deepEqual(second.job, first.job);
      assert.equal((await jobs.createJob(newJob({ idempotency, owner: 'adams' }))).created, true);
      const raced = await Promise.all(
        Array.from({ length: 5 }, () => jobs.createJob(newJob({ idempotency: { key: 'r', digest: 'd' } }))),
      );
      assert.equal(raced.filter(({ created }) => created).length, 1);
      assert.equal(new Set(raced.map(({ job }) => job.id)).size, 1);
    });

    it('refuses another request digest with the key as idempotency-mismatch', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob({ idempotency: { key: 'k', digest: 'd' } }));
      await rejects(
        jobs.createJob(newJob({ idempotency: { key: 'k', digest: 'e' } })),
        'idempotency-mismatch',
      );
      assert.deepEqual(await jobs.findIdempotent('scott', { key: 'k', digest: 'd' }), job);
      assert.equal(await jobs.findIdempotent('scott', { key: 'new', digest: 'd' }), null);
      assert.equal(await jobs.findIdempotent('adams', { key: 'k', digest: 'd' }), null);
      await rejects(jobs.findIdempotent('scott', { key: 'k', digest: 'e' }), 'idempotency-mismatch');
    });
  });

  describe('reading jobs', () => {
    it('finds a job by database, API and name, and gives null for what is not there', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob());
      assert.deepEqual(await jobs.findJob('orders', 'native', job.name), job);
      assert.equal(await jobs.findJob('orders', 'ords', job.name), null);
      assert.equal(await jobs.findJob('orders', 'native', job.name.toLowerCase()), null);
      assert.equal(await jobs.getJob('nothing'), null);
      assert.deepEqual(await jobs.tasks('nothing'), []);
      assert.deepEqual(await jobs.tableProgress('nothing'), []);
      assert.deepEqual(await jobs.readLog('nothing', 0, 10), []);
    });

    it('lists newest first, filtered, and pages by seq', async () => {
      await using store = await open();
      const { jobs } = store;
      const ids: string[] = [];
      for (let i = 0; i < 6; i++) {
        const { job } = await jobs.createJob(
          newJob({
            owner: i % 2 ? 'adams' : 'scott',
            database: i < 3 ? 'orders' : 'stock',
            api: i === 5 ? 'ords' : 'native',
          }),
        );
        ids.unshift(job.id);
      }
      const list = async (filter: Partial<Parameters<typeof jobs.listJobs>[0]>): Promise<readonly number[]> =>
        (await jobs.listJobs({ limit: 100, ...filter })).map((job) => 5 - ids.indexOf(job.id));
      assert.deepEqual(await list({}), [5, 4, 3, 2, 1, 0]);
      assert.deepEqual(await list({ limit: 2 }), [5, 4]);
      const fourth = (await jobs.listJobs({ limit: 2 })).at(-1);
      assert.deepEqual(await list({ limit: 2, beforeSeq: fourth?.seq ?? 0 }), [3, 2]);
      assert.deepEqual(await list({ owner: 'adams' }), [5, 3, 1]);
      assert.deepEqual(await list({ databases: ['orders'] }), [2, 1, 0]);
      assert.deepEqual(await list({ databases: ['orders', 'stock'], api: 'ords' }), [5]);
      assert.deepEqual(await list({ databases: [] }), []);
      assert.deepEqual(await list({ kinds: ['export'] }), []);
      assert.deepEqual(
        await list({ kinds: ['verify', 'export'], states: ['queued'], owner: 'scott' }),
        [4, 2, 0],
      );
      await jobs.requestStop(ids[5] ?? '');
      assert.deepEqual(await list({ states: ['stopped', 'failed'] }), [0]);
    });

    it('keeps plan and result as they were given', async () => {
      await using store = await open();
      const { jobs } = store;
      const plan = { files: ['a', 'b'], nested: { n: big, s: 'Ω\u0000"' } };
      const job = await plannedJob(jobs, [step('finish')], {}, { plan });
      assert.deepEqual(job.plan, plan);
      const claimed = await claim(jobs);
      assert.deepEqual(claimed.job.plan, plan);
      await jobs.completeTask(claimed.lease, done({ jobResult: { rows: big } }));
      const after = await get(jobs, job.id);
      assert.deepEqual([after.plan, after.result], [plan, { rows: big }]);
    });

    it("raises the job's version with every change that a reader can see", async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob());
      let version = job.version;
      const grew = async (what: string): Promise<void> => {
        const after = await get(jobs, job.id);
        assert.ok(after.version > version, what);
        version = after.version;
      };
      const plan = await claim(jobs);
      await grew('claim');
      await jobs.completeTask(plan.lease, done({ spawn: [unit('u')] }));
      await grew('complete');
      const data = await claim(jobs);
      await grew('claim');
      await jobs.reportProgress(data.lease, { bytes: 1, rows: 1 });
      await grew('progress');
      await jobs.appendLog(job.id, [{ level: 'info', event: 'note', message: 'm', data: {} }]);
      await grew('log');
      await jobs.requestStop(job.id);
      await grew('stop');
      await jobs.releaseTask(data.lease);
      await grew('release');
      const before = await get(jobs, job.id);
      assert.deepEqual(await jobs.getJob(job.id), before, 'reading changes nothing');
    });
  });
}

function logConformance(open: OpenStore): void {
  describe('the log', () => {
    it('gives entries with seq greater than afterSeq, in order, from 1, without holes', async () => {
      await using store = await open();
      const { jobs } = store;
      const { job } = await jobs.createJob(newJob());
      const { job: other } = await jobs.createJob(newJob());
      for (let i = 0; i < 5; i++) {
        await Promise.all([
          jobs.appendLog(job.id, [
            { level: 'info', event: 'note', message: `a${i}`, data: { i } },
            { level: 'warn', event: 'finding', message: `b${i}`, data: {} },
          ]),
          jobs.appendLog(other.id, [{ level: 'error', event: 'error', message: 'other', data: {} }]),
        ]);
      }
      await jobs.appendLog(job.id, []);
      const all = await jobs.readLog(job.id, 0, 1000);
      assert.deepEqual(
        all.map((entry) => entry.seq),
        Array.from({ length: 11 }, (_, i) => i + 1),
      );
      assert.deepEqual(all[3], {
        seq: 4,
        at: store.now(),
        level: 'info',
        event: 'note',
        message: 'a1',
        data: { i: 1 },
      });
      assert.deepEqual(await jobs.readLog(job.id, 4, 3), all.slice(4, 7));
      assert.deepEqual(await jobs.readLog(job.id, 11, 10), []);
      await rejects(jobs.appendLog('nothing', []), 'job-unknown');
    });
  });
}
