import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import pg from 'pg';
import { collect, oneChunk, quietContext, unruled, writeUnitOf } from '../../../test/conformance/transfer.ts';
import { type PostgresServer, type PostgresVersion, withServers } from '../../../test/harness/postgres.ts';
import { postgresState } from '../../../test/harness/postgres-state.ts';
import type { SourceSession, TargetSession } from '../engine.ts';
import { postgresEngine } from './engine.ts';
import { quoteIdentifier } from './names.ts';

const context = quietContext();

/** Text that PostgreSQL can hold: no zero character, no half of a surrogate pair. */
const text = fc.oneof(
  fc.string({ unit: 'binary', maxLength: 40 }).map((value) => value.replaceAll('\0', '')),
  fc.constantFrom(
    '',
    '\\N',
    '\\.',
    '\\',
    '\t',
    '\n',
    '\r\n',
    '\\\\t',
    'NULL',
    '"',
    "'",
    '{}',
    ' ',
    '\u{1F600}',
    'ﷺ',
  ),
);
const digits = fc.stringMatching(/^[1-9][0-9]{0,60}$/);
const numeric = fc
  .tuple(fc.constantFrom('', '-'), digits, fc.option(fc.stringMatching(/^[0-9]{1,60}$/)))
  .map(([sign, whole, fraction]) => `${sign}${whole}${fraction === null ? '' : `.${fraction}`}`);
const float = fc
  .double()
  .map((value) =>
    Number.isFinite(value) || Number.isNaN(value)
      ? Object.is(value, -0)
        ? '-0'
        : `${value}`
      : value > 0
        ? 'Infinity'
        : '-Infinity',
  );
const float32 = fc.float().map((value) => (Object.is(value, -0) ? '-0' : `${value}`));
const hex = (bytes: Uint8Array): string => `\\x${Buffer.from(bytes).toString('hex')}`;
const arrayElement = (value: string | null): string =>
  value === null ? 'NULL' : `"${value.replaceAll('\\', '\\\\').replaceAll('"', '\\"')}"`;
const arrayOf = (element: fc.Arbitrary<string>): fc.Arbitrary<string> =>
  fc.array(fc.option(element), { maxLength: 5 }).map((values) => `{${values.map(arrayElement).join(',')}}`);
const json = fc
  .jsonValue({ maxDepth: 3 })
  .map((value) => JSON.stringify(value))
  .filter((value) => !value.includes('\\u0000') && !/\\ud[89a-f]/i.test(value));
const timestamp = fc.oneof(
  fc
    .date({ min: new Date('0001-01-01'), max: new Date('9999-12-31'), noInvalidDate: true })
    .map((date) => date.toISOString().replace('Z', '')),
  fc.constantFrom(
    'infinity',
    '-infinity',
    '4713-01-01 00:00:00 BC',
    '294276-12-31 23:59:59.999999',
    '0044-03-15 12:00 BC',
  ),
);
const time = fc.constantFrom('00:00', '24:00:00', '12:34:56.789012', '23:59:59.999999');
const interval = fc.constantFrom(
  '0',
  '1 year -1 mons +3 days -04:05:06.000007',
  '-178000000 years',
  '178000000 years',
  '-00:00:00.000001',
  '2147483647 days',
);

