// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DefinitionNode } from './definition.ts';
import { type NodeEnd, turnOf } from './node-ways.ts';

const ends: readonly NodeEnd[] = ['completed', 'failed', 'ignored', 'skipped', 'cut'];

/** What becomes of a node after `a`, and after `b` where its end is given. */
function turn(
  a: NodeEnd,
  conditions: Readonly<Record<string, string>> = {},
  b?: NodeEnd,
): 'run' | 'skipped' | 'cut' {
  const after = b === undefined ? ['a'] : ['a', 'b'];
  const node: DefinitionNode = {
    name: 'c',
    action: { type: 'none' },
    after,
    conditions: Object.entries(conditions).map(([name, expression]) => ({ after: name, expression })),
    retries: 0,
    retryDelaySeconds: 0,
    timeoutSeconds: null,
    onFailure: 'fail',
  };
  const known = new Map<string, NodeEnd>([['a', a], ...(b === undefined ? [] : [['b', b] as const])]);
  const result = turnOf(node, known, { n: '1' });
  return result.run ? 'run' : result.end;
}

const table: Readonly<Record<string, readonly ('run' | 'skipped' | 'cut')[]>> = {
  '': ['run', 'cut', 'run', 'skipped', 'cut'],
  succeeded: ['run', 'skipped', 'skipped', 'skipped', 'skipped'],
  failed: ['skipped', 'run', 'run', 'skipped', 'skipped'],
  always: ['run', 'run', 'run', 'skipped', 'skipped'],
  '${n} == 1': ['run', 'skipped', 'run', 'skipped', 'skipped'],
  '${n} == 2': ['skipped', 'skipped', 'skipped', 'skipped', 'skipped'],
};
for (const [condition, expected] of Object.entries(table)) {
  test(`behind the condition ${condition || '(none)'}`, () => {
    const conditions: Record<string, string> = condition === '' ? {} : { a: condition };
    assert.deepEqual(
      ends.map((end) => turn(end, conditions)),
      expected,
    );
  });
}

test('one open way is enough, unless what it depends on failed', () => {
  assert.equal(turn('skipped', {}, 'completed'), 'run');
  assert.equal(turn('skipped', {}, 'skipped'), 'skipped');
  assert.equal(turn('completed', {}, 'failed'), 'cut');
  assert.equal(turn('completed', {}, 'cut'), 'cut');
  assert.equal(turn('completed', { b: 'failed' }, 'failed'), 'run');
  assert.equal(turn('completed', { a: '${n} == 2', b: 'failed' }, 'completed'), 'skipped');
});
