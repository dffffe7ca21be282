import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppError } from '../../src/core/errors.ts';
import { isResting, type Job } from '../../src/core/job.ts';
import type { ClaimedTask } from '../../src/jobs/job-store.ts';
import type { HeldTicket } from '../../src/jobs/tickets.ts';
import type { SharedStore } from '../../src/store/postgres/postgres-store.ts';
import { done, finishStep, newJob, unit } from '../conformance/job-store-fixture.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { isCampaign, openTestStore, storeVersions } from '../harness/postgres-store.ts';
import { createRandom, type Random } from '../harness/random.ts';
import { makeTableTickets, type TableTickets } from '../harness/table-tickets.ts';

/** Tasks that are done before nobody stops, cancels or kills any more. */
const rounds = isCampaign ? 2000 : 60;
const random = createRandom();

/** What is refused because something else happened first. */
const expected = ['job-state', 'lease-lost', 'job-unknown'];

for (const version of storeVersions) {
  describe(`families of jobs under eight workers and two who interfere, on PostgreSQL ${version}, seed ${random.seed}`, () => {
    let server: PostgresServer;
    let tickets: TableTickets;
    let stores: readonly SharedStore[];
    before(async () => {
      server = await startPostgres({ version, settings: { deadlock_timeout: '50ms' } });
      tickets = await makeTableTickets(server.url());
      stores = await Promise.all(
        ['a', 'b'].map((instance) => openTestStore(server.url(), { instance, tickets: tickets.queue })),
      );
    });
    after(async () => {
      await Promise.all(stores.map((store) => store.close()));
      await tickets[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    });

    it('come to rest, with every task done once, never more at once than threads, and no wake-up lost', async () => {
      const [first, second] = stores;
      assert.ok(first && second);
      const roots: string[] = [];
      for (let index = 0; index < 6; index++) {
        roots.push((await first.jobs.createJob(newJob({ threads: 1 + (index % 3) }))).job.id);
      }
      let worked = 0;
      const isCalm = (): boolean => worked >= rounds;
      const work = async (store: SharedStore): Promise<void> => {
        while (!(isCalm() && (await areOver(first)))) {
          const ticket = await tickets.take(store === first ? 'a' : 'b');
          if (ticket === null) await pause();
          else await workWith(store, tickets, ticket, isCalm() ? null : random);
          worked += 1;
        }
      };
      const interfere = async ({ jobs }: SharedStore): Promise<void> => {
        while (!isCalm()) {
          const all = await jobs.listJobs({ limit: 1000 });
          const { id } = all[random.between(0, all.length - 1)] ?? assert.fail('there are jobs');
          const pick = random.between(0, 9);
          await unlessLate(
            pick < 4 ? jobs.requestStop(id) : pick < 9 ? jobs.requestResume(id) : jobs.requestCancel(id),
          );
          await overThreads(server);
        }
        for (;;) {
          const open = (await jobs.listJobs({ limit: 1000 })).filter(isOpen);
          if (open.length === 0) return;
          for (const { id, state } of open) if (isResting(state)) await unlessLate(jobs.requestResume(id));
          await pause();
        }
      };
      const workers = [...Array.from({ length: 4 }, () => first), ...Array.from({ length: 4 }, () => second)];
      await Promise.all([...workers.map(work), interfere(first), interfere(second)]);

      const jobs = await first.jobs.listJobs({ limit: 1000 });
      assert.ok(jobs.length > roots.length, 'jobs started jobs');
      assert.ok(jobs.every(({ state, running }) => isResting(state) && running === 0));
      assert.deepEqual(await tickets.list(), [], 'no ticket is left over');
      for (const { id, state } of jobs.filter((job) => job.state === 'completed')) {
        const tasks = await first.jobs.tasks(id);
        assert.ok(
          tasks.every((task) => task.state === 'done'),
          `${id} ${state}`,
        );
      }
      assert.deepEqual(await wrongSums(server), []);
    });
  });
}

/** Works on the task of a ticket; with `random` it may also fail, be tried again, or die with its ticket. */
async function workWith(
  store: SharedStore,
  tickets: TableTickets,
  ticket: HeldTicket,
  random: Random | null,
): Promise<void> {
  const claimed = await store.tickets.claimWith(ticket);
  if (claimed === null) return;
  if (random?.between(1, 12) === 1) return tickets.redeliver(ticket);
  await unlessLate(doTask(store, claimed, random));
  if (random?.between(1, 12) === 1) return tickets.redeliver(ticket);
  await store.tickets.passOn(ticket);
}

async function doTask(
  { jobs }: SharedStore,
  { lease, task, job }: ClaimedTask,
  random: Random | null,
): Promise<unknown> {
  if (task.kind === 'plan' && job.parent === null) {
    const steps = ['left', 'right'];
    const children = [];
    for (const step of steps) {
      const { job: child } = await jobs.createJob(
        newJob({ name: (attempt) => `${job.name} ${step} ${attempt}`, parent: { jobId: job.id, step } }),
      );
      children.push(child);
    }
    const open = children.filter(isOpen).map(({ id }) => id);
    if (open.length > 0) return jobs.awaitJobs(lease, open, 50);
  }
  if (task.kind === 'plan') {
    const spawn = [unit('u0'), unit('u1'), unit('u2'), finishStep(['data:t'])];
    return jobs.completeTask(lease, done({ spawn, plan: { of: job.id } }));
  }
  switch (random?.between(1, 8)) {
    case 4:
      return jobs.retryTask(lease, Date.now() + 20);
    case 1:
      return jobs.releaseTask(lease);
    case 2:
      return jobs.restartJob(lease, 'the snapshot is gone', []);
    case 3:
      return jobs.holdJob(lease, Date.now() + 20, 'The server is away.');
    default:
      return jobs.completeTask(lease, done());
  }
}

async function unlessLate(work: Promise<unknown>): Promise<void> {
  try {
    await work;
  } catch (error) {
    if (!(error instanceof AppError && expected.includes(error.code))) throw error;
  }
}

const pause = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 5));

const isOpen = ({ state }: Pick<Job, 'state'>): boolean => state !== 'completed' && state !== 'cancelled';

const areOver = async ({ jobs }: SharedStore): Promise<boolean> =>
  !(await jobs.listJobs({ limit: 1000 })).some(isOpen);

/** Looks, in one statement, whether a job has more tasks running than threads, or another number than it says. */
async function overThreads(server: PostgresServer): Promise<void> {
  const over = await server.query(
    'postgres',
    `select id from pumphouse.job where running > threads
       or running <> (select count(*) from pumphouse.task where job_id = id and state = 'running')`,
  );
  assert.deepEqual(over, []);
}

/** Jobs whose own sums are not those of their tasks. */
const wrongSums = (server: PostgresServer): Promise<unknown[]> =>
  server.query(
    'postgres',
    `select id, unfinished, units_done, bytes_done from pumphouse.job j where (unfinished, units_done, bytes_done) <> (
       select count(*) filter (where state not in ('done', 'failed')), count(*) filter (where state = 'done' and counted = 1),
         coalesce(sum(bytes_done) filter (where counted = 1), 0) from pumphouse.task where job_id = j.id)`,
  );
