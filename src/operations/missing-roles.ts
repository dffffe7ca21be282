import type { DdlObject } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { Engine, TargetSession } from '../engines/engine.ts';
import { warnLine } from './target-lines.ts';

const roleType = 'ROLE';
/** The types of statements that name roles other than owners. */
const namingTypes: ReadonlySet<string> = new Set(['ACL', 'DEFAULT ACL', 'POLICY']);
/** Roles that the line names. */
const named = 20;

/**
 * One line about the roles that `objects` (to be made) name and the target does not know, unless the job makes them: their statements will
 * fail one by one. Owners are looked at, and of `known` (the roles of the source, where it told) those that grants and policies name.
 */
export async function missingRoleLines(
  engine: Engine,
  target: TargetSession,
  objects: readonly DdlObject[],
  context: OperationContext,
  known: readonly string[] = [],
): Promise<readonly NewJobLogEntry[]> {
  if (!engine.capabilities.globalTypes.includes(roleType)) return [];
  const made = new Set(objects.flatMap(({ type, name }) => (type === roleType ? name : [])));
  const used = new Set(objects.flatMap(({ type, owner }) => (type === 'OWNER' ? (owner ?? []) : [])));
  const words = wordsOf(objects.flatMap(({ type, sql }) => (namingTypes.has(type) ? sql : [])));
  for (const name of known) if (words.has(name)) used.add(name);
  const wanted = [...used].filter((name) => !made.has(name)).map(roleNamed);
  if (wanted.length === 0) return [];
  const there = new Set((await target.findExisting(wanted, context)).map(({ name }) => name));
  const missing = wanted.flatMap(({ name }) => (there.has(name) ? [] : name)).sort();
  if (missing.length === 0) return [];
  const more = missing.length > named ? ` and ${missing.length - named} more` : '';
  return [
    warnLine(
      `The target has no role ${missing.slice(0, named).join(', ')}${more}: what belongs to them will belong to the user of the import, and their grants fail. Make the roles first, set globals (for a full export), or use remap_owner.`,
      { roles: missing.slice(0, named) },
    ),
  ];
}

/** Everything that may be a name in the texts: enough for a hint. */
function wordsOf(texts: readonly string[]): ReadonlySet<string> {
  const words = new Set<string>();
  for (const text of texts) {
    for (const [word] of text.matchAll(/"(?:[^"]|"")+"|[\p{L}\p{N}_$]+/gu)) {
      words.add(word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word);
    }
  }
  return words;
}

const roleNamed = (name: string): DdlObject => ({
  section: 'pre',
  type: roleType,
  schema: null,
  name,
  table: null,
  owner: null,
  sql: '',
});
