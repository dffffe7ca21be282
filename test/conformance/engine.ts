import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import type { DdlObject } from '../../src/core/catalogue.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Engine, EngineTarget, Unit } from '../../src/engines/engine.ts';
import { collect, oneChunk, quietContext, takeStock, transfer, unruled, writeUnitOf } from './transfer.ts';

/** What an engine brings to the suite. */
export interface EngineHarness {
  readonly engine: Engine;
  /** A new database without objects; `close` removes it. */
  createDatabase(): Promise<EngineTarget>;
  /** Runs statements on a connection of its own, outside of the engine, and commits. */
  execute(target: EngineTarget, sql: string): Promise<void>;
  /** The rows of one query, every value as text. */
  query(target: EngineTarget, sql: string): Promise<readonly (readonly (string | null)[])[]>;
  /** Fails unless both databases hold the same objects and, value by value, the same rows. */
  compare(source: EngineTarget, target: EngineTarget): Promise<void>;
  /** Statements beyond the portable ones: whatever the engine has and must carry, strange names and values too. */
  readonly features: string;
  /** What stands before the name of a table in the definitions that an export writes; '' where schemas are left out. */
  readonly prefix: string;
  /** A unit is always a whole table; false when left out. */
  readonly readsTablesWhole?: boolean;
  /** A database that is not there, to open as a source. */
  readonly missing: EngineTarget;
  /** URLs that parse, with what `describe` prints of them. */
  readonly urls: Readonly<Record<string, string>>;
  /** URLs that must be refused. */
  readonly badUrls: readonly string[];
  /** Removes all databases and ends what was started. */
  close(): Promise<void>;
}

const bigRows = 30_000;

/** Understood by every SQL engine; `line` is big enough to be cut into several units. */
export const portableSample = `
CREATE TABLE customer (id INTEGER PRIMARY KEY, name VARCHAR(200) NOT NULL, city TEXT);
CREATE TABLE line (
  id INTEGER PRIMARY KEY,
  customer_id INTEGER NOT NULL REFERENCES customer (id),
  quantity INTEGER,
  twice INTEGER GENERATED ALWAYS AS (quantity * 2) STORED,
  note TEXT
);
CREATE TABLE blank (id INTEGER PRIMARY KEY, note TEXT);
INSERT INTO customer (id, name, city)
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 500)
  SELECT i, 'customer ' || i, CASE WHEN i % 7 = 0 THEN NULL WHEN i % 5 = 0 THEN '' ELSE 'city ' || (i % 50) END FROM n;
INSERT INTO line (id, customer_id, quantity, note)
  WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < ${bigRows})
  SELECT i, i % 500 + 1, i % 13, CASE WHEN i % 3 = 0 THEN NULL ELSE 'a note of some length for line number ' || i END FROM n;
CREATE INDEX line_customer ON line (customer_id);
CREATE UNIQUE INDEX line_note ON line (note, id);
CREATE VIEW big_line AS SELECT id, quantity FROM line WHERE quantity > 10;
`;

const isCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;
const rejectsSoon = async (work: Promise<unknown>): Promise<void> => {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new assert.AssertionError({ message: 'did not settle in time' })), 5_000);
  });
  await assert.rejects(
    Promise.race([work, late]),
    (error) => error instanceof AppError && error.kind === 'aborted',
  );
  clearTimeout(timer);
};

