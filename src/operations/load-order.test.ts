import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { tableKey } from '../core/catalogue.ts';
import { loadOrder } from './load-order.ts';

const name = (table: string) => ({ schema: 's', name: table });
const key = (table: string) => tableKey(name(table));
const table = (own: string, ...references: readonly string[]) => ({
  ...name(own),
  columns: [],
  references: references.map(name),
});
const keys = (...tables: readonly string[]) => new Set(tables.map(key));

test('referenced tables come first, those that get no rows do not matter', () => {
  const { first, circles } = loadOrder(
    [table('line', 'order', 'gone'), table('order')],
    keys('line', 'order'),
  );
  assert.deepEqual([...first], [[key('line'), [key('order')]]]);
  assert.deepEqual(circles, []);
});

test('circles are given up, and what leads to them is not', () => {
  const { first, circles } = loadOrder(
    [table('a', 'b'), table('b', 'a', 'c'), table('c', 'c'), table('d', 'a')],
    keys('a', 'b', 'c', 'd'),
  );
  assert.deepEqual(
    circles.map((circle) => [...circle].sort()),
    [[key('c')], [key('a'), key('b')]],
  );
  assert.deepEqual(Object.fromEntries(first), { [key('b')]: [key('c')], [key('d')]: [key('a')] });
});

test('no order ever waits for itself, and only references within circles are missing from it', () => {
  const graph = fc.array(fc.array(fc.nat(11), { maxLength: 4 }), { minLength: 1, maxLength: 12 });
  fc.assert(
    fc.property(graph, (edges) => {
      const tables = edges.map((to, own) => table(String(own), ...to.map(String)));
      const written = new Set(tables.map(tableKey));
      const { first, circles } = loadOrder(tables, written);
      const done = new Set<string>();
      const visit = (at: string, path: readonly string[]): void => {
        assert.ok(!path.includes(at), `waits for itself: ${path.join(' ')} ${at}`);
        if (done.has(at)) return;
        for (const next of first.get(at) ?? []) visit(next, [...path, at]);
        done.add(at);
      };
      for (const at of written) visit(at, []);
      for (const { references, ...own } of tables) {
        for (const to of references.map(tableKey).filter((each) => written.has(each))) {
          const kept = first.get(tableKey(own))?.includes(to) === true;
          const inCircle = circles.some((circle) => circle.includes(tableKey(own)) && circle.includes(to));
          assert.equal(kept, !inCircle);
        }
      }
    }),
  );
});

test('long chains do not exhaust the stack', () => {
  const names = Array.from({ length: 20_000 }, (_, at) => String(at));
  const { first } = loadOrder(
    names.map((own, at) => table(own, ...names.slice(at + 1, at + 2))),
    keys(...names),
  );
  assert.equal(first.size, names.length - 1);
});
