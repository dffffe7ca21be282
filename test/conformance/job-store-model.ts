import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../src/core/errors.ts';
import { claimableStates, isResting, type JobState, jobStates, jobTransitions } from '../../src/core/job.ts';
import type { ClaimedTask, JobStore, NewJob, TaskSpec } from '../../src/jobs/job-store.ts';
import {
  done,
  failure,
  get,
  loggedStates,
  newJob,
  type OpenStore,
  rejects,
  type StoreUnderTest,
  unit,
} from './job-store-fixture.ts';

/** A verb with the numbers that choose what it is applied to. */
interface Move {
  readonly verb: (typeof verbs)[number];
  readonly pick: number;
  readonly size: number;
}

const verbs = [
  'create',
  'claim',
  'claim',
  'claim',
  'complete',
  'complete',
  'spawn',
  'progress',
  'fail',
  'retry',
  'hold',
  'release',
  'fail job',
  'restart',
  'stop',
  'resume',
  'cancel',
  'child',
  'await',
  'await',
  'recover',
  'advance',
  'stale',
] as const;

const moves: fc.Arbitrary<readonly Move[]> = fc.array(
  fc.record({ verb: fc.constantFrom(...verbs), pick: fc.nat(), size: fc.nat({ max: 3_000_000_000 }) }),
  { minLength: 20, maxLength: 80, size: 'max' },
);

/** Longer than anything else is put off: nobody may have to wait for it. */
const recheckMs = 1_000_000_000;

/** What the suite knows of a job besides what the store says. */
interface Known {
  readonly specs: Map<string, TaskSpec>;
  errors: number;
}

/** Random verbs in random order; after each the store must be whole, and in the end every job can be brought to its end. */
export function jobStoreModel(name: string, open: OpenStore, numRuns = 25): void {
  describe(`job store under random verbs: ${name}`, () => {
    it('loses no task, never runs one under two live leases, and keeps its sums', async () => {
      await fc.assert(
        fc.asyncProperty(moves, async (sequence) => {
          await using store = await open();
          const model = createModel(store);
          // Two jobs with work to begin with, so that few moves find nothing to move.
          for (const pick of [3, 5]) {
            await model.apply({ verb: 'create', pick, size: 0 });
            await model.apply({ verb: 'claim', pick, size: 0 });
          }
          for (const pick of [7, 11]) await model.apply({ verb: 'spawn', pick, size: 1000 });
          for (const move of sequence) {
            await model.apply(move);
            await model.check();
          }
          await model.finishAll();
        }),
        { numRuns, interruptAfterTimeLimit: 60_000 },
      );
    });
  });
}

