import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import type { HeldTicket } from '../../src/jobs/tickets.ts';
import type { SharedStore } from '../../src/store/postgres/postgres-store.ts';
import { done, get, newJob, rejects, unit } from '../conformance/job-store-fixture.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { emptyStore, openTestStore } from '../harness/postgres-store.ts';
import { makeTableTickets, type TableTickets } from '../harness/table-tickets.ts';

describe('tickets', () => {
  let server: PostgresServer;
  let tickets: TableTickets;
  let store: SharedStore;
  let now = Date.UTC(2026, 10, 21);
  before(async () => {
    server = await startPostgres({ version: 18 });
    tickets = await makeTableTickets(server.url());
    store = await openAs('a');
  });
  after(async () => {
    await store.close();
    await tickets[Symbol.asyncDispose]();
    await server[Symbol.asyncDispose]();
  });
  beforeEach(async () => {
    await server.query('postgres', emptyStore);
    await server.query('postgres', 'delete from public.ticket');
  });

  const openAs = (instance: string): Promise<SharedStore> =>
    openTestStore(server.url(), { clock: { now: () => now }, instance, tickets: tickets.queue });
  const take = async (instance = 'a'): Promise<HeldTicket> => {
    const ticket = await tickets.take(instance, now);
    assert.ok(ticket, 'there is a ticket');
    return ticket;
  };
  const slots = async () => (await tickets.list()).map(({ slot }) => slot);
  /** A job whose plan is done and passed on: its tickets wait. */
  const planned = async (count: number, threads: number) => {
    const { job } = await store.jobs.createJob(newJob({ threads }));
    const ticket = await take();
    const plan = await store.tickets.claimWith(ticket);
    assert.equal(plan?.task.key, 'plan');
    const spawn = Array.from({ length: count }, (_, i) => unit(`u${i}`));
    await store.jobs.completeTask(plan.lease, done({ spawn }));
    await store.tickets.passOn(ticket);
    return job;
  };

  it('are offered with a new job, and are never two of a slot', async () => {
    await store.jobs.createJob(newJob());
    assert.deepEqual(await slots(), [0]);
    await store.tickets.offerAll();
    assert.deepEqual(await slots(), [0]);
  });

  it('are as many as tasks may run at once', async () => {
    await planned(5, 3);
    assert.deepEqual((await slots()).toSorted(), [0, 1, 2]);
    const held = [await take(), await take(), await take()];
    for (const ticket of held) assert.ok(await store.tickets.claimWith(ticket));
    assert.equal(await tickets.take('a', now), null);
  });

  it('put the first slots of begun jobs before new jobs, and these before further slots; a higher priority before all', async () => {
    const begun = await planned(3, 3);
    const { job: fresh } = await store.jobs.createJob(newJob());
    const { job: urgent } = await store.jobs.createJob(newJob({ priority: 1 }));
    const given = [await take(), await take(), await take(), await take(), await take()];
    assert.deepEqual(
      given.map(({ jobId, slot }) => [jobId, slot]),
      [
        [urgent.id, 0],
        [begun.id, 0],
        [fresh.id, 0],
        [begun.id, 1],
        [begun.id, 2],
      ],
    );
  });

  it('are settled by the claim that finds nothing, and offered again by what comes later', async () => {
    const job = await planned(1, 2);
    const ticket = await take();
    const claimed = await store.tickets.claimWith(ticket);
    assert.ok(claimed);
    await store.jobs.completeTask(claimed.lease, done());
    await store.tickets.passOn(ticket);
    assert.equal((await get(store.jobs, job.id)).state, 'completed');
    assert.deepEqual(await slots(), []);
  });

  it('give back what an earlier holder left running, whose lease is lost then', async () => {
    await planned(1, 1);
    const first = await take();
    const before = await store.tickets.claimWith(first);
    await tickets.redeliver(first);
    const second = await take();
    assert.equal(second.id, first.id);
    const again = await store.tickets.claimWith(second);
    assert.equal(again?.task.key, before?.task.key);
    assert.ok(before);
    await rejects(store.jobs.confirmLease(before.lease), 'lease-lost');
    assert.equal(await store.tickets.claimWith(first), null, 'who was frozen takes nothing');
    await store.tickets.passOn(first);
    assert.ok(again);
    await store.jobs.confirmLease(again.lease);
    assert.equal((await slots()).length, 1, 'nor does he settle what is held by another');
  });

  it('are offered by who takes one over, for what its holder made ready and did not pass on', async () => {
    await store.jobs.createJob(newJob({ threads: 3 }));
    const ticket = await take();
    const plan = await store.tickets.claimWith(ticket);
    assert.ok(plan);
    await store.jobs.completeTask(plan.lease, done({ spawn: [unit('u0'), unit('u1'), unit('u2')] }));
    assert.deepEqual(await slots(), [0]);
    await tickets.redeliver(ticket);
    assert.ok(await store.tickets.claimWith(await take()));
    assert.deepEqual(await slots(), [0, 1, 2]);
  });

  it('are passed on with what still runs under them', async () => {
    const job = await planned(1, 1);
    const ticket = await take();
    const claimed = await store.tickets.claimWith(ticket);
    await store.tickets.passOn(ticket);
    assert.ok(claimed);
    await rejects(store.jobs.confirmLease(claimed.lease), 'lease-lost');
    assert.equal((await get(store.jobs, job.id)).running, 0);
    assert.deepEqual(await slots(), [0]);
  });

  it('remind of a retry and of the end of a hold', async () => {
    const job = await planned(1, 1);
    const ticket = await take();
    const claimed = await store.tickets.claimWith(ticket);
    assert.ok(claimed);
    await store.jobs.retryTask(claimed.lease, now + 5000);
    await store.tickets.passOn(ticket);
    assert.deepEqual(await tickets.list(), [{ slot: null, at: now + 5000, home: null }]);
    assert.equal(await tickets.take('a', now), null);
    now += 5000;
    const reminder = await take();
    assert.equal(await store.tickets.claimWith(reminder), null);
    assert.deepEqual(await slots(), [0]);
    const second = await take();
    const again = await store.tickets.claimWith(second);
    assert.ok(again);
    await store.jobs.holdJob(again.lease, now + 7000, 'The server is away.');
    await store.tickets.passOn(second);
    assert.deepEqual(await tickets.list(), [{ slot: null, at: now + 7000, home: null }]);
    await store.jobs.requestCancel(job.id);
    assert.deepEqual(
      (await tickets.list()).filter(({ slot }) => slot !== null),
      [{ slot: 0, at: 0, home: null }],
    );
  });

  it('come for the cleanup of a cancelled job once nothing of it runs', async () => {
    const job = await planned(2, 2);
    const [first, second] = [await take(), await take()];
    const [a, b] = [await store.tickets.claimWith(first), await store.tickets.claimWith(second)];
    assert.ok(a && b);
    await store.jobs.requestCancel(job.id);
    await store.jobs.releaseTask(a.lease);
    await store.tickets.passOn(first);
    assert.equal(await tickets.take('a', now), null);
    await store.jobs.releaseTask(b.lease);
    await store.tickets.passOn(second);
    const last = await take();
    const cleanup = await store.tickets.claimWith(last);
    assert.equal(cleanup?.task.kind, 'cleanup');
  });

  it('wait for the parent of a job that rests', async () => {
    const parent = await planned(1, 1);
    const ticket = await take();
    const claimed = await store.tickets.claimWith(ticket);
    assert.ok(claimed);
    const step = { jobId: parent.id, step: 's' };
    const { job: child } = await store.jobs.createJob(newJob({ parent: step }));
    await store.jobs.awaitJobs(claimed.lease, [child.id], 60_000);
    await store.tickets.passOn(ticket);
    const below = await take();
    assert.equal(below.jobId, child.id);
    const plan = await store.tickets.claimWith(below);
    assert.ok(plan);
    await store.jobs.completeTask(plan.lease, done());
    assert.equal((await get(store.jobs, child.id)).state, 'completed');
    const up = await take();
    assert.equal(up.jobId, parent.id);
    assert.ok(await store.tickets.claimWith(up));
  });

  it('of a job that stays at home go there alone, until that instance is buried', async () => {
    const { job } = await store.jobs.createJob(newJob({ threads: 2 }));
    const first = await take();
    const plan = await store.tickets.claimWith(first);
    assert.ok(plan);
    const spawn = [unit('u0'), unit('u1')];
    const here = { id: 'a', name: 'a', version: '1', url: null };
    await store.instances.report(here, []);
    await store.jobs.completeTask(plan.lease, done({ spawn, staysHere: true }));
    await store.tickets.passOn(first);
    assert.deepEqual(
      (await tickets.list()).map(({ home }) => home),
      ['a', 'a'],
    );
    assert.equal(await tickets.take('b', now), null);
    const claimed = await store.tickets.claimWith(await take('a'));
    assert.ok(claimed);

    await using other = await openAs('b');
    assert.deepEqual(await other.tickets.buryInstances(60_000), []);
    await server.query('postgres', 'update pumphouse.instance set seen_at = seen_at - 61000');
    assert.deepEqual(await other.tickets.buryInstances(60_000), ['a']);
    await rejects(store.jobs.confirmLease(claimed.lease), 'lease-lost');
    assert.equal((await get(other.jobs, job.id)).running, 0);
    assert.ok(await other.tickets.claimWith(await take('b')));
    assert.deepEqual(await store.instances.listInstances(), []);
    await store.instances.report(here, []);
    assert.equal((await other.instances.listInstances())[0]?.id, 'a', 'it was only taken for gone');
  });

  it('of a home that the job has no more are given back for some that everybody takes', async () => {
    await store.jobs.createJob(newJob({ threads: 2 }));
    const first = await take();
    const plan = await store.tickets.claimWith(first);
    assert.ok(plan);
    const spawn = [unit('u0'), unit('u1')];
    await store.jobs.completeTask(plan.lease, done({ spawn, staysHere: true }));
    await store.tickets.passOn(first);
    const [second, late] = [await take(), await take()];
    const claimed = await store.tickets.claimWith(second);
    assert.ok(claimed);
    await store.jobs.restartJob(claimed.lease, 'the snapshot is gone', []);
    assert.equal(await store.tickets.claimWith(late), null);
    await store.tickets.passOn(second);
    assert.deepEqual(await tickets.list(), [{ slot: 0, at: 0, home: null }]);
    assert.equal((await store.tickets.claimWith(await take('b')))?.task.kind, 'plan');
  });

  it('are settled when their job is gone', async () => {
    const job = await planned(1, 1);
    await store.jobs.requestStop(job.id);
    now += 1000;
    assert.deepEqual(await store.jobs.prune(now), [job.id]);
    assert.equal(await store.tickets.claimWith(await take()), null);
    assert.deepEqual(await slots(), []);
  });
});
