import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { oneChunk, quietContext } from '../../../../test/conformance/transfer.ts';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import type { OperationContext, Work } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { Engine, TargetSession, WriteUnit } from '../../engine.ts';
import { createPostgresEngine } from '../engine.ts';

const jobId = '0123456789abcdefghjk';
/** A try of the job's work. */
const as = (work: Partial<Work>): OperationContext => ({
  ...quietContext(),
  work: { jobId, restarts: 0, claims: 1, ...work },
});
const first = as({});
const second = as({ claims: 2 });
const hasCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;
const isGone = (error: unknown) => error instanceof AppError && error.temporary;

const unit: WriteUnit = {
  ...{ key: 'data/u', table: { schema: 'public', name: 't' }, columns: ['a'], encoding: 'text', variant: '' },
  ...{ rows: 3, wholeTable: false },
};
const bytes = (): Buffer => Buffer.from('1\n2\n3\n');

/** The bytes of a process that is frozen in the middle of them, until it is thawed. */
function frozen(): {
  readonly bytes: AsyncIterable<Uint8Array>;
  readonly begun: Promise<void>;
  thaw(): void;
} {
  const begun = Promise.withResolvers<void>();
  const gate = Promise.withResolvers<void>();
  const iterate = async function* (): AsyncGenerator<Uint8Array> {
    yield Buffer.from('1\n2\n');
    begun.resolve();
    await gate.promise;
    yield Buffer.from('3\n');
  };
  return { bytes: iterate(), begun: begun.promise, thaw: gate.resolve };
}

