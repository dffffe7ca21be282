import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableKey } from '../core/catalogue.ts';
import type { TableDecision } from './table-decision.ts';
import { inUse } from './target-refusal.ts';

const named = (name: string) => ({ schema: 'hr', name });
const decided = (name: string, action: TableDecision['action']) => ({
  table: named(name),
  decision: { action, reason: '' },
});
/** emp refers to dept, and a view reads emp. */
const found = new Map([
  [tableKey(named('dept')), { referredToBy: [named('emp')], usedBy: [] }],
  [tableKey(named('emp')), { referredToBy: [], usedBy: ['view hr.rich'] }],
]);

test('a table is emptied or dropped only together with those that refer to it', () => {
  assert.equal(inUse([decided('dept', 'append')], found), null);
  assert.equal(inUse([decided('dept', 'truncate'), decided('emp', 'truncate')], found), null);
  for (const others of [[], [decided('emp', 'refuse')]]) {
    const error = inUse([decided('dept', 'truncate'), ...others], found);
    assert.equal(error?.code, 'table-in-use');
    assert.match(
      error.message,
      /hr\.dept of the target cannot be emptied, because of a foreign key of hr\.emp\./,
    );
  }
});

test('a table that something is made from can be emptied, but not dropped', () => {
  assert.equal(inUse([decided('emp', 'truncate')], found), null);
  const error = inUse([decided('emp', 'replace')], found);
  assert.match(error?.message ?? '', /hr\.emp of the target cannot be dropped, because of view hr\.rich\./);
});
