import assert from 'node:assert/strict';
import type { Table } from '../../src/core/catalogue.ts';
import { AppError } from '../../src/core/errors.ts';
import type { ReadRules } from '../../src/core/read-rules.ts';
import type { Encoding, Mask } from '../../src/core/request.ts';
import { parseRowFilter } from '../../src/core/row-filter-parser.ts';
import type { Snapshot, TableToRead } from '../../src/engines/engine.ts';
import { createPostgresEngine } from '../../src/engines/postgres/engine.ts';
import { collect, quietContext } from '../conformance/transfer.ts';
import type { PostgresServer } from './postgres.ts';

const context = quietContext();
const engine = createPostgresEngine();

/** Rules that ask for nothing. */
export const noRules: ReadRules = { filter: null, sample: null, masks: [], hashKey: 'the key' };
export const hash: Mask = { method: 'hash' };
export const toNull: Mask = { method: 'null' };
export const constant = (value: string): Mask => ({ method: 'constant', value });
export const partial = (keepFirst: number, keepLast: number): Mask => ({
  method: 'partial',
  keepFirst,
  keepLast,
});

/** Of every type that has masks of its own, and of some that have none. */
export const person = `
CREATE EXTENSION IF NOT EXISTS citext;
CREATE DOMAIN mail AS varchar(30); CREATE DOMAIN mails AS mail; CREATE DOMAIN age AS int CHECK (VALUE BETWEEN 0 AND 150);
CREATE TYPE mood AS ENUM ('calm', 'wild');
CREATE TABLE person (
  id int PRIMARY KEY, small smallint, big bigint, code char(12), name text NOT NULL, short varchar(8), e mail, ee mails,
  ci citext, token uuid, raw bytea, price numeric(10,2), wide numeric(30,4), free numeric, day date, at timestamptz,
  years age, m mood, tags text[], doc jsonb, ok boolean, ratio float8, bits bit(3), net inet
);
INSERT INTO person SELECT n, n, n * 3000000000, 'code-' || n, 'Secret-' || n, 'sec' || n, 'secret' || n || '@x.org', 'mail' || n,
  'SECRET-' || n, ('5ec2e700-0000-4000-8000-0000000000' || lpad(n::text, 2, '0'))::uuid, convert_to('secret-' || n, 'UTF8'),
  n * 1.25, n * 100000.5, n / 7.0, date '1999-12-31' + n, timestamptz '1999-12-31' + n * interval '1 hour', n,
  'wild', ARRAY['secret-' || n], jsonb_build_object('secret', n), true, n / 3.0, B'101', '10.0.0.1'
FROM generate_series(0, 60) n;
INSERT INTO person (id, name) VALUES (1000, 'Secret-0')`;

/** A database made by `sql`, held by a snapshot that lasts for `use`. */
export async function withDatabase(
  server: PostgresServer,
  sql: string,
  use: (database: {
    readonly name: string;
    readonly snapshot: Snapshot;
    readonly join: () => Promise<Snapshot>;
    readonly table: (name: string) => Table;
  }) => Promise<void>,
): Promise<void> {
  const name = await server.createDatabase();
  await server.query(name, sql);
  await using source = await engine.openSource(engine.parseUrl(server.url(name)), context);
  await using snapshot = await source.begin(2, context);
  const { tables } = await snapshot.inspect(context);
  const table = (wanted: string): Table => {
    const found = tables.find((each) => each.name === wanted);
    assert.ok(found !== undefined, wanted);
    return found;
  };
  await use({ name, snapshot, table, join: () => source.join(snapshot.token as string, 2, context) });
}

/** A table of a catalogue with rules, the rest of which ask for nothing. */
export const ruled = (table: Table, rules: Partial<ReadRules>): TableToRead => ({
  ...table,
  rules: { ...noRules, ...rules },
});
export const masksOf = (masks: Readonly<Record<string, Mask>>): Partial<ReadRules> => ({
  masks: Object.entries(masks).map(([column, mask], i) => ({ column, mask, field: `mask[${i}]` })),
});
export const filterOf = async (where: string): Promise<Partial<ReadRules>> => ({
  filter: await parseRowFilter(where, 'query[0].where'),
});

/** All bytes of a table. */
export async function bytesOf(
  snapshot: Snapshot,
  table: TableToRead,
  encoding: Encoding = 'text',
  unitBytes = 1e9,
): Promise<Buffer> {
  const units = snapshot.plan([table], unitBytes);
  return Buffer.concat(
    await Promise.all(units.map(async (unit) => (await collect(snapshot, unit, encoding)).bytes)),
  );
}

/** All rows of a table, as arrays of texts. */
export const rowsOf = async (
  snapshot: Snapshot,
  table: TableToRead,
  unitBytes?: number,
): Promise<string[][]> =>
  (await bytesOf(snapshot, table, 'text', unitBytes))
    .toString()
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => line.split('\t'));
/** The values of one column, in the order of the rows. */
export const columnOf = async (snapshot: Snapshot, table: TableToRead, name: string): Promise<string[]> => {
  const at = table.columns.findIndex((column) => column.name === name);
  return (await rowsOf(snapshot, table)).map((row) => row[at] as string);
};
/** The error that `work` is refused with. */
export const refusal = async (work: () => unknown): Promise<AppError> => {
  try {
    await work();
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, 'field-invalid', error.message);
    return error;
  }
  return assert.fail('nothing was refused');
};
