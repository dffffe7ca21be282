import assert from 'node:assert/strict';
import { test } from 'node:test';
import { tableExistsActions } from '../core/request.ts';
import { decideTable, type TableFacts } from './table-decision.ts';

const there = {
  ...{ schema: 'hr', name: 'emp', columns: ['id', 'name'] },
  ...{ references: [], referredToBy: [], usedBy: [] },
};
const facts: TableFacts = {
  action: null,
  keyed: false,
  defined: true,
  columns: ['id', 'name'],
  incomplete: false,
  taken: true,
  found: there,
};
const decide = (changes: Partial<TableFacts>) => decideTable({ ...facts, ...changes });

test('a table that is not there is made, where there is a definition', () => {
  for (const action of [null, ...tableExistsActions]) {
    assert.equal(decide({ action, taken: false, found: null }).action, 'create');
    assert.equal(decide({ action, defined: false, taken: false, found: null }).action, 'refuse');
  }
});

test('a table that is there follows the action; without one it is in the way', () => {
  assert.equal(decide({}).action, 'blocked');
  for (const action of tableExistsActions) assert.equal(decide({ action }).action, action);
});

test('rows without a definition are added', () => {
  assert.equal(decide({ defined: false }).action, 'append');
  assert.equal(decide({ defined: false, action: 'truncate' }).action, 'truncate');
  assert.equal(decide({ defined: false, action: 'replace' }).action, 'refuse');
});

test('a definition without rows leaves the rows that are there', () => {
  assert.equal(decide({ columns: null, action: 'append' }).action, 'skip');
  assert.equal(decide({ columns: null, action: 'truncate' }).action, 'skip');
  assert.equal(decide({ columns: null, action: 'replace' }).action, 'replace');
});

test('nothing is given up for a table whose export failed', () => {
  for (const action of tableExistsActions) assert.equal(decide({ action, incomplete: true }).action, 'skip');
});

test('columns that the table lacks are named', () => {
  const decision = decide({ action: 'append', columns: ['id', 'boss', 'Pay, monthly'] });
  assert.equal(decision.action, 'refuse');
  assert.match(decision.reason, /columns "boss", "Pay, monthly"$/);
  assert.equal(decide({ action: 'replace', columns: ['id', 'boss'] }).action, 'replace');
});

test('what is no table takes no rows', () => {
  assert.equal(decide({ action: 'truncate', found: null }).action, 'refuse');
  assert.equal(decide({ action: 'replace', found: null }).action, 'refuse');
  assert.equal(decide({ action: 'skip', found: null }).action, 'skip');
});

test('where rows have keys, an empty table is one to write, and a table that holds rows is in the way', () => {
  const keyed = (changes: Partial<TableFacts>) =>
    decide({ keyed: true, defined: false, taken: false, ...changes });
  for (const action of [null, ...tableExistsActions]) {
    assert.deepEqual(keyed({ action, found: null }), { action: 'create', reason: '' });
  }
  assert.deepEqual(keyed({}), { action: 'blocked', reason: 'it holds rows already' });
  for (const existingRows of ['skip', 'replace'] as const) {
    const decision = keyed({ action: existingRows });
    assert.equal(decision.action, 'append');
    assert.equal(decision.existingRows, existingRows);
    assert.match(decision.reason, /^it holds rows already, and those whose key/);
  }
  assert.deepEqual(keyed({ action: 'truncate' }), { action: 'truncate', reason: '' });
  for (const action of tableExistsActions) assert.equal(keyed({ action, incomplete: true }).action, 'skip');
});
