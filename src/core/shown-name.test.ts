import assert from 'node:assert/strict';
import { test } from 'node:test';
import { shownName } from './shown-name.ts';

const object = (type: string, schema: string | null, table: string | null, name: string) => ({
  ...({ section: 'pre', owner: null, sql: '' } as const),
  ...{ type, schema, table, name },
});

test('what is named within its table shows the table, and what describes a schema its name once', () => {
  assert.deepEqual(shownName(object('DEFAULT', 'hr', 'emp', 'id')), { schema: 'hr', name: 'emp.id' });
  assert.deepEqual(shownName(object('INDEX', 'hr', 'emp', 'emp_name')), { schema: 'hr', name: 'emp_name' });
  assert.deepEqual(shownName(object('OWNER', 'hr', null, 'hr')), { schema: null, name: 'hr' });
  assert.deepEqual(shownName(object('OWNER', 'hr', null, 'emp')), { schema: 'hr', name: 'emp' });
  assert.deepEqual(shownName(object('TABLE', 'hr', null, 'hr')), { schema: 'hr', name: 'hr' });
});
