import assert from 'node:assert/strict';
import { test } from 'node:test';
import { belongingTo } from './belonging.ts';
import type { DdlObject } from './catalogue.ts';

const object = (
  type: string,
  schema: string | null,
  name: string,
  table: string | null = null,
): DdlObject => ({
  section: 'pre',
  type,
  schema,
  name,
  table,
  owner: null,
  sql: '',
});

/** Names of what belongs to `head` among `others`. */
function belonging(head: DdlObject, ...others: readonly DdlObject[]): readonly string[] {
  const belongs = belongingTo([head], [head, ...others]);
  return others.filter(belongs).map(({ type, name }) => `${type} ${name}`);
}

test('parts of a table belong to it, those of its namesakes do not', () => {
  assert.deepEqual(
    belonging(
      object('TABLE', 'a', 't'),
      object('INDEX', 'a', 'i', 't'),
      object('SEQUENCE', 'a', 's', 't'),
      object('COMMENT', 'a', 'i', 't'),
      object('OWNER', 'a', 't', 't'),
      object('INDEX', 'b', 'i', 't'),
      object('VIEW', 'a', 'v'),
      object('COMMENT', 'a', 'v'),
    ),
    ['INDEX i', 'SEQUENCE s', 'COMMENT i', 'OWNER t'],
  );
});

test('what describes an object belongs to it; what only has its name does not', () => {
  assert.deepEqual(
    belonging(
      object('VIEW', 'a', 'audit'),
      object('ACL', 'a', 'audit'),
      object('RULE', 'a', 'r', 'audit'),
      object('TRIGGER', 'a', 'audit', 't'),
      object('TEXT SEARCH CONFIGURATION', 'a', 'audit'),
    ),
    ['ACL audit', 'RULE r'],
  );
  assert.deepEqual(
    belonging(
      object('FUNCTION', 'a', 'f(integer)'),
      object('ACL', 'a', 'f(integer)'),
      object('ACL', 'a', 'f(text)'),
    ),
    ['ACL f(integer)'],
  );
  assert.deepEqual(
    belonging(
      object('INDEX', 'a', 'i', 't'),
      object('CLUSTER ON', 'a', 'i', 't'),
      object('INDEX', 'a', 'j', 't'),
    ),
    ['CLUSTER ON i'],
  );
});

test('descriptions of a schema belong to it, those of its namesake within do not', () => {
  const schema = object('SCHEMA', null, 'app');
  const comment = object('COMMENT', 'app', 'app');
  assert.deepEqual(belonging(schema, comment, object('VIEW', 'app', 'v')), ['COMMENT app']);
  assert.deepEqual(belonging(schema, comment, object('VIEW', 'app', 'app')), []);
  assert.deepEqual(belonging(object('EXTENSION', null, 'app'), object('COMMENT', null, 'app'), comment), [
    'COMMENT app',
  ]);
});
