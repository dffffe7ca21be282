import type { DdlObject } from '../../../core/catalogue.ts';
import { quoteLiteral, quoteQualified } from '../names.ts';
import type { Connection } from '../wire/connection.ts';

/** Sequences read by one statement. */
const sequencesAtOnce = 200;

interface Named {
  readonly schema: string;
  readonly name: string;
}

/**
 * What DDL alone does not bring back: the value of each sequence among `objects` (`SEQUENCE SET`), and the rows of each
 * populated materialized view (`MATERIALIZED VIEW DATA`), in the order of `objects`, in which they can be refreshed one by
 * one. `connection` is in the snapshot; sequences, as always, show their latest value.
 */
export async function readStateObjects(
  connection: Connection,
  objects: readonly DdlObject[],
  signal: AbortSignal,
): Promise<readonly DdlObject[]> {
  return [
    ...(await sequenceValues(connection, ofType(objects, 'SEQUENCE'), signal)),
    ...(await refreshes(connection, ofType(objects, 'MATERIALIZED VIEW'), signal)),
  ];
}

const ofType = (objects: readonly DdlObject[], type: string): (DdlObject & Named)[] =>
  objects.filter((object): object is DdlObject & Named => object.type === type && object.schema !== null);

async function sequenceValues(
  connection: Connection,
  sequences: readonly (DdlObject & Named)[],
  signal: AbortSignal,
): Promise<DdlObject[]> {
  const result: DdlObject[] = [];
  for (let at = 0; at < sequences.length; at += sequencesAtOnce) {
    const some = sequences.slice(at, at + sequencesAtOnce);
    const reads = some.map((each, i) => `SELECT ${i}, last_value, is_called FROM ${quoteQualified(each)}`);
    const rows = await connection.query(`${reads.join('\nUNION ALL ')}\nORDER BY 1`, signal);
    some.forEach((sequence, i) => {
      const [, value, isCalled] = rows[i] as readonly string[];
      const name = quoteLiteral(quoteQualified(sequence));
      result.push({
        ...sequence,
        section: 'post',
        type: 'SEQUENCE SET',
        sql: `SELECT pg_catalog.setval(${name}, ${value}, ${isCalled === 't'});\n`,
      });
    });
  }
  return result;
}

async function refreshes(
  connection: Connection,
  views: readonly (DdlObject & Named)[],
  signal: AbortSignal,
): Promise<DdlObject[]> {
  if (views.length === 0) return [];
  const rows = await connection.query(
    `SELECT n.nspname, c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'm' AND c.relispopulated`,
    signal,
  );
  const populated = new Set(rows.map(([schema, name]) => JSON.stringify([schema, name])));
  return views
    .filter((view) => populated.has(JSON.stringify([view.schema, view.name])))
    .map((view) => ({
      ...view,
      section: 'post',
      type: 'MATERIALIZED VIEW DATA',
      sql: `REFRESH MATERIALIZED VIEW ${quoteQualified(view)};\n`,
    }));
}
