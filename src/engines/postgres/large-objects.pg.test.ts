import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { collect, oneChunk, quietContext, unruled, writeUnitOf } from '../../../test/conformance/transfer.ts';
import { type PostgresServer, type PostgresVersion, withServers } from '../../../test/harness/postgres.ts';
import { type DdlObject, isOfDatabase } from '../../core/catalogue.ts';
import { AppError } from '../../core/errors.ts';
import type { Encoding } from '../../core/request.ts';
import type { Snapshot, SourceSession, TargetSession, WriteUnit } from '../engine.ts';
import { postgresEngine as engine } from './engine.ts';

const context = quietContext();
const hasCode = (code: string) => (error: unknown) => error instanceof AppError && error.code === code;
const versions: readonly PostgresVersion[] = [13, 18];

withServers(versions, (server) => {
  describe('large objects', () => {
    before(() => server().query('postgres', 'CREATE ROLE reader LOGIN; CREATE ROLE other LOGIN'));

    const open: AsyncDisposable[] = [];
    after(async () => {
      for (const one of open.reverse()) await one[Symbol.asyncDispose]();
    });
    const url = (running: PostgresServer, database: string, user: string) =>
      engine.parseUrl(running.url(database).replace('//postgres', `//${user}`));
    const make = async (sql: string): Promise<string> => {
      const database = await server().createDatabase();
      await server().query(database, sql);
      return database;
    };
    const source = async (sql: string, user = 'postgres'): Promise<Snapshot> => read(await make(sql), user);
    const read = async (database: string, user = 'postgres'): Promise<Snapshot> => {
      const session: SourceSession = await engine.openSource(url(server(), database, user), context);
      const snapshot = await session.begin(2, context);
      open.push(session, snapshot);
      return snapshot;
    };
    const target = async (database: string): Promise<TargetSession> => {
      const session = await engine.openTarget(url(server(), database, 'postgres'), context);
      await session.begin('job', 2, context);
      open.push(session);
      return session;
    };
    const unitsOf = async (snapshot: Snapshot, unitBytes = 1_000_000) => {
      const { tables } = await snapshot.inspect(context);
      return snapshot.plan(unruled(tables.filter(isOfDatabase)), unitBytes);
    };
    const objectsOf = async (snapshot: Snapshot): Promise<readonly DdlObject[]> =>
      (await snapshot.ddl({ mode: 'full', schemas: [], tables: [] }, context)).filter(
        ({ type, schema }) => schema === null && ['BLOB', 'OWNER', 'ACL', 'COMMENT'].includes(type),
      );
    const move = async (snapshot: Snapshot, session: TargetSession, encoding: Encoding): Promise<void> => {
      for (const unit of await unitsOf(snapshot, 100_000)) {
        const { bytes, summary } = await collect(snapshot, unit, encoding);
        await session.write(writeUnitOf(unit, summary, encoding), oneChunk(bytes), context);
      }
    };
    const contents = (database: string) =>
      server().query(
        database,
        `SELECT oid::int, length(lo_get(oid)) AS bytes, md5(lo_get(oid)) FROM pg_largeobject_metadata ORDER BY oid`,
      );

    it('are no table where there are none', async () => {
      const snapshot = await source('SELECT 1');
      assert.deepEqual(await unitsOf(snapshot), []);
      assert.deepEqual(await objectsOf(snapshot), []);
    });

    it('leave the holes of a sparse object out, and keep its size', async () => {
      const snapshot = await source(
        "SELECT lo_create(5); SELECT lo_put(5, 20000000, 'x'); SELECT lo_create(6); SELECT lo_from_bytea(7, decode(repeat('00', 300000), 'hex'))",
      );
      const [unit] = await unitsOf(snapshot);
      assert.ok(unit);
      const { bytes, summary } = await collect(snapshot, unit, 'text');
      // The piece with the byte, and the last, short one of zeros.
      assert.equal(summary.rows, 2);
      assert.ok(bytes.length < 700_000);
    });

    for (const encoding of ['text', 'binary'] as const) {
      it(`come back equal, as ${encoding}, unit by unit`, async () => {
        const original = await make(`
SELECT lo_from_bytea(1000 + i, convert_to(repeat(i::text, i), 'UTF8')) FROM generate_series(0, 400) i;
SELECT lo_from_bytea(9, decode(repeat('0a5c00ff', 200000), 'hex'));
SELECT lo_create(10); SELECT lo_put(10, 600000, 'end');`);
        const snapshot = await read(original);
        const database = await server().createDatabase();
        const session = await target(database);
        assert.ok((await unitsOf(snapshot, 100_000)).length > 1);
        const { failures } = await session.apply('all', await objectsOf(snapshot), context);
        assert.deepEqual(failures, []);
        await move(snapshot, session, encoding);
        assert.deepEqual(await contents(database), await contents(original));
      });
    }

    it('are read by who may read them, and name the one that he may not', async () => {
      const snapshot = await source(
        "SELECT lo_from_bytea(5, 'mine'), lo_from_bytea(6, 'theirs'); ALTER LARGE OBJECT 5 OWNER TO reader; ALTER LARGE OBJECT 6 OWNER TO other",
        'reader',
      );
      const units = await unitsOf(snapshot, 1);
      assert.equal(units.length, 2);
      const [first, second] = units;
      assert.ok(first && second);
      assert.match((await collect(snapshot, first, 'text')).bytes.toString(), /^5\t0\t\\\\x6d696e65\n$/);
      await assert.rejects(
        collect(snapshot, second, 'text'),
        (error) => error instanceof AppError && /large object 6/.test(error.message),
      );
    });

    it('are defined in groups of one owner and the same grants', async () => {
      const objects = await objectsOf(
        await source(`SELECT lo_create(100 + i) FROM generate_series(1, 700) i;
SELECT lo_create(5), lo_create(6); ALTER LARGE OBJECT 5 OWNER TO reader; ALTER LARGE OBJECT 6 OWNER TO reader;
GRANT SELECT ON LARGE OBJECT 5 TO other; GRANT SELECT ON LARGE OBJECT 6 TO other; COMMENT ON LARGE OBJECT 5 IS 'it''s';`),
      );
      assert.deepEqual(
        objects.map(({ type, name, owner }) => `${type} ${name} ${owner}`),
        [
          'BLOB 5..6 reader',
          'OWNER 5..6 reader',
          'ACL 5..6 reader',
          'BLOB 101..600 postgres',
          'OWNER 101..600 postgres',
          'BLOB 601..800 postgres',
          'OWNER 601..800 postgres',
          'COMMENT 5 reader',
        ],
      );
      assert.deepEqual(await engine.refuse(objects), []);
    });

    it('are found where they exist, and never written over', async () => {
      const snapshot = await source("SELECT lo_from_bytea(5, 'new')");
      const database = await make("SELECT lo_from_bytea(5, 'old')");
      const session = await target(database);
      const objects = await objectsOf(snapshot);
      assert.deepEqual(
        (await session.findExisting(objects, context)).map(({ type, name }) => `${type} ${name}`),
        ['BLOB 5'],
      );
      await assert.rejects(move(snapshot, session, 'text'), hasCode('object-exists'));
      assert.deepEqual(await server().query(database, "SELECT convert_from(lo_get(5), 'UTF8') AS t"), [
        { t: 'old' },
      ]);
    });

    it('are emptied when their units are undone, and only those', async () => {
      const snapshot = await source("SELECT lo_from_bytea(5, 'five')");
      const database = await make("SELECT lo_from_bytea(6, 'six')");
      const session = await target(database);
      await move(snapshot, session, 'binary');
      const [unit] = await unitsOf(snapshot);
      assert.ok(unit && session.undoUnits);
      for (let again = 0; again < 2; again++) {
        await session.undoUnits([{ ...unit.table, keys: [`unit ${unit.id}`] }], context);
        assert.deepEqual(
          await server().query(database, 'SELECT length(lo_get(5)) AS five, length(lo_get(6)) AS six'),
          [{ five: 0, six: 3 }],
        );
      }
      await move(snapshot, session, 'text');
      assert.deepEqual(await server().query(database, 'SELECT length(lo_get(5)) AS five'), [{ five: 4 }]);
    });

    it('are emptied when their units are undone, those that are being written too, which are waited for', async () => {
      const snapshot = await source("SELECT lo_from_bytea(5, 'five')");
      const database = await make('SELECT 1');
      const session = await target(database);
      const [unit] = await unitsOf(snapshot);
      assert.ok(unit && session.undoUnits);
      const gate = Promise.withResolvers<undefined>();
      const begun = Promise.withResolvers<undefined>();
      const held = async function* (): AsyncGenerator<Uint8Array> {
        begun.resolve(undefined);
        await gate.promise;
        yield Buffer.from('5\t0\t\\\\x66697665\n');
      };
      const write: WriteUnit = {
        ...{ key: 'late', table: unit.table, columns: ['loid', 'pageno', 'data'], encoding: 'text' },
        ...{ variant: '', rows: 1, wholeTable: true },
      };
      const order: string[] = [];
      const writing = session.write(write, held(), context).then(() => order.push('written'));
      await begun.promise;
      const undoing = session
        .undoUnits([{ ...unit.table, keys: [] }], context)
        .then(() => order.push('undone'));
      const waits = "SELECT FROM pg_locks WHERE relation = '_pumphouse.receipt'::regclass AND NOT granted";
      while (order.length === 0 && (await server().query(database, waits)).length === 0) await sleep(10);
      assert.deepEqual(order, []);
      gate.resolve(undefined);
      await undoing;
      const keys = [...(await session.receipts(context)).keys()];
      assert.deepEqual(keys, ['late']);
      await writing;
      await session.undoUnits([{ ...unit.table, keys }], context);
      assert.deepEqual(await server().query(database, 'SELECT length(lo_get(5)) AS five'), [{ five: 0 }]);
    });

    it('are the only thing in a schema of the system that is written', async () => {
      const session = await target(await server().createDatabase());
      for (const schema of ['pg_catalog', 'information_schema', '_pumphouse']) {
        const write = session.write(
          {
            key: 'u',
            table: { schema, name: schema === '_pumphouse' ? 'receipt' : 'pg_authid' },
            columns: ['oid'],
            encoding: 'text',
            variant: '',
            rows: 1,
            wholeTable: false,
          },
          oneChunk(Buffer.from('1\n')),
          context,
        );
        await assert.rejects(write, hasCode('unsupported'));
      }
    });
  });
});

