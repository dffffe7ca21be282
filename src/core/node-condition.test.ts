// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conditionHolds, type NodeCondition, parametersOf, parseNodeCondition } from './node-condition.ts';

const parse = (text: string) => parseNodeCondition(text, 'the way from a to b');
const holds = (text: string, params: Record<string, string> = {}) =>
  conditionHolds(parse(text), 'succeeded', params);

test('words say how the node before must have ended', () => {
  const cases = { succeeded: [true, false], failed: [false, true], always: [true, true] };
  for (const [word, [good, bad]] of Object.entries(cases)) {
    assert.equal(conditionHolds(parse(` ${word} `), 'succeeded', {}), good);
    assert.equal(conditionHolds(parse(word), 'failed', {}), bad);
  }
});

const truths: readonly (readonly [condition: string, holds: boolean])[] = [
  ['${n} == "x"', true],
  ["'x' == ${n}", true],
  ['${n} != "x"', false],
  ['${n} < "y" && ${n} > "w"', true],
  ['${count} > 9', true],
  ['9 < ${count}', true],
  ['${count} == 10.0', true],
  ['${count} == "10.0"', false],
  ['${n} > 9', false],
  ['${n} != 9', true],
  ['${empty} == ""', true],
  ['${empty} == 0', false],
  ['${n} == "y" || ${count} >= 10 && ${count} <= 10', true],
  ['(${n} == "y" || ${count} >= 10) && ${count} < -1', false],
  ['${quoted} == "a \\"b\\" \\\\ \'c\'"', true],
  ['${a.b-c} == "dotted"', true],
];
for (const [condition, expected] of truths) {
  test(`${condition} is ${expected}`, () => {
    const params = { n: 'x', count: '10', empty: '', quoted: 'a "b" \\ \'c\'', 'a.b-c': 'dotted' };
    assert.equal(holds(condition, params), expected);
  });
}

test('a comparison needs a node that succeeded', () => {
  assert.equal(conditionHolds(parse('${n} == "x"'), 'failed', { n: 'x' }), false);
});

test('a parameter without a value is told by its name, inherited ones too', () => {
  for (const name of ['missing', 'constructor', '__proto__']) {
    assert.throws(() => holds(`\${${name}} == "x"`), {
      code: 'definition-invalid',
      message: new RegExp(`the parameter ${name}, which has no value`),
    });
  }
});

const wrong: readonly string[] = [
  '',
  'maybe',
  'succeeded || failed',
  '${n}',
  '${n} ==',
  '${n} == ${m}',
  '"x" == "x"',
  '${n} = "x"',
  '${n} == "x',
  '${n} == "x" &&',
  '(${n} == "x"',
  '${n} == "x")',
  '${n} == x',
  '${n} == 1x',
  '${n} == process.exit(1)',
  `${'('.repeat(60)}\${n} == 1${')'.repeat(60)}`,
  `\${n} == "${'x'.repeat(5000)}"`,
];
for (const condition of wrong) {
  test(`${JSON.stringify(condition.slice(0, 60))} is no condition`, () => {
    assert.throws(() => parse(condition), {
      code: 'definition-invalid',
      message: /on the way from a to b/,
    });
  });
}

test('whatever is written, it is parsed or refused, and nothing of it is executed', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      try {
        conditionHolds(parse(text), 'succeeded', {});
      } catch (error) {
        assert.equal((error as { readonly code?: string }).code, 'definition-invalid', String(error));
      }
    }),
  );
});

const operators = ['==', '!=', '<', '<=', '>', '>='] as const;
const comparison = fc.record({
  kind: fc.constant('compare' as const),
  operator: fc.constantFrom(...operators),
  parameter: fc.constantFrom('n', 'year', 'größe'),
  constant: fc.oneof(fc.string(), fc.integer({ min: -1000, max: 1000 })),
});
const { tree } = fc.letrec<{ tree: NodeCondition }>((tie) => ({
  tree: fc.oneof(
    { maxDepth: 4 },
    comparison,
    fc.record({
      kind: fc.constantFrom('and' as const, 'or' as const),
      operands: fc.array(tie('tree'), { minLength: 2, maxLength: 3 }),
    }),
  ),
}));

function spell(condition: NodeCondition): string {
  if (condition.kind === 'word') return condition.word;
  if (condition.kind === 'compare') {
    const { constant } = condition;
    const text = typeof constant === 'number' ? constant : `"${constant.replace(/["\\]/g, '\\$&')}"`;
    return `\${${condition.parameter}} ${condition.operator} ${text}`;
  }
  return condition.operands.map((each) => `(${spell(each)})`).join(condition.kind === 'and' ? '&&' : ' || ');
}

test('what is spelled is what is read', () => {
  fc.assert(
    fc.property(tree, (condition) => {
      const text = spell(condition);
      fc.pre(text.length <= 4096);
      assert.deepEqual(parse(text), structuredClone(condition));
      assert.ok(parametersOf(condition).every((name) => ['n', 'year', 'größe'].includes(name)));
    }),
  );
});
