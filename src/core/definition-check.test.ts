// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Definition, DefinitionNode, NodeAction } from './definition.ts';
import { checkDefinition, checkRunnable, parametersAskedFor } from './definition-check.ts';

const node = (name: string, changes: Partial<DefinitionNode> = {}): DefinitionNode => ({
  name,
  action: { type: 'none' },
  after: [],
  conditions: [],
  retries: 0,
  retryDelaySeconds: 0,
  timeoutSeconds: null,
  onFailure: 'fail',
  ...changes,
});

const definition = (changes: Partial<Definition> = {}): Definition => ({
  description: '',
  params: [],
  nodes: [node('a')],
  schedule: null,
  timeoutSeconds: null,
  ...changes,
});

const http = (changes: object = {}): NodeAction => ({
  type: 'http',
  method: 'GET',
  url: 'https://api.example.net/',
  headers: {},
  body: null,
  ...changes,
});

const wrong: readonly (readonly [about: string, changes: Partial<Definition>, says: RegExp])[] = [
  ['two nodes of one name', { nodes: [node('a'), node('a')] }, /Two nodes are called a/],
  ['a blank name', { nodes: [node(' ')] }, /A node is called " "/],
  ['a name with a line break', { nodes: [node('a\nb')] }, /A node is called "a\\nb"/],
  ['too long a name', { nodes: [node('a'.repeat(129))] }, /names have 1 to 128/],
  ['an unknown node before', { nodes: [node('a', { after: ['b'] })] }, /a comes after b, and there is no/],
  ['the same node before twice', { nodes: [node('a'), node('b', { after: ['a', 'a'] })] }, /after a twice/],
  ['a node after itself', { nodes: [node('a', { after: ['a'] })] }, /wait for each other: a after a\./],
  [
    'a circle',
    { nodes: [node('a', { after: ['c'] }), node('b', { after: ['a'] }), node('c', { after: ['b'] })] },
    /wait for each other: a after c after b after a\./,
  ],
  [
    'a condition on a node that it does not come after',
    { nodes: [node('a'), node('b', { conditions: [{ after: 'a', expression: 'always' }] })] },
    /condition on a, and does not come after that/,
  ],
  [
    'two conditions on one way',
    {
      nodes: [
        node('a'),
        node('b', {
          after: ['a'],
          conditions: [
            { after: 'a', expression: 'always' },
            { after: 'a', expression: 'failed' },
          ],
        }),
      ],
    },
    /two conditions on a/,
  ],
  [
    'a condition that is none',
    { nodes: [node('a'), node('b', { after: ['a'], conditions: [{ after: 'a', expression: 'x' }] })] },
    /on the way from a to b/,
  ],
  ['half a retry', { nodes: [node('a', { retries: 0.5 })] }, /retries of the node a must be a whole number/],
  ['a negative delay', { nodes: [node('a', { retryDelaySeconds: -1 })] }, /delay of retries of the node a/],
  ['a time-out of nothing', { nodes: [node('a', { timeoutSeconds: 0 })] }, /time-out of the node a/],
  ['a time-out that never comes', { timeoutSeconds: 1e12 }, /The time-out must be/],
  [
    'two parameters of one name',
    {
      params: [
        { name: 'p', value: '' },
        { name: 'p', value: '1' },
      ],
    },
    /Two parameters/,
  ],
  [
    'a parameter that nobody could name',
    { params: [{ name: 'a b', value: '' }] },
    /A parameter is called "a b"/,
  ],
  [
    'a method of its own',
    { nodes: [node('a', { action: http({ method: 'CONNECT' }) })] },
    /method .* node a/,
  ],
  [
    'a URL of a file',
    { nodes: [node('a', { action: http({ url: 'file:///etc/passwd' }) })] },
    /none of http/,
  ],
  [
    'a password in a URL',
    { nodes: [node('a', { action: http({ url: 'http://u:p@x/' }) })] },
    /user name or password/,
  ],
  [
    'a header of the connection',
    { nodes: [node('a', { action: http({ headers: { Host: 'x' } }) })] },
    /header Host/,
  ],
  [
    'a header in two lines',
    { nodes: [node('a', { action: http({ headers: { a: 'x\r\ny: z' } }) })] },
    /line breaks/,
  ],
];
for (const [about, changes, says] of wrong) {
  test(`refused: ${about}`, () => {
    assert.throws(() => checkDefinition(definition(changes)), { code: 'definition-invalid', message: says });
  });
}

