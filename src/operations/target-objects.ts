import { belongingTo } from '../core/belonging.ts';
import { type DdlObject, type TableName, tableKey } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import { filledBy } from '../core/object-content.ts';
import type { Content, TableExistsAction } from '../core/request.ts';
import type { TargetSession } from '../engines/engine.ts';
import type { DecidedTable, TableDecision } from './table-decision.ts';

/** What becomes of the objects of a job. */
export interface SortedObjects {
  /** To be made, in their order. */
  readonly made: readonly DdlObject[];
  /** Not made, with the reason. */
  readonly kept: readonly {
    readonly object: DdlObject;
    readonly action: TableDecision['action'];
    readonly reason: string;
  }[];
  /** Those among them, other than tables, that exist themselves: worth a line each. */
  readonly left: readonly DdlObject[];
  /** Those that are in the way, since nobody said what to do with what exists. */
  readonly blocked: readonly DdlObject[];
}

export interface ObjectFacts {
  /** Of the content that was asked for. */
  readonly objects: readonly DdlObject[];
  /** By table key, of every table that the job is about. */
  readonly decisions: ReadonlyMap<string, DecidedTable>;
  readonly isThere: (object: DdlObject) => boolean;
  /** Those of `objects` that exist, and are dropped together with the tables that they are made from. */
  readonly remade: ReadonlySet<DdlObject>;
  readonly content: Content;
  readonly action: TableExistsAction | null;
  readonly globalTypes: readonly string[];
}

/** Asks the target once which of `objects`, and of what they fill, exist. */
export async function lookFor(
  target: TargetSession,
  objects: readonly DdlObject[],
  context: OperationContext,
): Promise<(object: DdlObject) => boolean> {
  const asked = objects.map((object) => filledBy(object) ?? object);
  const there = new Set((await target.findExisting(asked, context)).map(identity));
  return (object) => there.has(identity(object));
}

/** Operators share their name: only the text tells them apart. */
const identity = ({ type, schema, name, sql }: DdlObject): string =>
  JSON.stringify([type, schema, name, sql]);

/** Sorts the objects by what is done with them; see {@link decideTarget} for the rules. */
export function sortObjects(facts: ObjectFacts): SortedObjects {
  const { objects, decisions, content } = facts;
  const staying = [...decisions.values()].filter(({ decision }) => !isMaking(decision.action));
  const heads = new Set(objects.filter((object) => stays(object, facts)));
  const belongs = belongingTo([...staying.map(({ table }) => tableHead(table)), ...heads], objects);

  const made: DdlObject[] = [];
  const kept: SortedObjects['kept'][number][] = [];
  const keep = (object: DdlObject, reason: string) => kept.push({ object, action: 'skip', reason });
  for (const object of objects) {
    if (heads.has(object)) keep(object, 'it exists already');
    else if (object.type === 'TABLE' && !isMaking(decisionOf(object, object.name, decisions))) {
      keep(object, 'it exists already');
    } else if (content === 'data_only' || belongs(object)) {
      if (fillsWhatStays(object, facts)) made.push(object);
      else keep(object, 'it belongs to what exists already');
    } else made.push(object);
  }
  const blocked = objects.filter(
    (object) =>
      decisionOf(object, object.type === 'TABLE' ? object.name : null, decisions) === 'blocked' ||
      (facts.action === null && heads.has(object) && !facts.globalTypes.includes(object.type)),
  );
  const inTheWay = new Set(blocked);
  return {
    made,
    kept: kept.map((one) => (inTheWay.has(one.object) ? { ...one, action: 'blocked' } : one)),
    left: [...heads].filter((object) => !inTheWay.has(object)),
    blocked,
  };
}

const isMaking = (action: TableDecision['action'] | null): boolean =>
  action === 'create' || action === 'replace';

function decisionOf(
  { schema }: DdlObject,
  table: string | null,
  decisions: ObjectFacts['decisions'],
): TableDecision['action'] | null {
  if (schema === null || table === null) return null;
  return decisions.get(tableKey({ schema, name: table }))?.decision.action ?? null;
}

/** What is made in a way that takes one that is there; it is in nobody's way. */
const takesWhatIsThere: ReadonlySet<string> = new Set(['SCHEMA', 'EXTENSION', 'PROCEDURAL LANGUAGE']);

/** Whether an object other than a table exists and is not made anew. */
function stays(object: DdlObject, { decisions, isThere, remade, action, globalTypes }: ObjectFacts): boolean {
  if (object.type === 'TABLE' || filledBy(object) !== null || !isThere(object)) return false;
  if (remade.has(object)) return false;
  // What belongs to a table shares its fate: dropped with it, or left with it.
  const ofTable = decisionOf(object, object.table, decisions);
  if (ofTable !== null && ofTable !== 'create') return false;
  return action !== null || globalTypes.includes(object.type) || !takesWhatIsThere.has(object.type);
}

/** Contents of what stays: a materialized view that gets new rows to look at, the sequence of a table that is emptied. */
function fillsWhatStays(object: DdlObject, { content, decisions, isThere }: ObjectFacts): boolean {
  const filled = filledBy(object);
  if (filled === null || !isThere(filled)) return false;
  if (object.type === 'SEQUENCE SET') return decisionOf(object, object.table, decisions) === 'truncate';
  return content === 'data_only';
}

const tableHead = ({ schema, name }: TableName): DdlObject => ({
  section: 'pre',
  type: 'TABLE',
  schema,
  name,
  table: null,
  owner: null,
  sql: '',
});