const common: Readonly<Record<string, fc.Arbitrary<string>>> = {
  bool: fc.boolean().map(String),
  int2: fc.integer({ min: -32_768, max: 32_767 }).map(String),
  int4: fc.integer({ min: -2_147_483_648, max: 2_147_483_647 }).map(String),
  int8: fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  numeric: fc.oneof(numeric, fc.constantFrom('NaN', '0', '0.00', '1e-16383', `1${'0'.repeat(400)}`)),
  'numeric(10,3)': fc.integer({ min: -9_999_999, max: 9_999_999 }).map((value) => `${value}.125`),
  float4: float32,
  float8: float,
  money: fc.integer().map((value) => `${value}.07`),
  text,
  'varchar(60)': text,
  'char(60)': text.map((value) => value.trimEnd()),
  name: fc.constantFrom('', 'a', 'select', 'ä b'),
  bytea: fc.uint8Array({ maxLength: 50 }).map(hex),
  date: fc.oneof(
    timestamp.map((value) => value.replace(/[T ]\d\S*/, '').replace(/^(\d+-\d+-\d+) BC$/, '$1 BC')),
    fc.constantFrom('5874897-12-31', '4713-01-01 BC'),
  ),
  timestamp,
  timestamptz: timestamp,
  time,
  timetz: fc.constantFrom('00:00+15:59', '24:00:00-15:59', '12:34:56.789012+00', '01:02:03+05:30:15'),
  interval,
  uuid: fc.uuid(),
  json: fc.oneof(json, fc.constantFrom('{"a" : 1, "a":2}', ' [ ] ', '"\\ud83d\\ude00"')),
  jsonb: json,
  jsonpath: fc.constantFrom('$.a[*] ? (@ > 1)', 'strict $."b c"'),
  xml: fc.constantFrom('<a b="c">d</a>', 'text &amp; <b/>', '<!-- x -->'),
  inet: fc.oneof(fc.ipV4(), fc.ipV6(), fc.constantFrom('10.0.0.1/8', '::1/128')),
  cidr: fc.constantFrom('10.0.0.0/8', '2001:db8::/32', '0.0.0.0/0'),
  macaddr: fc.constantFrom('08:00:2b:01:02:03'),
  macaddr8: fc.constantFrom('08:00:2b:01:02:03:04:05'),
  'bit(9)': fc.stringMatching(/^[01]{9}$/),
  varbit: fc.stringMatching(/^[01]{0,70}$/),
  'int4[]': fc.oneof(
    arrayOf(fc.integer().map(String)),
    fc.constantFrom('{}', '{{1,2},{3,NULL}}', '[-2:0]={1,2,3}', '[0:1][5:6]={{1,2},{3,4}}'),
  ),
  'text[]': fc.oneof(arrayOf(text), fc.constantFrom('{NULL,"NULL","null",""}')),
  'numeric[]': arrayOf(numeric),
  'timestamptz[]': arrayOf(timestamp),
  'jsonb[]': arrayOf(json),
  int4range: fc.constantFrom('empty', '(,)', '[1,5)', '[-2147483648,)', '(,7]'),
  numrange: fc.constantFrom('empty', '[1.10,2.200]', '(,NaN)', '[0,)'),
  tstzrange: fc.constantFrom('[2024-01-01,infinity]', '(-infinity,2024-06-01)', '["0044-03-15 BC",)'),
  'daterange[]': fc.constantFrom('{"[2024-01-01,2024-02-01)",NULL,empty}'),
  point: fc.constantFrom('(1.5,-2.25)', '(NaN,Infinity)', '(1e-300,1e300)'),
  line: fc.constantFrom('{1,-1,0.5}'),
  lseg: fc.constantFrom('[(0,0),(1,1)]'),
  box: fc.constantFrom('(3,4),(1,2)'),
  path: fc.constantFrom('((0,0),(1,1),(2,0))', '[(0,0),(1,1)]'),
  polygon: fc.constantFrom('((0,0),(1,1),(2,0))'),
  circle: fc.constantFrom('<(1,2),3>'),
  tsvector: fc.constantFrom("'a':1A 'b c':2,3B", ''),
  tsquery: fc.constantFrom("'a' & !'b' | 'c':*A", "'a' <2> 'b'"),
  oid: fc.constantFrom('0', '4294967295'),
  xid8: fc.constantFrom('0', '18446744073709551615'),
  pg_lsn: fc.constantFrom('0/0', 'FFFFFFFF/FFFFFFFF'),
  '"char"': fc.constantFrom('', 'a'),
};

const userTypes: Readonly<Record<string, fc.Arbitrary<string>>> = {
  mood: fc.constantFrom('sad', "it's", 'a,b "c"'),
  'mood[]': fc.constantFrom('{sad,NULL,"a,b \\"c\\""}', '{}'),
  pair: fc.constantFrom('(1,x)', '(,)', '(,"""quoted"", (and) \\\\")'),
  'pair[]': fc.constantFrom('{"(1,x)",NULL}'),
  nested: fc.constantFrom('("(1,x)",sad)', '(,)'),
  small: fc.integer({ min: 1, max: 9 }).map(String),
  'small[]': fc.constantFrom('{1,2}'),
  span: fc.constantFrom('[1.5,2.5)', 'empty'),
  regclass: fc.constantFrom('pg_class', '-', 'mine'),
  regtype: fc.constantFrom('integer', 'mood'),
};

const typesSince: readonly (readonly [PostgresVersion, Readonly<Record<string, fc.Arbitrary<string>>>])[] = [
  [13, common],
  [
    14,
    {
      int4multirange: fc.constantFrom('{}', '{[1,3),[5,)}'),
      'numeric ': fc.constantFrom('Infinity', '-Infinity'),
    },
  ],
  [17, { 'interval ': fc.constantFrom('infinity', '-infinity') }],
];

const preamble = `
CREATE TYPE mood AS ENUM ('sad', 'it''s', 'a,b "c"'); CREATE TYPE pair AS (a int, b text); CREATE TYPE nested AS (p pair, m mood);
CREATE DOMAIN small AS int CHECK (VALUE < 10); CREATE TYPE span AS RANGE (subtype = float8);
CREATE TABLE mine ();`;

