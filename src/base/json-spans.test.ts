import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { applyChanges, type JsonSpan, jsonSpans, memberRemovals } from './json-spans.ts';

/** The value that the spans of a text describe, read piece by piece. */
function valueIn(text: string, span: JsonSpan): unknown {
  if (span.elements !== undefined) return span.elements.map((element) => valueIn(text, element));
  if (span.members === undefined) return JSON.parse(text.slice(span.start, span.end));
  return Object.fromEntries(span.members.map(({ name, value }) => [name, valueIn(text, value)]));
}

describe('jsonSpans', () => {
  it('finds every value of any text', () => {
    fc.assert(
      fc.property(fc.json({ maxDepth: 5 }), fc.constantFrom(0, 1, '\t', '\r\n '), (json, indent) => {
        const text = JSON.stringify(JSON.parse(json), null, indent);
        assert.deepEqual(valueIn(text, jsonSpans(` ${text}\n`.trimStart())), JSON.parse(text));
      }),
    );
  });

  it('knows the end of texts with quotation marks and backslashes', () => {
    const text = String.raw`{"a\"b":"c\\","d":["\\\"",1.50]}`;
    assert.deepEqual(valueIn(text, jsonSpans(text)), JSON.parse(text));
  });

  it('reads a text of megabytes', () => {
    const text = JSON.stringify({ content: '\\"x'.repeat(1024 * 1024) });
    assert.equal(jsonSpans(text).end, text.length);
  });

  it('refuses what is nested too deep', () => {
    assert.throws(() => jsonSpans('['.repeat(101) + ']'.repeat(101)), RangeError);
    assert.equal(jsonSpans('['.repeat(100) + ']'.repeat(100)).end, 200);
  });
});

describe('memberRemovals', () => {
  const without = (text: string, ...names: readonly string[]): string =>
    applyChanges(
      text,
      memberRemovals(jsonSpans(text), ({ name }) => names.includes(name)),
    );

  it('takes members out wherever they stand', () => {
    const text = '{ "a" : 1 , "b": 2.0, "c": [3] }';
    assert.equal(without(text, 'x'), text);
    assert.equal(without(text, 'a'), '{ "b": 2.0, "c": [3] }');
    assert.equal(without(text, 'b'), '{ "a" : 1 , "c": [3] }');
    assert.equal(without(text, 'c'), '{ "a" : 1 , "b": 2.0 }');
    assert.equal(without(text, 'a', 'b'), '{ "c": [3] }');
    assert.equal(without(text, 'b', 'c'), '{ "a" : 1 }');
    assert.equal(without(text, 'a', 'c'), '{ "b": 2.0 }');
    assert.equal(without(text, 'a', 'b', 'c'), '{  }');
  });

  it('leaves valid JSON, whatever is taken out', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.json()), fc.func(fc.boolean()), (members, isOut) => {
        const text = JSON.stringify(members);
        const left = applyChanges(
          text,
          memberRemovals(jsonSpans(text), ({ name }) => isOut(name)),
        );
        const expected = Object.fromEntries(
          Object.entries(JSON.parse(text)).filter(([name]) => !isOut(name)),
        );
        assert.deepEqual(JSON.parse(left), expected);
      }),
    );
  });
});