/** The promises of the engine contract, each held against the engine that the harness brings. */
export function engineConformance(name: string, createHarness: () => Promise<EngineHarness>): void {
  describe(`engine ${name}`, () => {
    let harness: EngineHarness;
    let engine: Engine;
    let sample: EngineTarget;
    const context = quietContext();

    before(async () => {
      harness = await createHarness();
      engine = harness.engine;
      sample = await harness.createDatabase();
      await harness.execute(sample, portableSample);
    });
    after(() => harness?.close());

    const tableObject = (objectName: string, sql: string): DdlObject => ({
      section: 'pre',
      type: 'TABLE',
      schema: engine.defaultSchema,
      name: objectName,
      table: null,
      owner: null,
      sql,
    });
    const customer = () =>
      tableObject(
        'customer',
        `CREATE TABLE ${harness.prefix}customer (id INTEGER PRIMARY KEY, name VARCHAR(200), city TEXT);`,
      );
    /** A target with an empty table `customer`, and the sample's unit for it. */
    const openForCustomer = async () => {
      const to = await harness.createDatabase();
      const session = await engine.openTarget(to, context);
      await session.begin('job', 1, context);
      await session.apply('before', [customer()], context);
      const { unit, bytes, summary } = await readUnit('customer');
      return { to, session, bytes, unit: writeUnitOf(unit, summary, 'text') };
    };
    const readUnit = async (table: string) => {
      await using source = await engine.openSource(sample, context);
      await using snapshot = await source.begin(1, context);
      const { units } = await takeStock(snapshot, 1e9);
      const unit = units.find((each) => each.table.name === table);
      assert.ok(unit);
      return { unit, ...(await collect(snapshot, unit, 'text')) };
    };
    const countCustomers = async (to: EngineTarget) =>
      Number((await harness.query(to, 'SELECT count(*) FROM customer'))[0]?.[0]);

    it('parses its URLs, and describes them without secrets', () => {
      for (const [url, described] of Object.entries(harness.urls)) {
        const target = engine.parseUrl(url);
        assert.deepEqual(JSON.parse(JSON.stringify(target)), target);
        assert.equal(engine.describe(target), described);
      }
      for (const url of harness.badUrls)
        assert.throws(() => engine.parseUrl(url), isCode('url-invalid'), url);
    });

    it('declares its optional parts exactly when it has them', () => {
      assert.equal(engine.capabilities.remaps.length > 0, engine.remap !== undefined);
      assert.equal(engine.capabilities.scratch, engine.scratch !== undefined);
      assert.equal(engine.capabilities.scripts, engine.openScripts !== undefined);
      assert.ok(engine.capabilities.encodings.length > 0 && engine.capabilities.modes.length > 0);
    });

    it('classifies any error, and leaves AppErrors alone', () => {
      assert.ok(engine.classify(new Error('x'), 'test') instanceof AppError);
      assert.ok(engine.classify('x', 'test') instanceof AppError);
      const own = new AppError('aborted', { message: 'x' });
      assert.equal(engine.classify(own, 'test'), own);
    });

    it('says database-missing for a database that is not there', async () => {
      await assert.rejects(engine.openSource(harness.missing, context), isCode('database-missing'));
    });

    it('finds nothing red in a healthy database', async () => {
      await using source = await engine.openSource(sample, context);
      assert.notEqual(source.serverVersion, '');
      const findings = await source.preflight(context);
      assert.deepEqual(
        findings.filter((finding) => finding.level === 'red'),
        [],
      );
    });

    it('inspects tables with their columns and estimates; views and generated columns are left out', async () => {
      await using source = await engine.openSource(sample, context);
      await using snapshot = await source.begin(1, context);
      const { tables, schemas } = await snapshot.inspect(context);
      assert.ok(schemas.includes(engine.defaultSchema));
      assert.deepEqual(tables.map((table) => table.name).sort(), ['blank', 'customer', 'line']);
      const line = tables.find((table) => table.name === 'line');
      assert.equal(line?.schema, engine.defaultSchema);
      assert.deepEqual(
        line?.columns.map((column) => column.name),
        ['id', 'customer_id', 'quantity', 'note'],
      );
      assert.ok(line.estimate.bytes > 100_000 && line.estimate.bytes < 100_000_000);
    });

    it('plans units that are plain JSON with unique ids, each table covered, big tables cut', async () => {
      await using source = await engine.openSource(sample, context);
      await using snapshot = await source.begin(1, context);
      const { catalogue, units } = await takeStock(snapshot, 200_000);
      assert.deepEqual(snapshot.plan(unruled(catalogue.tables), 200_000), units);
      assert.deepEqual(JSON.parse(JSON.stringify(units)), units);
      assert.equal(new Set(units.map((unit) => unit.id)).size, units.length);
      for (const table of catalogue.tables) {
        const parts = units.filter((unit) => unit.table.name === table.name);
        assert.deepEqual(
          parts.map((unit) => unit.part).sort((a, b) => a - b),
          parts.map((_, i) => i + 1),
        );
        assert.ok(parts.length > 0 && parts.every((unit) => unit.parts === parts.length));
      }
      const parts = units.filter((unit) => unit.table.name === 'line').length;
      assert.ok(harness.readsTablesWhole === true ? parts === 1 : parts > 2);
      assert.equal(units[0]?.table.name, 'line');
    });

    it('reads every row exactly once in each encoding, and a unit again with the same bytes', async () => {
      await using source = await engine.openSource(sample, context);
      await using snapshot = await source.begin(2, context);
      const { units } = await takeStock(snapshot, 200_000);
      for (const encoding of engine.capabilities.encodings) {
        const rows = new Map<string, number>();
        for (const unit of units) {
          const first = await collect(snapshot, unit, encoding);
          const second = await collect(snapshot, unit, encoding);
          assert.deepEqual(second, first);
          rows.set(unit.table.name, (rows.get(unit.table.name) ?? 0) + first.summary.rows);
          if (encoding === 'text') assert.equal(countNewlines(first.bytes), first.summary.rows);
        }
        assert.deepEqual(Object.fromEntries(rows), { customer: 500, line: bigRows, blank: 0 });
      }
    });

    it('stops a read that nobody wants any more, and serves the next', async () => {
      await using source = await engine.openSource(sample, context);
      await using snapshot = await source.begin(1, context);
      const { units } = await takeStock(snapshot, 1e9);
      const unit = units[0] as Unit;
      const controller = new AbortController();
      const reader = snapshot.read(unit, 'text', quietContext(controller.signal));
      const failed = rejectsSoon(reader.summary);
      await rejectsSoon(
        (async () => {
          for await (const _ of reader.bytes) controller.abort();
        })(),
      );
      await failed;
      const left = snapshot.read(unit, 'text', context);
      left.summary.catch(() => {});
      for await (const _ of left.bytes) break;
      assert.equal((await collect(snapshot, unit, 'text')).summary.rows, bigRows);
    });

    it('sees one instant: what others commit later is not in the snapshot, nor in one that joins it', async () => {
      const changing = await harness.createDatabase();
      await harness.execute(changing, portableSample);
      await using source = await engine.openSource(changing, context);
      await using snapshot = await source.begin(2, context);
      assert.equal(snapshot.token !== null, engine.capabilities.joinableSnapshot);
      assert.ok(snapshot.lanes >= 1);
      const { units } = await takeStock(snapshot, 1e9);
      const customers = units.find((unit) => unit.table.name === 'customer') as Unit;
      const first = await collect(snapshot, customers, 'text');
      if (snapshot.token !== null) {
        await using other = await engine.openSource(changing, context);
        await using joined = await other.join(snapshot.token, 1, context);
        assert.deepEqual(await collect(joined, customers, 'text'), first);
      }
      const busy = harness
        .execute(changing, "INSERT INTO customer VALUES (1000, 'late', NULL)")
        .catch(() => {});
      assert.deepEqual(await collect(snapshot, customers, 'text'), first);
      assert.equal(snapshot.lost.aborted, false);
      await snapshot[Symbol.asyncDispose]();
      await busy;
    });

    it('keeps a snapshot as long as one of those who hold it, whoever took it', async () => {
      if (!engine.capabilities.joinableSnapshot) return;
      const changing = await harness.createDatabase();
      await harness.execute(changing, portableSample);
      await using source = await engine.openSource(changing, context);
      const first = await source.begin(1, context);
      const { units } = await takeStock(first, 1e9);
      const customers = units.find((unit) => unit.table.name === 'customer') as Unit;
      const seen = await collect(first, customers, 'text');
      await using other = await engine.openSource(changing, context);
      const second = await other.join(first.token as string, 1, context);
      await first[Symbol.asyncDispose]();
      assert.deepEqual(await collect(second, customers, 'text'), seen);
      await using third = await engine.openSource(changing, context);
      await using joined = await third.join(second.token as string, 1, context);
      await second[Symbol.asyncDispose]();
      const busy = harness
        .execute(changing, "INSERT INTO customer VALUES (1000, 'late', NULL)")
        .catch(() => {});
      assert.deepEqual(await collect(joined, customers, 'text'), seen);
      assert.equal(joined.lost.aborted, false);
      await joined[Symbol.asyncDispose]();
      await busy;
    });

    it('says snapshot-lost for a token whose snapshot is gone', async () => {
      if (!engine.capabilities.joinableSnapshot) return;
      const changing = await harness.createDatabase();
      await harness.execute(changing, portableSample);
      await using source = await engine.openSource(changing, context);
      const snapshot = await source.begin(1, context);
      await snapshot[Symbol.asyncDispose]();
      await harness.execute(changing, "INSERT INTO customer VALUES (1000, 'late', NULL)");
      await assert.rejects(source.join(snapshot.token as string, 1, context), isCode('snapshot-lost'));
      await assert.rejects(source.join('nonsense', 1, context), isCode('snapshot-lost'));
    });

    it('schedules every object exactly once', async () => {
      await using source = await engine.openSource(sample, context);
      await using snapshot = await source.begin(1, context);
      const { objects } = await takeStock(snapshot, 1e9);
      const schedule = engine.schedule(objects);
      const scheduled = [
        ...schedule.before,
        ...[...schedule.perTable.values()].flat(2),
        ...schedule.constraints.flat(),
        ...schedule.after,
      ];
      assert.equal(scheduled.length, objects.length);
      assert.deepEqual(new Set(scheduled), new Set(objects));
    });

    it('carries a database over unchanged', async () => {
      for (const encoding of engine.capabilities.encodings) {
        const to = await harness.createDatabase();
        assert.deepEqual(await transfer(engine, sample, to, { encoding }), []);
        await harness.compare(sample, to);
      }
    });

    it('carries everything over that the engine has to offer', async () => {
      const from = await harness.createDatabase();
      await harness.execute(from, harness.features);
      for (const encoding of engine.capabilities.encodings) {
        const to = await harness.createDatabase();
        assert.deepEqual(await transfer(engine, from, to, { encoding, unitBytes: 20_000 }), []);
        await harness.compare(from, to);
      }
    });

    it('writes a unit once: with the receipt there nothing is written, and the bytes are not read', async () => {
      const { to, session, bytes, unit } = await openForCustomer();
      await using _session = session;
      const outcome = await session.write(unit, oneChunk(bytes), context);
      assert.deepEqual(outcome, { rows: 500, alreadyApplied: false });
      const unread = (async function* (): AsyncGenerator<Uint8Array> {
        yield await Promise.reject(new Error('was read'));
      })();
      assert.deepEqual(await session.write(unit, unread, context), { rows: 500, alreadyApplied: true });
      assert.equal(await countCustomers(to), 500);
      assert.deepEqual(await session.receipts(context), new Map([[unit.key, 500]]));
    });

    it('writes nothing for a job that is over, whoever still believes that he works for it', async () => {
      const { to, session, bytes, unit } = await openForCustomer();
      await using _session = session;
      await using other = await engine.openTarget(to, context);
      await other.begin('another job', 1, context);
      await other.forget('job', context);
      await assert.rejects(session.write(unit, oneChunk(bytes), context), isCode('receipts-missing'));
      await assert.rejects(session.apply('after', [], context), isCode('receipts-missing'));
      assert.equal(await countCustomers(to), 0);
    });

    it('writes bytes that come in pieces of any size', async () => {
      const { to, session, bytes, unit } = await openForCustomer();
      await using _session = session;
      const pieces = (async function* () {
        for (let at = 0, size = 1; at < bytes.length; at += size, size = (size % 37) + 1) {
          yield bytes.subarray(at, at + size);
        }
      })();
      await session.write(unit, pieces, context);
      assert.equal(await countCustomers(to), 500);
    });

    it('undoes all when the rows are not as many as the manifest says', async () => {
      const { to, session, bytes, unit } = await openForCustomer();
      await using _session = session;
      for (const rows of [499, 501]) {
        await assert.rejects(
          session.write({ ...unit, rows }, oneChunk(bytes), context),
          isCode('rows-differ'),
        );
        assert.equal(await countCustomers(to), 0);
      }
      assert.equal((await session.receipts(context)).size, 0);
      await session.write(unit, oneChunk(bytes), context);
      assert.equal(await countCustomers(to), 500);
    });

    it('takes the number of rows when it is known after the last byte', async () => {
      const { to, session, bytes, unit } = await openForCustomer();
      await using _session = session;
      const write = (told: number | Error) => {
        const rows = Promise.withResolvers<number>();
        rows.promise.catch(() => {});
        const source = (async function* () {
          yield bytes;
          if (told instanceof Error) rows.reject(told);
          else rows.resolve(told);
        })();
        return session.write({ ...unit, rows: rows.promise }, source, context);
      };
      await assert.rejects(write(499), isCode('rows-differ'));
      const reason = new AppError('snapshot-lost', { message: 'gone' });
      await assert.rejects(write(reason), (error) => error === reason);
      assert.equal(await countCustomers(to), 0);
      assert.deepEqual(await write(500), { rows: 500, alreadyApplied: false });
      assert.equal(await countCustomers(to), 500);
      assert.deepEqual(await session.receipts(context), new Map([[unit.key, 500]]));
    });

    it('undoes all when the bytes fail, with their error', async () => {
      const { to, session, bytes, unit } = await openForCustomer();
      await using _session = session;
      const reason = new AppError('dump-damaged', { message: 'bit flipped' });
      const failing = (async function* () {
        yield bytes.subarray(0, bytes.length / 2);
        throw reason;
      })();
      await assert.rejects(session.write(unit, failing, context), (error) => error === reason);
      assert.equal(await countCustomers(to), 0);
      assert.equal((await session.receipts(context)).size, 0);
    });

    it('undoes all when aborted, within a second, and can write again', async () => {
      const { to, session, bytes, unit } = await openForCustomer();
      await using _session = session;
      const controller = new AbortController();
      const hanging = (async function* () {
        yield bytes.subarray(0, bytes.length / 2);
        setTimeout(() => controller.abort(), 50);
        await new Promise((_, reject) => {
          controller.signal.addEventListener('abort', () => reject(controller.signal.reason));
        });
      })();
      await rejectsSoon(session.write(unit, hanging, quietContext(controller.signal)));
      assert.equal(await countCustomers(to), 0);
      await session.write(unit, oneChunk(bytes), context);
      assert.equal(await countCustomers(to), 500);
    });

    it('refuses data that does not fit the table, as an error of the statement', async () => {
      const { to, session, unit } = await openForCustomer();
      await using _session = session;
      const garbage = oneChunk(Buffer.from('1\ttoo\tmany\tfields\there\n'));
      await assert.rejects(session.write(unit, garbage, context), AppError);
      assert.equal(await countCustomers(to), 0);
    });

    it('undoes a failing object alone, goes on, and gives the recorded outcome the second time', async () => {
      const to = await harness.createDatabase();
      await using session = await engine.openTarget(to, context);
      await session.begin('job', 1, context);
      const objects = [
        tableObject('broken', 'CREATE TABLE broken (;'),
        tableObject('fine', `CREATE TABLE ${harness.prefix}fine (a INTEGER);`),
      ];
      const first = await session.apply('key', objects, context);
      assert.equal(first.alreadyApplied, false);
      assert.deepEqual(
        first.failures.map((failure) => failure.object),
        [{ type: 'TABLE', schema: engine.defaultSchema, name: 'broken' }],
      );
      assert.notEqual(first.failures[0]?.message, '');
      assert.deepEqual(await harness.query(to, 'SELECT count(*) FROM fine'), [['0']]);
      const second = await session.apply('key', objects, context);
      assert.deepEqual(second, { alreadyApplied: true, failures: first.failures });
    });

    it('names the objects that exist already, in their order', async () => {
      const to = await harness.createDatabase();
      await using session = await engine.openTarget(to, context);
      const two = tableObject('two', 'CREATE TABLE two (a INTEGER);');
      const objects = [two, tableObject('one', 'CREATE TABLE one (a INTEGER);'), customer()];
      assert.deepEqual(await session.findExisting(objects, context), []);
      await harness.execute(to, 'CREATE TABLE customer (id INTEGER); CREATE TABLE two (a INTEGER)');
      assert.deepEqual(await session.findExisting(objects, context), [two, objects[2]]);
    });

    it('declares with its capabilities what it can do with tables that exist', async () => {
      const { session } = await openForCustomer();
      await using _session = session;
      const { tableExistsActions, copy } = engine.capabilities;
      assert.equal(session.describeTables !== undefined, tableExistsActions.length > 0);
      assert.equal(session.clearTables !== undefined, tableExistsActions.length > 0);
      assert.equal(session.undoUnits !== undefined, copy);
    });

    it('describes tables that exist: the columns that can be written, and what they refer to', async () => {
      if (engine.capabilities.tableExistsActions.length === 0) return;
      const to = await harness.createDatabase();
      await harness.execute(to, portableSample);
      await using session = await engine.openTarget(to, context);
      const named = (name: string) => ({ schema: engine.defaultSchema, name });
      const found = await session.describeTables?.(['none', 'line', 'big_line'].map(named), context);
      assert.deepEqual(found, [
        {
          ...named('line'),
          columns: ['id', 'customer_id', 'quantity', 'note'],
          references: [named('customer')],
          referredToBy: [],
          usedBy: [
            {
              title: `view ${engine.defaultSchema}.big_line`,
              object: { type: 'VIEW', ...named('big_line') },
              table: null,
            },
          ],
        },
      ]);
      assert.deepEqual(await session.describeTables?.([], context), []);
    });

    it('clears tables once, all or none, and names what is in the way', async () => {
      if (engine.capabilities.tableExistsActions.length === 0) return;
      const to = await harness.createDatabase();
      await harness.execute(to, portableSample);
      await using session = await engine.openTarget(to, context);
      await session.begin('job', 1, context);
      const table = (name: string, how: 'truncate' | 'drop') => ({
        ...{ schema: engine.defaultSchema, name, how },
      });
      const refuses = (tables: readonly ReturnType<typeof table>[], who: RegExp) =>
        assert.rejects(
          Promise.resolve(session.clearTables?.('clear', tables, context)),
          (error) => isCode('table-in-use')(error) && who.test((error as AppError).message),
        );
      await refuses([table('customer', 'truncate')], /line/);
      await refuses([table('blank', 'truncate'), table('line', 'drop')], /big_line/);
      assert.equal(await countCustomers(to), 500);
      const both = [table('line', 'truncate'), table('customer', 'truncate'), table('blank', 'drop')];
      await session.clearTables?.('clear', both, context);
      assert.equal(await countCustomers(to), 0);
      await harness.execute(to, "INSERT INTO customer (id, name) VALUES (1, 'later')");
      await session.clearTables?.('clear', both, context);
      assert.equal(await countCustomers(to), 1);
      assert.deepEqual((await session.describeTables?.(both, context))?.map(({ name }) => name).sort(), [
        'customer',
        'line',
      ]);
      assert.equal((await session.receipts(context)).size, 0);
    });

    it('takes units back, so that they can be written again', async () => {
      if (!engine.capabilities.copy) return;
      const { to, session, bytes, unit } = await openForCustomer();
      await using _session = session;
      await session.write(unit, oneChunk(bytes), context);
      const tables = [
        { ...unit.table, keys: [unit.key, 'never written'] },
        { ...unit.table, name: 'never_made', keys: ['x'] },
      ];
      for (let i = 0; i < 2; i++) await session.undoUnits?.(tables, context);
      assert.equal(await countCustomers(to), 0);
      assert.equal((await session.receipts(context)).size, 0);
      assert.equal((await session.write(unit, oneChunk(bytes), context)).alreadyApplied, false);
      assert.equal(await countCustomers(to), 500);
    });

    it('keeps receipts across sessions until they are forgotten, each job its own', async () => {
      const { to, session, bytes, unit } = await openForCustomer();
      await session.write(unit, oneChunk(bytes), context);
      await session[Symbol.asyncDispose]();
      await using again = await engine.openTarget(to, context);
      await again.begin('other job', 1, context);
      assert.equal((await again.receipts(context)).size, 0);
      await again.begin('job', 1, context);
      assert.equal((await again.receipts(context)).get(unit.key), 500);
      assert.deepEqual(await again.write(unit, oneChunk(bytes), context), {
        rows: 500,
        alreadyApplied: true,
      });
      for (let i = 0; i < 2; i++) await again.forget('job', context);
      await again.begin('job', 1, context);
      assert.equal((await again.receipts(context)).size, 0);
    });

    it('finishes as often as it is asked', async () => {
      const { session, bytes, unit } = await openForCustomer();
      await using _session = session;
      await session.write(unit, oneChunk(bytes), context);
      assert.deepEqual(await session.finish([unit.table], context), []);
      assert.deepEqual(await session.finish([unit.table], context), []);
    });

    it('puts a database that was made beside another one in its place, once', async () => {
      const { scratch } = engine;
      assert.ok(scratch);
      const live = await harness.createDatabase();
      await harness.execute(live, 'CREATE TABLE customer (id INTEGER PRIMARY KEY)');
      const fresh = await scratch.make(live, 'conformance_fresh', context);
      const { unit, bytes, summary } = await readUnit('customer');
      {
        await using session = await engine.openTarget(fresh, context);
        await session.begin('job', 1, context);
        await session.apply('before', [customer()], context);
        await session.write(writeUnitOf(unit, summary, 'text'), oneChunk(bytes), context);
        await session.forget('job', context);
      }
      assert.deepEqual(await scratch.make(live, 'conformance_fresh', context), fresh);
      const old = await scratch.swap(live, fresh, 'conformance_old', context);
      assert.deepEqual(await scratch.swap(live, fresh, 'conformance_old', context), old);
      assert.deepEqual([await countCustomers(live), await countCustomers(old)], [500, 0]);
      for (let i = 0; i < 2; i++) await scratch.drop(old, context);
      assert.equal(await countCustomers(live), 500);
    });

    it('runs the steps of a script once each, whole or not at all', async () => {
      const open = (database: EngineTarget) => {
        assert.ok(engine.openScripts);
        return engine.openScripts(database, context);
      };
      const to = await harness.createDatabase();
      await harness.execute(to, 'CREATE TABLE customer (id INTEGER PRIMARY KEY)');
      const script = `INSERT INTO customer VALUES (1);
        BEGIN; INSERT INTO customer VALUES (2); INSERT INTO customer SELECT id + 2 FROM customer; COMMIT;
        BEGIN; INSERT INTO customer VALUES (5);
        INSERT INTO customer VALUES (1); COMMIT`;
      for (const isSecond of [false, true]) {
        await using session = await open(to);
        await session.begin('job', context);
        const [one, two, three] = await session.steps(script);
        assert.ok(one && two && three);
        assert.deepEqual(await session.run('1', one, context), { alreadyApplied: isSecond, rows: 1 });
        assert.deepEqual(await session.run('2', two, context), { alreadyApplied: isSecond, rows: 3 });
        await assert.rejects(session.run('3', three, context), (error: AppError) => {
          assert.equal(error.code, 'script-failed');
          assert.match(error.message, /^Line 4: /);
          return true;
        });
        assert.equal(await countCustomers(to), 4);
      }
      await using session = await open(to);
      for (let i = 0; i < 2; i++) await session.forget('job', context);
    });
  });
}

function countNewlines(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at !== -1; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}