withServers([13, 15, 17], (server, version) => {
  const types = Object.entries(
    Object.assign({}, ...typesSince.filter(([since]) => since <= version).map(([, some]) => some)),
  ) as [string, fc.Arbitrary<string>][];
  const databases = ['source', 'target'] as const;
  const names = new Map<string, string>();
  let source: SourceSession;
  let target: TargetSession;
  let client: pg.Client;
  let run = 0;

  const open = async (running: PostgresServer): Promise<void> => {
    for (const database of databases) {
      const name = await running.createDatabase();
      names.set(database, name);
      // Types made and dropped: from here on the OIDs of the two databases differ.
      if (database === 'target')
        await running.query(name, 'CREATE TABLE a (); CREATE TABLE b (); DROP TABLE a, b');
      await running.query(name, preamble);
    }
    const url = (database: string): string => running.url(names.get(database));
    source = await postgresEngine.openSource(postgresEngine.parseUrl(url('source')), context);
    target = await postgresEngine.openTarget(postgresEngine.parseUrl(url('target')), context);
    client = new pg.Client({ connectionString: url('source') });
    await client.connect();
  };

  /** Makes `table` in both databases, fills it in the source, moves it, and compares. */
  const travel = async (
    table: string,
    columns: readonly (readonly [name: string, type: string])[],
    rows: readonly (readonly (string | null)[])[],
    encoding: 'text' | 'binary',
    variant = '',
  ): Promise<void> => {
    const name = quoteIdentifier(table);
    const definition = columns.map(([column, type]) => `${quoteIdentifier(column)} ${type}`).join(', ');
    for (const database of databases) {
      await server().query(names.get(database) as string, `CREATE TABLE ${name} (${definition})`);
    }
    try {
      await client.query('BEGIN');
      const marks = columns.map((_, i) => `$${i + 1}`).join(', ');
      for (const row of rows) await client.query(`INSERT INTO ${name} VALUES (${marks})`, [...row]);
      await client.query('COMMIT');
      await target.begin(`job ${++run}`, 2, context);
      await using snapshot = await source.begin(2, context);
      const { tables } = await snapshot.inspect(context);
      const units = snapshot.plan(unruled(tables.filter((each) => each.name === table)), 16_384);
      for (const unit of units) {
        const { bytes, summary } = await collect(snapshot, unit, encoding);
        assert.deepEqual(summary.variant, variant);
        await target.write(writeUnitOf(unit, summary, encoding), oneChunk(bytes), context);
      }
      await target.forget(`job ${run}`, context);
      const [expected, actual] = await Promise.all(
        databases.map((database) => postgresState(server(), names.get(database) as string)),
      );
      assert.deepEqual(actual, expected);
    } finally {
      await client.query('ROLLBACK');
      for (const database of databases) {
        await server().query(names.get(database) as string, `DROP TABLE ${name}`);
      }
    }
  };

  // In a suite of its own, whose hooks end before the server does.
  describe('round trip', () => {
    before(() => open(server()));
    after(async () => {
      await source?.[Symbol.asyncDispose]();
      await target?.[Symbol.asyncDispose]();
      await client?.end();
    });

    for (const encoding of ['text', 'binary'] as const) {
      for (const [kind, known, variant] of [
        ['common types', types, ''],
        ['types of the database itself', Object.entries(userTypes), encoding === 'binary' ? 'text' : ''],
      ] as const) {
        it(`carries every value of ${kind} over, as ${encoding}`, async () => {
          const row = fc.tuple(...known.map(([, value]) => fc.option(value, { freq: 8 })));
          await fc.assert(
            fc.asyncProperty(fc.array(row, { maxLength: 60 }), (rows) =>
              travel(
                't',
                known.map(([type], i) => [`c${i}`, type] as const),
                rows,
                encoding,
                variant,
              ),
            ),
            { numRuns: 8, interruptAfterTimeLimit: 60_000 },
          );
        });
      }

      it(`carries tables and columns of any name over, as ${encoding}`, async () => {
        const name = fc
          .oneof(
            fc
              .string({ unit: 'binary', minLength: 1, maxLength: 12 })
              .map((value) => value.replaceAll('\0', 'x')),
            fc.constantFrom(
              'select',
              'user',
              'A"b',
              "it's",
              '"',
              '\\',
              'a.b',
              '%s',
              '$1',
              ' ',
              'täble',
              '--',
              '{}',
            ),
          )
          .filter((value) => value !== 'mine');
        await fc.assert(
          fc.asyncProperty(name, fc.uniqueArray(name, { minLength: 1, maxLength: 3 }), (table, columns) =>
            travel(
              table,
              columns.map((column) => [column, 'text'] as const),
              [columns.map(() => 'x'), columns.map(() => null)],
              encoding,
            ),
          ),
          { numRuns: 10, interruptAfterTimeLimit: 60_000 },
        );
      });
    }

    it('cuts a big table into ranges that make it whole again, rows out of line too', async () => {
      const rows = Array.from({ length: 300 }, (_, i) => [String(i), `${i} `.repeat(i * 20)]);
      for (const encoding of ['text', 'binary'] as const) {
        await travel(
          'big',
          [
            ['id', 'int'],
            ['body', 'text'],
          ],
          rows,
          encoding,
        );
      }
    });
  });
});