describe('refusal of large objects', () => {
  const blob = (type: string, sql: string): DdlObject => ({
    ...{ section: 'pre', schema: null, name: '5', table: null, owner: null },
    ...{ type, sql },
  });
  for (const [type, sql] of [
    ['BLOB', "SELECT pg_catalog.lo_import('/etc/passwd');"],
    ['BLOB', "SELECT pg_catalog.lo_unlink('5');"],
    ['BLOB', "SELECT lo_create('5');"],
    ['BLOB', "SELECT pg_catalog.lo_create('5'), pg_catalog.pg_reload_conf();"],
    ['BLOB', "SELECT pg_catalog.lo_create('5'); SELECT pg_catalog.lo_export(5, '/tmp/x');"],
    ['BLOB', "SELECT pg_catalog.lo_create('5') FROM pg_catalog.generate_series(1, 1000000000);"],
    ['OWNER', 'ALTER LARGE OBJECT 5 OWNER TO a; ALTER DATABASE d OWNER TO a;'],
    ['ACL', 'GRANT SELECT ON LARGE OBJECT 5 TO a; GRANT SELECT ON TABLE secret TO a;'],
  ] as const) {
    it(`refuses ${sql}`, async () => {
      assert.equal((await engine.refuse([blob(type, sql)])).length, 1);
    });
  }
});
