import assert from 'node:assert/strict';
import { it } from 'node:test';
import { ownCondition, theirCondition } from './conditions.ts';

/* biome-ignore-start lint/suspicious/noTemplateCurlyInString: the form that parameters have */
const comparison = '${n} == "x" && (${m} > 5 || ${k} != \'y\')';

it('expressions about the node before, and about parameters', () => {
  const pairs = [
    ['#{true}', 'always'],
    ['#{Job.getNodeStatus("load") == "success"}', 'succeeded'],
    ['#{(Job.getNodeStatus("load")) == "success"}', 'succeeded'],
    ["#{Job.getNodeStatus('load') eq 'fail'}", 'failed'],
    ['#{Job.getNodeStatus("load") != "fail"}', 'succeeded'],
    ['#{Job.getParam("day") == "1"}', '${day} == "1"'],
    ['#{Job.getParam("n") > 3 && Job.getParam("m") != "x"}', '${n} > 3 && ${m} != "x"'],
    ['failed', 'failed'],
  ] as const;
  for (const [theirs, ours] of pairs) assert.equal(ownCondition(theirs, 'load'), ours, theirs);
});

/* biome-ignore-end lint/suspicious/noTemplateCurlyInString: the form that parameters have */

it('what we have no condition for is not guessed', () => {
  const others = [
    '',
    '#{Job.getNodeStatus("other") == "success"}',
    '#{Job.getNodeStatus("load") == "skip"}',
    '#{Job.getNodeOutput("load") == 1}',
    '#{DateUtil.now() == "x"}',
    '#{Job.getNodeStatus("load") == "success" || Job.getNodeStatus("b") == "fail"}',
  ];
  for (const text of others) assert.equal(ownCondition(text, 'load'), null, text);
});

it('conditions of ours come back', () => {
  for (const ours of ['always', 'succeeded', 'failed', comparison]) {
    const theirs = theirCondition(ours, 'a "b"');
    assert.match(theirs, /^#\{.*\}$/);
    assert.equal(ownCondition(theirs, 'a "b"'), ours);
  }
});