function createModel(store: StoreUnderTest) {
  const { jobs } = store;
  const known = new Map<string, Known>();
  /** By `job/task`: the claims whose leases must be current. */
  const live = new Map<string, ClaimedTask>();
  const stale: ClaimedTask[] = [];
  let keys = 0;

  const of = (id: string): Known => known.get(id) ?? assert.fail(`job ${id} is unknown`);
  const nameOf = ({ lease }: ClaimedTask): string => `${lease.jobId}/${lease.taskKey}`;
  const drop = (predicate: (claimed: ClaimedTask) => boolean): void => {
    for (const claimed of live.values()) {
      if (!predicate(claimed)) continue;
      live.delete(nameOf(claimed));
      stale.push(claimed);
    }
  };
  const pickFrom = <T>(items: Iterable<T>, pick: number): T | undefined => {
    const all = [...items];
    return all[pick % Math.max(1, all.length)];
  };
  /** Units and steps of groups g0..g4; each waits for groups of smaller numbers only, so that none can wait for ever. */
  const specs = (pick: number, size: number): TaskSpec[] =>
    Array.from({ length: (pick % 4) + 1 }, (_, i) => {
      const group = (pick + i) % 5;
      keys += 1;
      return unit(`k${keys}`, {
        kind: group === 4 ? 'finish' : 'data',
        group: `g${group}`,
        waitsFor: [0, 1, 2, 3]
          .filter((other) => other < group && (pick >> other) % 2 === 1)
          .map((other) => `g${other}`),
        bytes: size,
        rows: size,
        counted: group !== 4,
      });
    });

  const create = async (changes: Partial<NewJob>): Promise<void> => {
    const { job, created } = await jobs.createJob(newJob(changes));
    assert.equal(created, !known.has(job.id));
    if (!created) return;
    known.set(job.id, {
      specs: new Map([['plan', unit('plan', { group: 'plan', counted: false })]]),
      errors: 0,
    });
  };

  const apply = async ({ verb, pick, size }: Move): Promise<void> => {
    const claimed = pickFrom(live.values(), pick);
    const id = pickFrom(known.keys(), pick);
    switch (verb) {
      case 'create': {
        await create({ threads: (pick % 3) + 1 });
        return;
      }
      case 'child': {
        if (claimed === undefined) return;
        const parent = { jobId: claimed.lease.jobId, step: `step ${pick % 4}` };
        const { state } = await get(jobs, parent.jobId);
        const starting = create({ threads: (pick % 3) + 1, parent });
        if (claimableStates.includes(state)) await starting;
        else await rejects(starting, 'job-state');
        return;
      }
      case 'claim': {
        const next = await jobs.claimTask(pick % 2 ? 'w1' : 'w2');
        if (next === null) return;
        assert.ok(!live.has(nameOf(next)), 'a task runs under one lease only');
        live.set(nameOf(next), next);
        return;
      }
      case 'advance':
        store.advance(size % 10_000);
        return;
      case 'recover': {
        const count = await jobs.recover('w1');
        const before = live.size;
        const running = await runningKeys(jobs, known.keys());
        drop((task) => !running.has(nameOf(task)));
        assert.equal(before - live.size, count);
        return;
      }
      case 'stale': {
        const old = pickFrom(stale, pick);
        if (old === undefined) return;
        const error = await jobs
          .completeTask(old.lease, done({ spawn: specs(pick, size) }))
          .catch((reason) => reason);
        assert.equal(error instanceof AppError && error.code, 'lease-lost');
        return;
      }
      case 'stop':
      case 'resume':
      case 'cancel':
        if (id !== undefined) await request(verb, id);
        return;
      default:
        if (claimed !== undefined) await end(verb, claimed, pick, size);
    }
  };

  const request = async (verb: 'stop' | 'resume' | 'cancel', id: string): Promise<void> => {
    const before = await get(jobs, id);
    const call = { stop: jobs.requestStop, resume: jobs.requestResume, cancel: jobs.requestCancel }[verb];
    try {
      await call(id);
    } catch (error) {
      assert.equal(error instanceof AppError && error.code, 'job-state');
      assert.deepEqual(await get(jobs, id), before, 'a refusal changes nothing');
      return;
    }
    if (verb !== 'cancel') return;
    for (const [each, { specs: expected }] of known) {
      if ((await get(jobs, each)).state !== 'cancelling') continue;
      expected.set('cleanup', unit('cleanup', { group: 'cleanup', counted: false }));
    }
  };

  type End = Exclude<
    Move['verb'],
    'create' | 'child' | 'claim' | 'advance' | 'recover' | 'stale' | 'stop' | 'resume' | 'cancel'
  >;
  const end = async (verb: End, claimed: ClaimedTask, pick: number, size: number): Promise<void> => {
    const { lease } = claimed;
    const job = of(lease.jobId);
    const state = (await get(jobs, lease.jobId)).state;
    const ofJob = (task: ClaimedTask): boolean => task.lease.jobId === lease.jobId;
    switch (verb) {
      case 'progress':
        await jobs.reportProgress(lease, { bytes: size, rows: pick });
        return;
      case 'complete':
      case 'spawn': {
        const spawn = verb === 'spawn' || claimed.task.kind === 'plan' ? specs(pick, size) : [];
        const errors = pick % 7 === 0 ? 2 : 0;
        await jobs.completeTask(lease, done({ spawn, errors, done: { bytes: size, rows: pick } }));
        for (const spec of spawn) job.specs.set(spec.key, spec);
        job.errors += errors;
        break;
      }
      case 'fail':
        await jobs.failTask(lease, failure);
        break;
      case 'retry':
        await jobs.retryTask(lease, store.now() + (size % 10_000));
        break;
      case 'hold':
        await jobs.holdJob(lease, store.now() + (size % 10_000), 'gone');
        break;
      case 'await': {
        const children = (await jobs.childJobs(lease.jobId)).map((child) => child.id);
        const awaited = children.filter((_, position) => (pick >> (position % 8)) % 2 === 1);
        if (awaited.length === 0) return;
        await jobs.awaitJobs(lease, awaited, recheckMs);
        break;
      }
      case 'release':
        await jobs.releaseTask(lease);
        break;
      case 'fail job':
        await jobs.failJob(lease, failure);
        if (state !== 'cancelling') drop(ofJob);
        break;
      case 'restart': {
        const tasks = await jobs.tasks(lease.jobId);
        const keep = tasks.filter((_, position) => (pick >> (position % 8)) % 2 === 1).map(({ key }) => key);
        await jobs.restartJob(lease, 'random', keep);
        if (state === 'cancelling') break;
        drop(ofJob);
        job.errors = 0;
        const kept = tasks.filter((task) => task.state === 'done' && keep.includes(task.key));
        const left = new Set(['plan', ...kept.map(({ key }) => key)]);
        for (const key of job.specs.keys()) if (!left.has(key)) job.specs.delete(key);
        break;
      }
    }
    drop((task) => task === claimed);
  };

  const check = async (): Promise<void> => {
    for (const [id, { specs: expected, errors }] of known) {
      const job = await get(jobs, id);
      const tasks = await jobs.tasks(id);
      assert.deepEqual(
        tasks.map((task) => task.key),
        [...expected.keys()].sort(),
        'no task is lost',
      );
      const running = tasks.filter((task) => task.state === 'running').map((task) => `${id}/${task.key}`);
      const leased = [...live.keys()].filter((key) => key.startsWith(`${id}/`));
      assert.deepEqual(running, leased.sort(), 'what runs is what has a live lease');
      assert.equal(job.running, running.length);
      assert.ok(job.running <= job.threads, 'threads are a hard limit');
      assert.equal(job.errorCount, errors + tasks.filter((task) => task.state === 'failed').length);

      const unfinished = new Set(
        tasks.filter(({ state }) => state !== 'done' && state !== 'failed').map((task) => task.group),
      );
      for (const task of tasks) {
        if (task.state !== 'waiting' && task.state !== 'ready') continue;
        const blocked = expected.get(task.key)?.waitsFor.some((group) => unfinished.has(group)) ?? false;
        assert.equal(task.state, blocked ? 'waiting' : 'ready', `${task.key} of ${job.state}`);
      }
      if (job.state === 'completed') assert.equal(unfinished.size, 0);
      if (isResting(job.state)) assert.equal(job.running, 0);
      if (job.state === 'stopping' && job.running === 0) {
        const children = await jobs.childJobs(id);
        assert.ok(
          children.some((child) => !isResting(child.state)),
          'a stop is done when nothing is left that it waits for',
        );
      }
      await checkSums(id, expected);
      await checkStates(id);
    }
  };

  const checkSums = async (id: string, expected: ReadonlyMap<string, TaskSpec>): Promise<void> => {
    const { progress } = await get(jobs, id);
    const tables = await jobs.tableProgress(id);
    const sum = (pick: (table: (typeof tables)[number]) => number): number =>
      tables.reduce((total, table) => total + pick(table), 0);
    assert.equal(
      progress.bytesDone,
      sum((table) => table.bytesDone),
    );
    assert.equal(
      progress.bytesTotal,
      sum((table) => table.bytesTotal),
    );
    assert.equal(
      progress.rowsDone,
      sum((table) => table.rowsDone),
    );
    assert.equal(
      progress.unitsDone,
      sum((table) => table.unitsDone),
    );
    assert.equal(
      progress.unitsTotal,
      sum((table) => table.unitsTotal),
    );
    const counted = [...expected.values()].filter((spec) => spec.counted);
    assert.equal(progress.unitsTotal, counted.length);
    const states = new Map((await jobs.tasks(id)).map((task) => [task.key, task.state]));
    assert.equal(progress.unitsDone, counted.filter((spec) => states.get(spec.key) === 'done').length);
    const active = counted.some((spec) => ['running', 'done'].includes(states.get(spec.key) ?? ''));
    if (!active) assert.deepEqual([progress.bytesDone, progress.rowsDone], [0, 0]);
  };

  const checkStates = async (id: string): Promise<void> => {
    const states = await loggedStates(jobs, id);
    for (const [i, state] of states.entries()) {
      const next = states[i + 1];
      if (next === undefined) assert.equal(state, (await get(jobs, id)).state, 'the log tells the state');
      else assert.ok(jobTransitions[asState(state)].includes(asState(next)), `${state} -> ${next}`);
    }
  };

  /** Liveness: without further disturbance every job comes to its end. */
  const finishAll = async (): Promise<void> => {
    for (const claimed of live.values()) await jobs.releaseTask(claimed.lease);
    live.clear();
    // A stop can wait for the cleanup of a job that was cancelled below it: then there is a second round.
    for (let round = 0; round < 2; round++) {
      for (const id of known.keys()) {
        const { state } = await get(jobs, id);
        if (state !== 'stopped' && state !== 'failed') continue;
        await jobs.requestResume(id).catch(() => jobs.requestCancel(id));
      }
      await workOff();
    }
    for (const id of known.keys()) {
      const { state } = await get(jobs, id);
      assert.ok(state === 'completed' || state === 'cancelled', `the job ends: ${state}`);
    }
  };

  const workOff = async (): Promise<void> => {
    for (;;) {
      const claimed = await jobs.claimTask('last');
      if (claimed !== null) {
        await jobs.completeTask(claimed.lease, done());
        continue;
      }
      const retryAt = await jobs.nextRetryAt();
      if (retryAt === null) return;
      assert.ok(retryAt - store.now() < recheckMs / 2, 'who waits for jobs is told when one rests');
      store.advance(Math.max(0, retryAt - store.now()));
    }
  };

  return { apply, check, finishAll };
}

async function runningKeys(jobs: JobStore, ids: Iterable<string>): Promise<ReadonlySet<string>> {
  const keys = new Set<string>();
  for (const id of ids) {
    for (const task of await jobs.tasks(id)) if (task.state === 'running') keys.add(`${id}/${task.key}`);
  }
  return keys;
}

const asState = (value: unknown): JobState =>
  jobStates.find((state) => state === value) ?? assert.fail(`${String(value)} is a state`);
