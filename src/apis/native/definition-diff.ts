/*
 * What differs between two definitions in JSON. Nodes and parameters are told apart by their names, so that an order that changed is no change of
 * all that moved.
 */

/** One difference. `path`: members with dots between; things with names by these, in brackets: `nodes[load].action.script.name`. */
export interface Difference {
  readonly path: string;
  readonly change: 'added' | 'removed' | 'changed' | 'moved';
  /** JSON values; absent where there is none on that side. */
  readonly from?: unknown;
  readonly to?: unknown;
}

type Json = Readonly<Record<string, unknown>>;

/** The differences in the order of the text of `to`, what is only in `from` behind. */
export function differencesOf(from: unknown, to: unknown, path = ''): readonly Difference[] {
  if (isObject(from) && isObject(to)) return betweenObjects(from, to, path);
  if (isNamedList(from) && isNamedList(to)) return betweenLists(from, to, path);
  return equals(from, to) ? [] : [{ path, change: 'changed', from, to }];
}

function betweenObjects(from: Json, to: Json, path: string): readonly Difference[] {
  const names = [...new Set([...Object.keys(to), ...Object.keys(from)])];
  return names.flatMap((name): readonly Difference[] => {
    const place = path === '' ? name : `${path}.${name}`;
    if (!Object.hasOwn(from, name)) return [{ path: place, change: 'added', to: to[name] }];
    if (!Object.hasOwn(to, name)) return [{ path: place, change: 'removed', from: from[name] }];
    return differencesOf(from[name], to[name], place);
  });
}

interface Named extends Json {
  readonly name: string;
}

function betweenLists(from: readonly Named[], to: readonly Named[], path: string): readonly Difference[] {
  const old = new Map(from.map((item) => [item.name, item]));
  const kept = new Set(to.map(({ name }) => name));
  const names = (items: readonly Named[]) => items.map(({ name }) => name);
  const [before, after] = [
    names(from).filter((name) => kept.has(name)),
    names(to).filter((name) => old.has(name)),
  ];
  return [
    ...to.flatMap((item): readonly Difference[] => {
      const place = `${path}[${item.name}]`;
      const previous = old.get(item.name);
      return previous === undefined
        ? [{ path: place, change: 'added', to: item }]
        : differencesOf(previous, item, place);
    }),
    ...from
      .filter(({ name }) => !kept.has(name))
      .map((item): Difference => ({ path: `${path}[${item.name}]`, change: 'removed', from: item })),
    ...(equals(before, after) ? [] : [{ path, change: 'moved' as const, from: before, to: after }]),
  ];
}

const isObject = (value: unknown): value is Json =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** A list of things with names of their own: two empty lists are equal anyway. */
const isNamedList = (value: unknown): value is readonly Named[] =>
  Array.isArray(value) &&
  value.every((item) => isObject(item) && typeof item.name === 'string') &&
  new Set(value.map(({ name }: Named) => name)).size === value.length;

const equals = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