test('no secret of a request is repeated', () => {
  for (const action of [http({ url: 'http://u:geheim@x/' }), http({ headers: { a: 'geheim\n' } })]) {
    assert.throws(
      () => checkDefinition(definition({ nodes: [node('a', { action })] })),
      (error: Error) => !error.message.includes('geheim'),
    );
  }
});

test('what can be kept is more than what can run', () => {
  const shell: NodeAction = { type: 'foreign', word: 'Shell' };
  const foreign = definition({
    nodes: [node('a'), node('b', { action: shell }), node('c', { action: shell })],
  });
  checkDefinition(foreign);
  checkDefinition(definition({ nodes: [] }));
  checkRunnable(definition());
  assert.throws(() => checkRunnable(foreign), {
    code: 'definition-invalid',
    message: 'Nothing here runs the nodes b (Shell), c (Shell).',
  });
  assert.throws(() => checkRunnable(definition({ nodes: [] })), { message: /no nodes/ });
});

test('parameters are asked for by texts, scripts and conditions', () => {
  const nodes = [
    node('a', { action: { type: 'sql', connection: '${c}', script: { name: 's' } } }),
    node('b', { action: { type: 'sql', connection: null, script: { text: "SELECT '${t}' -- ${no}" } } }),
    node('c', {
      action: { type: 'job', job: { kind: 'export', input: { deep: [{ text: '${j}' }], n: 1 } } },
    }),
    node('d', { action: http({ url: 'https://x/${u}', headers: { h: '${h}' }, body: '${b}' }) }),
    node('e', { after: ['d'], conditions: [{ after: 'd', expression: '${w} == 1' }] }),
  ];
  const scripts = { s: { content: 'SELECT ${s}' } };
  const asked = parametersAskedFor(definition({ nodes }), scripts);
  assert.deepEqual([...asked].sort(), ['b', 'c', 'h', 'j', 's', 't', 'u', 'w']);
});

/** A graph without circles: each node comes after some of those before it, and the list is then put into any order. */
const orderly = fc
  .array(fc.array(fc.nat(30), { maxLength: 4 }), { minLength: 1, maxLength: 30 })
  .map((befores) =>
    befores.map((before, at) =>
      node(`n${at}`, { after: [...new Set(before.filter((each) => each < at).map((each) => `n${each}`))] }),
    ),
  )
  .chain((nodes) => fc.shuffledSubarray(nodes, { minLength: nodes.length }));

test('a graph without circles passes, in any order; one way back is found', () => {
  fc.assert(
    fc.property(orderly, fc.nat(), (nodes, pick) => {
      checkDefinition(definition({ nodes }));
      const later = nodes.filter(({ after }) => after.length > 0);
      const from = later[pick % Math.max(1, later.length)];
      if (from === undefined) return;
      const back = nodes.map((each) =>
        each.name === from.after[0] && !each.after.includes(from.name)
          ? { ...each, after: [...each.after, from.name] }
          : each,
      );
      assert.throws(() => checkDefinition(definition({ nodes: back })), { message: /wait for each other/ });
    }),
  );
});

test('a chain of a thousand nodes is no matter', () => {
  const nodes = Array.from({ length: 1000 }, (_, at) =>
    node(`n${at}`, { after: at === 0 ? [] : [`n${at - 1}`] }),
  );
  checkDefinition(definition({ nodes: nodes.toReversed() }));
  assert.throws(() => checkDefinition(definition({ nodes: [...nodes, node('one more')] })), {
    message: /1001 nodes/,
  });
});

test('a graph has no more ways than a run can keep in mind', () => {
  const before = Array.from({ length: 72 }, (_, at) => node(`n${at}`));
  const names = before.map(({ name }) => name);
  const after = Array.from({ length: 70 }, (_, at) => node(`m${at}`, { after: names }));
  assert.throws(() => checkDefinition(definition({ nodes: [...before, ...after] })), {
    message: /5040 times/,
  });
});
