import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { collect, quietContext, unruled, writeUnitOf } from '../../../../test/conformance/transfer.ts';
import { withServers } from '../../../../test/harness/postgres.ts';
import {
  bytesOf,
  columnOf,
  constant,
  filterOf,
  hash,
  masksOf,
  partial,
  person,
  refusal,
  rowsOf,
  ruled,
  toNull,
  withDatabase,
} from '../../../../test/harness/ruled-tables.ts';
import { AppError } from '../../../core/errors.ts';
import type { ReadRules } from '../../../core/read-rules.ts';
import type { Mask } from '../../../core/request.ts';
import type { TableToRead } from '../../engine.ts';
import { createPostgresEngine } from '../engine.ts';

const context = quietContext();
const engine = createPostgresEngine();

/** What is told of a person when everything that can be told apart is masked. */
const everything: Readonly<Record<string, Mask>> = {
  id: hash,
  small: hash,
  big: hash,
  code: hash,
  name: hash,
  short: hash,
  e: hash,
  ee: partial(1, 1),
  ci: hash,
  token: hash,
  raw: hash,
  price: hash,
  wide: hash,
  free: hash,
  day: constant('2000-01-01'),
  at: constant('2000-01-01 12:00+02'),
  years: constant('40'),
  m: constant('calm'),
  tags: constant('{hidden}'),
  doc: constant('{"hidden": true}'),
  ok: toNull,
  ratio: constant('0.5'),
  bits: constant('000'),
  net: toNull,
};