/** What happens to work whose owner stands still, and does not know that somebody else has it now. */
describe('work that is taken over', () => {
  let server: PostgresServer;
  let engine: Engine;
  before(async () => {
    server = await startPostgres();
    engine = createPostgresEngine();
  });
  after(() => server?.[Symbol.asyncDispose]());

  const target = async (name: string, context: OperationContext): Promise<TargetSession> => {
    const session = await engine.openTarget(engine.parseUrl(server.url(name)), context);
    await session.begin(jobId, 2, context);
    return session;
  };
  const withTable = async (): Promise<string> => {
    const name = await server.createDatabase();
    await server.query(name, 'CREATE TABLE t (a int)');
    return name;
  };
  const count = async (name: string): Promise<unknown> =>
    (await server.query(name, 'SELECT count(*)::int AS n FROM t'))[0]?.n;

  it('counts the rows of a unit once, and waits for nobody who is frozen before his commit', async () => {
    const name = await withTable();
    await using owner = await target(name, first);
    await using other = await target(name, second);
    const frost = frozen();
    const writing = assert.rejects(owner.write(unit, frost.bytes, first), isGone);
    await frost.begun;
    assert.deepEqual(await other.write(unit, oneChunk(bytes()), second), { rows: 3, alreadyApplied: false });
    frost.thaw();
    await writing;
    assert.equal(await count(name), 3);
    // The one who was frozen has not lost his session for good, and finds that it is done.
    const again = await owner.write(unit, oneChunk(bytes()), first);
    assert.deepEqual(again, { rows: 3, alreadyApplied: true });
    assert.equal(await count(name), 3);
  });

  it('leaves the work of others alone: other units, and those who took over', async () => {
    const name = await withTable();
    await using owner = await target(name, first);
    await using other = await target(name, second);
    const later = frozen();
    const neighbour = frozen();
    const taken = other.write(unit, later.bytes, second);
    const written = owner.write({ ...unit, key: 'data/v' }, neighbour.bytes, first);
    await Promise.all([later.begun, neighbour.begun]);
    const third = { ...unit, key: 'data/w' };
    await owner.write(third, oneChunk(bytes()), second);
    const late = owner.write(unit, oneChunk(bytes()), first);
    later.thaw();
    neighbour.thaw();
    assert.deepEqual(await Promise.all([taken, written, late]), [
      { rows: 3, alreadyApplied: false },
      { rows: 3, alreadyApplied: false },
      { rows: 3, alreadyApplied: true },
    ]);
    assert.equal(await count(name), 9);
  });

  it('makes an index once, whose builder went on without knowing', async () => {
    const name = await withTable();
    await server.query(
      name,
      `INSERT INTO t SELECT generate_series(1, 100000); CREATE FUNCTION slowly(a int) RETURNS int LANGUAGE plpgsql IMMUTABLE AS
       $$ BEGIN PERFORM pg_catalog.pg_sleep(0.01); RETURN a; END $$`,
    );
    const index = (sql: string) => ({
      ...{
        section: 'post' as const,
        type: 'INDEX',
        schema: 'public',
        table: 't',
        name: 'i',
        owner: null,
        sql,
      },
    });
    await using owner = await target(name, first);
    await using other = await target(name, second);
    const building = assert.rejects(
      owner.apply('index/i', [index('CREATE INDEX i ON public.t (public.slowly(a))')], first),
      isGone,
    );
    const builds = `SELECT FROM pg_stat_activity WHERE state = 'active' AND query ~ '^CREATE INDEX'`;
    while ((await server.query(name, builds)).length === 0);
    const made = await other.apply('index/i', [index('CREATE INDEX i ON public.t (a)')], second);
    assert.deepEqual(made, { alreadyApplied: false, failures: [] });
    await building;
    assert.equal((await server.query(name, "SELECT FROM pg_indexes WHERE tablename = 't'")).length, 1);
  });

  it('is not done again by one who wakes when the job is over', async () => {
    const name = await withTable();
    await using neighbour = await engine.openTarget(engine.parseUrl(server.url(name)), first);
    await neighbour.begin('another job', 1, quietContext());
    await using owner = await target(name, first);
    await using other = await target(name, second);
    await other.write(unit, oneChunk(bytes()), second);
    const frost = frozen();
    const writing = assert.rejects(owner.write({ ...unit, key: 'data/v' }, frost.bytes, first), isGone);
    await frost.begun;
    await other.forget(jobId, second);
    frost.thaw();
    await writing;
    await assert.rejects(owner.write(unit, oneChunk(bytes()), first), hasCode('receipts-missing'));
    await assert.rejects(owner.apply('after', [], first), hasCode('receipts-missing'));
    const clear = owner.clearTables as NonNullable<TargetSession['clearTables']>;
    await assert.rejects(clear('clear', [], first), hasCode('receipts-missing'));
    assert.equal(await count(name), 3);
  });

  it('is not done by an earlier try once the data was started again', async () => {
    const name = await withTable();
    const again = as({ restarts: 1 });
    await using owner = await target(name, first);
    await using other = await target(name, again);
    const frost = frozen();
    const writing = assert.rejects(owner.write(unit, frost.bytes, first), isGone);
    await frost.begun;
    const undo = owner.undoUnits as NonNullable<TargetSession['undoUnits']>;
    await other.undoUnits?.([{ ...unit.table, keys: [] }], again);
    frost.thaw();
    await writing;
    await assert.rejects(owner.write(unit, oneChunk(bytes()), first), hasCode('receipts-missing'));
    await assert.rejects(undo([{ ...unit.table, keys: [] }], first), hasCode('receipts-missing'));
    await other.write({ ...unit, key: 'data/1/u' }, oneChunk(bytes()), again);
    assert.equal(await count(name), 3);
    assert.deepEqual([...(await other.receipts(again)).keys()], ['data/1/u']);
  });

  it('is a script too: its open transaction ends, and what it did takes effect once', async () => {
    const name = await withTable();
    const script = 'BEGIN; INSERT INTO t VALUES (1); SELECT pg_advisory_xact_lock(7); COMMIT;';
    const run = async (context: OperationContext): Promise<boolean> => {
      const open = engine.openScripts as NonNullable<Engine['openScripts']>;
      await using session = await open(engine.parseUrl(server.url(name)), context);
      const [step] = await session.steps(script);
      assert.ok(step);
      await session.begin(jobId, context);
      return (await session.run('node/1/1', step, context)).alreadyApplied;
    };
    await using held = await engine.openScripts?.(engine.parseUrl(server.url(name)), quietContext());
    assert.ok(held);
    const [lock, unlock] = await held.steps('SELECT pg_advisory_lock(7); SELECT pg_advisory_unlock(7);');
    assert.ok(lock && unlock);
    await held.begin('another job', quietContext());
    await held.run('held/1', lock, quietContext());
    const waiting = `SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted`;
    const running = assert.rejects(run(first), isGone);
    while ((await server.query(name, waiting)).length === 0);
    const taken = run(second);
    await running;
    await held.run('held/2', unlock, quietContext());
    assert.equal(await taken, false);
    assert.equal(await count(name), 1);
  });
});
