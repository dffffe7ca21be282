import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableKey } from '../core/catalogue.ts';
import type { Dependent, ExistingTable } from '../engines/engine.ts';
import { findRemade } from './remade-objects.ts';
import type { TableDecision } from './table-decision.ts';
import { inUse } from './target-refusal.ts';

const named = (name: string) => ({ schema: 'hr', name });
const decided = (name: string, action: TableDecision['action']) => ({
  table: named(name),
  decision: { action, reason: '' },
});
const view = { type: 'VIEW', schema: 'hr', name: 'rich' };
const rich: Dependent = { title: 'view hr.rich', object: view, table: null };
/** emp refers to dept, and a view reads emp. */
const found = new Map<string, Pick<ExistingTable, 'referredToBy' | 'usedBy'>>([
  [tableKey(named('dept')), { referredToBy: [named('emp')], usedBy: [] }],
  [tableKey(named('emp')), { referredToBy: [], usedBy: [rich] }],
]);

const nothing = () => false;

test('a table is emptied or dropped only together with those that refer to it', () => {
  assert.equal(inUse([decided('dept', 'append')], found, nothing), null);
  assert.equal(inUse([decided('dept', 'truncate'), decided('emp', 'truncate')], found, nothing), null);
  for (const others of [[], [decided('emp', 'refuse')]]) {
    const error = inUse([decided('dept', 'truncate'), ...others], found, nothing);
    assert.equal(error?.code, 'table-in-use');
    assert.match(
      error.message,
      /hr\.dept of the target cannot be emptied, because of a foreign key of hr\.emp\./,
    );
  }
});

test('a table that something is made from can be emptied, but dropped only together with it', () => {
  assert.equal(inUse([decided('emp', 'truncate')], found, nothing), null);
  const replaced = [decided('emp', 'replace')];
  const error = inUse(replaced, found, nothing);
  assert.match(error?.message ?? '', /hr\.emp of the target cannot be dropped, because of view hr\.rich\./);
  assert.match(error?.hint ?? '', /truncate/);
  const more = { section: 'pre', table: null, owner: null, sql: '' } as const;
  const remade = findRemade(
    [
      { ...view, ...more },
      { ...view, ...more, name: 'poor' },
    ],
    replaced,
    found,
  );
  assert.deepEqual(
    [...remade.objects].map(({ name }) => name),
    ['rich'],
  );
  assert.equal(inUse(replaced, found, remade.has), null);
  assert.equal(findRemade([{ ...view, ...more }], [decided('emp', 'truncate')], found).objects.size, 0);
});

test('a part of another table goes with that table', () => {
  const policy: Dependent = { title: 'policy p on table hr.dept', object: null, table: named('dept') };
  const there = new Map([[tableKey(named('emp')), { referredToBy: [], usedBy: [policy] }]]);
  assert.equal(inUse([decided('emp', 'replace'), decided('dept', 'replace')], there, nothing), null);
  assert.match(
    inUse([decided('emp', 'replace')], there, nothing)?.message ?? '',
    /policy p on table hr\.dept/,
  );
});