withServers(
  [13, 17],
  (server) => {
    describe('masks', () => {
      it('leave no clear value on the wire, and values that go back into the same columns', async () => {
        await withDatabase(server(), person, async ({ snapshot, table }) => {
          const clear = unruled([table('person')])[0] as TableToRead;
          const masked = ruled(table('person'), masksOf(everything));
          await snapshot.checkRules?.([masked], context);
          for (const encoding of ['text', 'binary'] as const) {
            assert.match((await bytesOf(snapshot, clear, encoding)).toString('latin1'), /secret/i);
            const bytes = await bytesOf(snapshot, masked, encoding);
            const wire = bytes.toString('latin1');
            assert.equal(/secret|code-|wild|1999-12|5ec2e7|ail\d/i.exec(wire)?.[0], undefined);
            assert.ok(!wire.includes(Buffer.from('secret').toString('hex')));
            assert.ok(!bytes.includes(Buffer.from('5ec2e700', 'hex')));

            const copy = await server().createDatabase();
            await server().query(copy, person);
            await server().query(copy, 'TRUNCATE person');
            await using target = await engine.openTarget(engine.parseUrl(server().url(copy)), context);
            await target.begin('job', 1, context);
            const [unit] = snapshot.plan([masked], 1e9);
            assert.ok(unit !== undefined);
            const { summary } = await collect(snapshot, unit, encoding);
            const chunks = [Buffer.from(bytes)];
            const source = (async function* () {
              yield* chunks;
            })();
            assert.equal(
              (await target.write(writeUnitOf(unit, summary, encoding), source, context)).rows,
              62,
            );
            const [facts] = await server().query(
              copy,
              `SELECT count(DISTINCT id)::int AS ids, count(DISTINCT small)::int AS smalls, count(DISTINCT big)::int AS bigs,
            count(DISTINCT code)::int AS codes, count(DISTINCT name)::int AS names, count(DISTINCT price)::int AS prices,
            count(DISTINCT wide)::int AS wides, count(DISTINCT free)::int AS frees, count(DISTINCT token)::int AS tokens,
            count(ok)::int AS oks, count(DISTINCT day)::int AS days, min(m::text) AS m, max(tags[1]) AS tag, min(at)::text AS at,
            count(*) FILTER (WHERE small IS NULL AND e IS NULL AND token IS NULL AND raw IS NULL AND price IS NULL)::int AS nulls
           FROM person`,
            );
            assert.deepEqual(facts, {
              ids: 62,
              smalls: 61,
              bigs: 61,
              codes: 61,
              // Two persons of one name.
              names: 61,
              prices: 61,
              wides: 61,
              frees: 61,
              tokens: 61,
              oks: 0,
              days: 1,
              m: 'calm',
              tag: 'hidden',
              at: '2000-01-01 10:00:00+00',
              nulls: 1,
            });
          }
        });
      });

      it('make digests that nobody can compute without the key, and that fit their columns', async () => {
        await withDatabase(server(), person, async ({ snapshot, table }) => {
          const masked = ruled(table('person'), masksOf(everything));
          const names = await columnOf(snapshot, masked, 'name');
          assert.ok(names.every((each) => /^[0-9a-f]{64}$/.test(each)));
          assert.ok(
            (await columnOf(snapshot, masked, 'short')).every((each) => /^([0-9a-f]{8}|\\N)$/.test(each)),
          );
          assert.ok(
            (await columnOf(snapshot, masked, 'e')).every((each) => /^([0-9a-f]{30}|\\N)$/.test(each)),
          );
          // As the value of a parameter, which a server that logs every statement writes apart from it, and nowhere else.
          const telling = server()
            .log()
            .split('\n')
            .filter((line) => line.includes('the key'));
          assert.deepEqual(
            telling.filter((line) => !/DETAIL: +parameters: /i.test(line)),
            [],
          );
          const otherKey = ruled(table('person'), { ...masksOf(everything), hashKey: 'another key' });
          const others = await columnOf(snapshot, otherKey, 'name');
          assert.ok(names.every((each, i) => each !== others[i]));
          assert.notDeepEqual(
            await columnOf(snapshot, otherKey, 'id'),
            await columnOf(snapshot, masked, 'id'),
          );
        });
      });

      it('keep the ends of a text that is long enough', async () => {
        const sql = `CREATE TABLE t (a text, b char(8)); INSERT INTO t VALUES ('4111-1111-1234', 'abcdef'), ('12345', 'ab'), ('äöü🎉éñ', ''), (NULL, NULL)`;
        await withDatabase(server(), sql, async ({ snapshot, table }) => {
          const masked = ruled(table('t'), masksOf({ a: partial(1, 4), b: partial(0, 0) }));
          assert.deepEqual(await rowsOf(snapshot, masked), [
            ['4*********1234', '******  '],
            ['*****', '**      '],
            ['ä*ü🎉éñ', '        '],
            ['\\N', '\\N'],
          ]);
        });
      });

      it('keep keys unique and references whole, also between integers of different size', async () => {
        const sql = `
      CREATE TABLE parent (id bigint PRIMARY KEY, c text UNIQUE);
      INSERT INTO parent SELECT n, 'c' || n FROM generate_series(-3000, 3000) n;
      INSERT INTO parent SELECT unnest(ARRAY[9223372036854775807, -9223372036854775808, 2147483647, 2147483648, 4611686018427387904]);
      CREATE TABLE child (p int, c varchar(100), s smallint);
      INSERT INTO child SELECT n, 'c' || n, n FROM generate_series(-3000, 3000) n;
      CREATE TABLE amount (a numeric(3,1) UNIQUE, b numeric(18), c numeric(1));
      INSERT INTO amount SELECT n / 10.0, n, n % 10 FROM generate_series(0, 999) n;
      INSERT INTO amount VALUES ('NaN', 999999999999999999, NULL)`;
        await withDatabase(server(), sql, async ({ snapshot, table }) => {
          const parent = ruled(table('parent'), masksOf({ id: hash, c: hash }));
          const child = ruled(table('child'), masksOf({ p: hash, c: hash, s: hash }));
          const ids = await columnOf(snapshot, parent, 'id');
          assert.equal(new Set(ids).size, ids.length);
          assert.ok(ids.every((id) => BigInt.asIntN(64, BigInt(id)) === BigInt(id)));
          // The last five have values of their own; numbers keep their sign.
          const references = await columnOf(snapshot, child, 'p');
          assert.deepEqual(references, ids.slice(0, references.length));
          assert.ok(references.every((id, i) => Number(id) < 0 === i < 3_000));
          assert.deepEqual(
            ids.slice(-5).map((id) => [BigInt(id) < 0n, BigInt(id) >= 2_147_483_648n]),
            [
              [false, true],
              [true, false],
              [false, false],
              [false, true],
              [false, true],
            ],
          );
          assert.deepEqual(
            await columnOf(snapshot, child, 'c'),
            (await columnOf(snapshot, parent, 'c')).slice(0, 6_001),
          );
          const smalls = (await columnOf(snapshot, child, 's')).map(Number);
          assert.equal(new Set(smalls).size, 6_001);
          assert.ok(smalls.every((small) => small >= -32_768 && small <= 32_767));

          const amount = ruled(table('amount'), masksOf({ a: hash, b: hash, c: hash }));
          await snapshot.checkRules?.([parent, child, amount], context);
          const a = await columnOf(snapshot, amount, 'a');
          assert.equal(new Set(a).size, 1_001);
          assert.ok(a.slice(0, -1).every((each) => /^\d{1,2}\.\d$/.test(each)));
          assert.equal(a.at(-1), 'NaN');
          assert.equal(new Set(await columnOf(snapshot, amount, 'b')).size, 1_001);
          assert.equal(new Set(await columnOf(snapshot, amount, 'c')).size, 11);
        });
      });

      it('and filters keep clear values out of errors too', async () => {
        const sql = `CREATE TABLE t (code text, n int); INSERT INTO t VALUES ('5', 1), ('Secret-1', 2)`;
        await withDatabase(server(), sql, async ({ snapshot, table }) => {
          const filter = await filterOf('CAST(code AS integer) > 3');
          const read = async (rules: Partial<ReadRules>): Promise<AppError> => {
            const error = await bytesOf(snapshot, ruled(table('t'), { ...filter, ...rules })).catch(
              (reason) => reason,
            );
            assert.ok(error instanceof AppError && error.code === 'database-statement', String(error));
            assert.doesNotMatch(inspect(error, { depth: 10, showHidden: true }), /Secret/);
            return error;
          };
          assert.match((await read({})).message, /^invalid input syntax for type integer: …/);
          const hidden = await read(masksOf({ code: hash }));
          assert.match(hidden.message, /filter and the masks .* \(SQLSTATE 22P02\)/);
        });
      });

      it('do not hash a unique key in so few characters that two values could become one', async () => {
        const sql = `CREATE TABLE t (a varchar(4) UNIQUE, b varchar(16) UNIQUE, c varchar(4));
      INSERT INTO t SELECT to_hex(n), to_hex(n), to_hex(n) FROM generate_series(1, 2000) n; ANALYZE t`;
        await withDatabase(server(), sql, async ({ snapshot, table }) => {
          const error = await refusal(() => snapshot.plan([ruled(table('t'), masksOf({ a: hash }))], 1e9));
          assert.match(
            error.message,
            /unique key, and among about 2000 values of type character varying\(4\) two could/,
          );
          assert.equal(snapshot.plan([ruled(table('t'), masksOf({ b: hash, c: hash }))], 1e9).length, 1);
        });
      });
    });
  },
  // What the server is asked shows in its log.
  { settings: { log_statement: 'all' } },
);
