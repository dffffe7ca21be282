import { setImmediate as nextTurn } from 'node:timers/promises';
import type { DdlObject } from '../../../core/catalogue.ts';
import type { ApplyFailure } from '../../engine.ts';
import { Belonging } from './belonging.ts';
import type { Identity } from './identify.ts';
import { readObject } from './refusal.ts';
import { loadSqlParser } from './statements.ts';

/** Objects looked at between two looks at the rest of the world: some 10 ms of work. */
const objectsAtOnce = 100;

/**
 * Those of `objects` that an import does not run, each with a sentence that says why. A dump set may be
 * anybody's: every statement is parsed, and only what pg_dump and our own export write is let through, under the name and with the table
 * that the object has in the set.
 *
 * What a definition does when it is used is not looked at: functions in any language (PostgreSQL lets superusers alone make those in C),
 * views over them, servers of foreign tables. They run with the rights of the role that imports, as with pg_restore.
 */
export async function refuseObjects(objects: readonly DdlObject[]): Promise<readonly ApplyFailure[]> {
  await loadSqlParser();
  const belonging = new Belonging();
  const readings: { readonly object: DdlObject; readonly identity: Identity }[] = [];
  const failures: ApplyFailure[] = [];
  const refuse = ({ type, schema, name }: DdlObject, message: string): void => {
    failures.push({ object: { type, schema, name }, message });
  };
  for (const [index, object] of objects.entries()) {
    if (index % objectsAtOnce === objectsAtOnce - 1) await nextTurn();
    const reading = readObject(object);
    if (typeof reading === 'string') {
      refuse(object, reading);
      continue;
    }
    readings.push({ object, identity: reading.identity });
    belonging.learn(reading.statements);
  }
  for (const { object, identity } of readings) {
    if (belonging.agrees(object, identity)) continue;
    refuse(
      object,
      `The dump set says that it belongs to ${nameOf(object.table)}, and its statement says otherwise.`,
    );
  }
  return failures;
}

const nameOf = (table: string | null): string => (table === null ? 'no table' : `the table ${table}`);
