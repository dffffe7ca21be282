import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { collect, quietContext } from '../../../../test/conformance/transfer.ts';
import { withServers } from '../../../../test/harness/postgres.ts';
import {
  constant,
  filterOf,
  hash,
  masksOf,
  noRules,
  partial,
  person,
  refusal,
  rowsOf,
  ruled,
  toNull,
  withDatabase,
} from '../../../../test/harness/ruled-tables.ts';
import type { Mask } from '../../../core/request.ts';
import type { TableToRead } from '../../engine.ts';
import { createPostgresEngine } from '../engine.ts';

const context = quietContext();
const engine = createPostgresEngine();

withServers([13, 17], (server) => {
  describe('read rules', () => {
    it('read the rows of a filter, in one unit and in many', async () => {
      const sql = `CREATE TABLE "Odd ""t" ("a b" int, txt text, twice int GENERATED ALWAYS AS ("a b" * 2) STORED);
      INSERT INTO "Odd ""t" SELECT n, repeat('x', n % 100) FROM generate_series(1, 5000) n`;
      await withDatabase(server(), sql, async ({ snapshot, table }) => {
        const odd = table('Odd "t');
        assert.deepEqual(odd.generated, ['twice']);
        const filtered = ruled(odd, await filterOf(`"a b" % 10 = 3 AND twice > 100 AND txt LIKE 'xxx%'`));
        await snapshot.checkRules?.([filtered], context);
        for (const unitBytes of [1e9, 20_000]) {
          const rows = await rowsOf(snapshot, filtered, unitBytes);
          const expected = Array.from({ length: 5_000 }, (_, i) => i + 1).filter(
            (n) => n % 10 === 3 && n > 50 && n % 100 >= 3,
          );
          assert.deepEqual(
            rows.map(([n]) => Number(n)).sort((a, b) => a - b),
            expected,
          );
        }
      });
    });

    it('read the same sample on every connection, and a part of about its size', async () => {
      const sql = 'CREATE TABLE t (n int); INSERT INTO t SELECT generate_series(1, 20000)';
      await withDatabase(server(), sql, async ({ name, snapshot, table, join }) => {
        const sampled = ruled(table('t'), { sample: { percent: 10, seed: 2_147_483_647 } });
        const first = await rowsOf(snapshot, sampled, 1_000);
        assert.ok(first.length > 1_600 && first.length < 2_400, String(first.length));
        await server().query(name, 'DELETE FROM t WHERE n % 2 = 0');
        await server().query(name, 'VACUUM t');
        assert.deepEqual(await rowsOf(snapshot, sampled), first);
        await using joined = await join();
        assert.deepEqual(await rowsOf(joined, sampled), first);
        const other = ruled(table('t'), { sample: { percent: 10, seed: 1 } });
        assert.notDeepEqual(await rowsOf(snapshot, other), first);
        const both = ruled(table('t'), {
          ...(await filterOf('n <= 10000')),
          sample: { percent: 10, seed: 2_147_483_647 },
        });
        assert.deepEqual(
          await rowsOf(snapshot, both),
          first.filter(([n]) => Number(n) <= 10_000),
        );
      });
    });

    it('see all parts of a partitioned table, with what decides where rows go', async () => {
      const sql = `
      CREATE SCHEMA arc;
      CREATE TABLE orders (id int, placed date, region text, UNIQUE (id, placed)) PARTITION BY RANGE (placed);
      CREATE TABLE arc.orders_old PARTITION OF orders FOR VALUES FROM (MINVALUE) TO ('2024-01-01') PARTITION BY LIST (placed);
      CREATE TABLE arc.orders_old_n PARTITION OF arc.orders_old DEFAULT;
      CREATE TABLE regions (region text) PARTITION BY LIST (lower(region));
      CREATE TABLE region_n PARTITION OF regions FOR VALUES IN ('n');
      CREATE TABLE orders_new PARTITION OF orders FOR VALUES FROM ('2024-01-01') TO (MAXVALUE);
      CREATE TABLE base (a int NOT NULL, b serial, c int GENERATED ALWAYS AS IDENTITY, d int UNIQUE);
      CREATE TABLE heir (e text NOT NULL DEFAULT '') INHERITS (base);
      CREATE TABLE other (f int);
      CREATE TABLE arc.late () INHERITS (other, heir, base)`;
      await withDatabase(server(), sql, async ({ table }) => {
        const leaf = table('orders_old_n');
        assert.deepEqual(leaf.partOf, [
          { schema: 'arc', name: 'orders_old' },
          { schema: 'public', name: 'orders' },
        ]);
        assert.deepEqual(leaf.partitionKey, ['placed']);
        assert.deepEqual(leaf.keys, [['id', 'placed']]);
        assert.deepEqual(table('region_n').partitionKey, ['region']);
        assert.deepEqual(table('orders_new').partitionKey, ['placed']);
        // A table that inherits is a table of its own, which shows in the others.
        assert.equal(table('heir').partOf, undefined);
        assert.equal(table('base').inherits, undefined);
        assert.equal(leaf.inherits, undefined);
        assert.deepEqual(table('heir').inherits, [{ schema: 'public', name: 'base' }]);
        assert.deepEqual(
          table('late').inherits?.map(({ name }) => name),
          ['base', 'heir', 'other'],
        );
        assert.deepEqual(table('heir').required, ['a', 'c']);
        assert.deepEqual(table('base').required, ['a']);
        assert.deepEqual(table('base').notNull, ['a', 'b', 'c']);
        assert.deepEqual(table('base').keys, [['d']]);
      });
    });

    it('work on the rows that an extension declares as configuration', async () => {
      await withDatabase(
        server(),
        'CREATE EXTENSION citext; CREATE TABLE conf (a int, keep boolean); INSERT INTO conf SELECT n, n < 50 FROM generate_series(1, 100) n',
        async ({ snapshot, table }) => {
          const conf = table('conf');
          const configured = {
            ...conf,
            details: { ...(conf.details as object), condition: 'WHERE keep ORDER BY a DESC' },
          };
          const rows = await rowsOf(
            snapshot,
            ruled(configured, { ...(await filterOf('a > 47 OR a = 1')), ...masksOf({ keep: toNull }) }),
          );
          assert.deepEqual(rows, [
            ['49', '\\N'],
            ['48', '\\N'],
            ['1', '\\N'],
          ]);
        },
      );
    });

    it('are refused before any row is read when they do not fit', async () => {
      await withDatabase(server(), person, async ({ name, snapshot, table }) => {
        const masked = (masks: Readonly<Record<string, Mask>>): TableToRead =>
          ruled(table('person'), masksOf(masks));
        for (const [masks, message] of [
          [
            { day: hash },
            /day of public\.person cannot be masked with hash: its type date has no such values/,
          ],
          [{ doc: hash }, /jsonb has no such/],
          [{ ratio: hash }, /double precision has no such/],
          [{ id: partial(1, 1) }, /integer has no such/],
          [{ years: hash }, /domain with a CHECK/],
          [
            { short: constant('too long for it') },
            /constant is too long for its type character varying\(8\)/,
          ],
          [{ e: constant('x'.repeat(31)) }, /constant is too long/],
          [{ bits: constant('0') }, /constant is no value of type bit\(3\)/],
        ] as const) {
          const error = await refusal(() => snapshot.plan([masked(masks)], 1e9));
          assert.equal(error.field, 'mask[0]');
          assert.match(error.message, message);
        }
        for (const [masks, message] of [
          [{ small: constant('70000') }, /out of range/],
          [{ day: constant('never') }, /invalid input syntax for type date/],
          [{ m: constant('tame') }, /enum public\.mood/],
          [{ years: constant('151') }, /check constraint/],
          [{ price: constant('123456789012') }, /overflow/],
          [{ doc: constant('{') }, /json/],
        ] as const) {
          const error = await refusal(() => snapshot.checkRules?.([masked(masks)], context));
          assert.equal(error.field, 'mask[0]');
          assert.match(error.message, message);
        }
        for (const [where, message] of [
          ['name > 5', /operator does not exist: text > integer/],
          ["id = 'x'", /invalid input syntax for type integer: "x"/],
          ['lower(id) = name', /function pg_catalog\.lower\(integer\) does not exist/],
          ['id', /must be type boolean/],
          ['nope = 1', /column "nope" does not exist/],
          ['1 / 0 = id', /division by zero/],
        ] as const) {
          const rules = ruled(table('person'), await filterOf(where));
          const error = await refusal(() => snapshot.checkRules?.([rules], context));
          assert.equal(error.field, 'query');
          assert.match(error.message, message);
        }
        // Whose tables may not be read hears of it from their data; the others go on.
        await server().query(
          'postgres',
          `DO $$ BEGIN CREATE ROLE stranger LOGIN; EXCEPTION WHEN duplicate_object THEN NULL; END $$`,
        );
        const url = server().url(name).replace('//postgres', '//stranger');
        await using source = await engine.openSource(engine.parseUrl(url), context);
        await using theirs = await source.begin(1, context);
        await theirs.checkRules?.([ruled(table('person'), await filterOf('id = 1'))], context);
      });
    });

    it('take nothing from a plan that was tampered with', async () => {
      await withDatabase(server(), 'CREATE TABLE t (a int, b text)', async ({ snapshot, table }) => {
        const [unit] = snapshot.plan([ruled(table('t'), masksOf({ b: hash }))], 1e9);
        assert.ok(unit !== undefined);
        const { maskTypes: _, ...range } = unit.range as { maskTypes?: unknown };
        await assert.rejects(collect(snapshot, { ...unit, range }, 'text'), /no type for the mask of b/);
        const sample = { percent: '1) --' as never, seed: 1 };
        const rules = { ...noRules, sample };
        await assert.rejects(collect(snapshot, { ...unit, rules }, 'text'), /no valid sample/);
      });
    });
  });
});
