import type { DdlObject } from '../../../core/catalogue.ts';
import { classifyPostgresError } from '../classify.ts';
import { loadSqlParser, readStatements } from '../ddl/statements.ts';
import { quoteLiteral } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';

/** A tablespace whose CREATE was run, or could not be. */
export interface MadeTablespace {
  /** Its object without the CREATE, to be applied like any other. */
  readonly rest: DdlObject;
  /** What the server said; null when it is there. */
  readonly failure: string | null;
}

/**
 * Makes the tablespaces among `objects`, which the server does outside of transactions only, each as soon as it can: without its owner,
 * who may be yet to come. Repeatable: those that are there stay.
 */
export async function makeTablespaces(
  connection: Connection,
  objects: readonly DdlObject[],
  signal: AbortSignal,
): Promise<ReadonlyMap<DdlObject, MadeTablespace>> {
  const made = new Map<DdlObject, MadeTablespace>();
  for (const object of objects) {
    if (object.type !== 'TABLESPACE') continue;
    await loadSqlParser();
    const [create, ...others] = readStatements(object.sql) ?? [];
    const rest = { ...object, sql: others.map(({ sql }) => sql).join('\n') };
    made.set(object, { rest, failure: await make(connection, object.name, create?.sql ?? '', signal) });
  }
  return made;
}

async function make(
  connection: Connection,
  name: string,
  create: string,
  signal: AbortSignal,
): Promise<string | null> {
  const there = await connection.query(
    `SELECT FROM pg_catalog.pg_tablespace WHERE spcname = ${quoteLiteral(name)}`,
    signal,
  );
  if (there.length > 0) return null;
  try {
    await connection.query(create, signal);
    return null;
  } catch (error) {
    if (!(error instanceof ServerError) || !connection.isIdle) throw error;
    const reason = classifyPostgresError(error, `create tablespace ${name}`);
    if (reason.temporary) throw reason;
    return reason.message;
  }
}
