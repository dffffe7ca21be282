import type { DdlObject } from '../../../core/catalogue.ts';

const globalTypes: ReadonlySet<string> = new Set(['ROLE', 'TABLESPACE']);

/**
 * Those of `renamed` that would make a role or tablespace a second time, because several got its name: it stays as the one is that had
 * the name before, else as the first. What is PostgreSQL's own (pg_default) is not made at all. `objects` is what they were, in the same order.
 */
export function doubledGlobals(
  objects: readonly DdlObject[],
  renamed: readonly DdlObject[],
): ReadonlySet<DdlObject> {
  const pairs = renamed.flatMap((now, index) =>
    globalTypes.has(now.type) ? [{ now, isNew: now.name !== objects[index]?.name }] : [],
  );
  const keyOf = ({ type, name }: DdlObject): string => `${type} ${name}`;
  const made = new Set(pairs.flatMap(({ now, isNew }) => (isNew ? [] : [keyOf(now)])));
  const doubled = pairs.filter(({ now, isNew }) => {
    if (!isNew) return false;
    const isThere = now.name.startsWith('pg_') || made.has(keyOf(now));
    made.add(keyOf(now));
    return isThere;
  });
  return new Set(doubled.map(({ now }) => now));
}
