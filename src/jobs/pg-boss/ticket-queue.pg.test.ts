import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import type { PgBoss } from 'pg-boss';
import { createMemoryLog } from '../../../test/harness/http-fixture.ts';
import { type PostgresServer, startPostgres } from '../../../test/harness/postgres.ts';
import type { HeldTicket, Ticket, TicketQueue } from '../tickets.ts';
import { createBoss } from './boss.ts';
import { countTickets } from './ticket-figures.ts';
import {
  commonQueue,
  createTicketQueue,
  homeQueue,
  keepTicket,
  makeQueue,
  type QueueTransaction,
  takeTickets,
} from './ticket-queue.ts';

const ticket = (slot: number, changes: Partial<Ticket> = {}): Ticket => ({
  jobId: 'job',
  slot,
  priority: 0,
  home: null,
  ...changes,
});

describe('ticket queue on pg-boss', () => {
  let server: PostgresServer;
  let db: Kysely<Record<string, never>>;
  let boss: PgBoss;
  let queue: TicketQueue<QueueTransaction>;

  before(async () => {
    server = await startPostgres({ version: 13 });
    db = new Kysely({
      dialect: new PostgresDialect({ pool: new pg.Pool({ connectionString: server.url(), max: 4 }) }),
    });
    boss = createBoss({ connection: { connectionString: server.url() }, log: createMemoryLog().log });
    await boss.start();
    await makeQueue(boss, commonQueue);
    queue = createTicketQueue(boss);
  });
  after(async () => {
    await boss.stop({ graceful: false });
    await db.destroy();
    await server[Symbol.asyncDispose]();
  });

  const inTransaction = <T>(work: (trx: Transaction<Record<string, never>>) => Promise<T>): Promise<T> =>
    db.transaction().execute(work);
  const offer = (...tickets: Ticket[]): Promise<void> => inTransaction((trx) => queue.offer(trx, tickets));
  const takeAll = async (name = commonQueue): Promise<readonly HeldTicket[]> => takeTickets(boss, name, 100);
  const settleAll = async (tickets: readonly HeldTicket[]): Promise<void> => {
    for (const held of tickets) await inTransaction((trx) => queue.settle(trx, held));
  };
  /** What pg-boss does once nobody was heard of for ten seconds. */
  const redeliver = async (): Promise<void> => {
    await server.query(
      'postgres',
      "UPDATE pumphouse_queue.job SET heartbeat_on = now() - interval '11 s' WHERE state = 'active'; UPDATE pumphouse_queue.queue SET monitor_claim_on = NULL, monitor_on = NULL",
    );
    await boss.supervise();
  };

  it('is made once by many starters', async () => {
    const name = await server.createDatabase();
    const starters = Array.from({ length: 8 }, () =>
      createBoss({ connection: { connectionString: server.url(name) }, log: createMemoryLog().log }),
    );
    await Promise.all(
      starters.map(async (starter) => {
        await starter.start();
        await makeQueue(starter, commonQueue);
      }),
    );
    await Promise.all(starters.map((starter) => starter.stop({ graceful: false })));
  });

  it('keeps one ticket of a slot, while it waits and while it is held', async () => {
    await offer(ticket(0), ticket(1));
    await offer(ticket(0), ticket(1), ticket(2));
    const held = await takeAll();
    assert.deepEqual(held.map(({ slot }) => slot).toSorted(), [0, 1, 2]);
    await offer(ticket(0), ticket(1), ticket(2));
    assert.deepEqual(await takeAll(), []);
    await settleAll(held);
    await offer(ticket(1));
    const again = await takeAll();
    assert.deepEqual(
      again.map(({ slot }) => slot),
      [1],
    );
    await settleAll(again);
  });

  it('knows nothing of what was rolled back', async () => {
    await assert.rejects(
      inTransaction(async (trx) => {
        await queue.offer(trx, [ticket(0)]);
        throw new Error('no');
      }),
      /no/,
    );
    assert.deepEqual(await takeAll(), []);
  });

  it('lets the transaction go on whose tickets are there', async () => {
    await offer(ticket(0));
    await inTransaction(async (trx) => {
      await queue.offer(trx, [ticket(0), ticket(1)]);
      await queue.offer(trx, [ticket(1), ticket(2)]);
    });
    const held = await takeAll();
    assert.equal(held.length, 3);
    await settleAll(held);
  });

  it('counts what waits, what is for later and what is held, and knows how long a ticket waited', async () => {
    assert.deepEqual(await countTickets(boss), { waiting: 0, delayed: 0, held: 0 });
    await offer(ticket(0), ticket(1), ticket(2));
    await inTransaction((trx) => queue.remind(trx, [{ jobId: 'job', at: Date.now() + 3_600_000 }]));
    const [first] = await takeTickets(boss, commonQueue, 1);
    assert.deepEqual(await countTickets(boss), { waiting: 2, delayed: 1, held: 1 });
    assert.ok(first?.waitedMs !== undefined && first.waitedMs >= 0);
    await settleAll([first, ...(await takeAll())]);
    await server.query('postgres', 'DELETE FROM pumphouse_queue.job');
    assert.deepEqual(await countTickets(boss), { waiting: 0, delayed: 0, held: 0 });
  });

  it('gives higher priorities first, then older ones', async () => {
    await offer(ticket(0, { jobId: 'a' }));
    await offer(ticket(0, { jobId: 'b' }));
    await offer(ticket(0, { jobId: 'c', priority: 5 }));
    const held = [];
    for (let count = 0; count < 3; count += 1) held.push(...(await takeTickets(boss, commonQueue, 1)));
    assert.deepEqual(
      held.map(({ jobId }) => jobId),
      ['c', 'a', 'b'],
    );
    await settleAll(held);
  });

  it('gives a ticket out again when its holder is silent, and lets only the newer holding decide', async () => {
    await offer(ticket(0));
    const [first] = await takeAll();
    assert.ok(first);
    assert.equal(await inTransaction((trx) => queue.holds(trx, first)), true);
    assert.equal(await keepTicket(boss, first), true);
    await redeliver();
    assert.equal(await inTransaction((trx) => queue.holds(trx, first)), false);
    await offer(ticket(0));
    const seconds = await takeAll();
    const [second] = seconds;
    assert.ok(second);
    assert.equal(seconds.length, 1);
    assert.equal(second.id, first.id);
    assert.notEqual(second.delivery, first.delivery);
    await settleAll([first]);
    assert.equal(await keepTicket(boss, first), false);
    assert.equal(await inTransaction((trx) => queue.holds(trx, second)), true);
    await settleAll([second]);
    assert.equal(await inTransaction((trx) => queue.holds(trx, second)), false);
    assert.deepEqual(await takeAll(), []);
  });

  it('reminds at the time, once, and before all work', async () => {
    const at = Date.now() - 1;
    await inTransaction((trx) => queue.remind(trx, [{ jobId: 'job', at }]));
    await inTransaction((trx) => queue.remind(trx, [{ jobId: 'job', at }]));
    await inTransaction((trx) => queue.remind(trx, [{ jobId: 'job', at: Date.now() + 3_600_000 }]));
    await offer(ticket(0, { priority: 1_000 }));
    // One by one: tickets that are taken together come in any order.
    const held = [...(await takeTickets(boss, commonQueue, 1)), ...(await takeAll())];
    assert.deepEqual(
      held.map(({ slot }) => slot),
      [null, 0],
    );
    await settleAll(held);
  });

  it('keeps tickets of a home apart, and makes its queue when it is not there', async () => {
    await offer(ticket(0, { home: 'here' }), ticket(0, { jobId: 'other' }));
    const common = await takeAll();
    assert.deepEqual(
      common.map(({ jobId }) => jobId),
      ['other'],
    );
    const athome = await takeAll(homeQueue('here'));
    assert.deepEqual(
      athome.map(({ jobId }) => jobId),
      ['job'],
    );
    await settleAll([...common, ...athome]);
  });

  it('keeps nothing of tickets that were settled', async () => {
    const rows = await server.query(
      'postgres',
      'SELECT count(*)::int AS n FROM pumphouse_queue.job WHERE start_after < now()',
    );
    assert.deepEqual(rows, [{ n: 0 }]);
  });
});
