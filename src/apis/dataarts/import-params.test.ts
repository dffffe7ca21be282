import assert from 'node:assert/strict';
import { it } from 'node:test';
import { readDocument } from './document.ts';
import { importParamsOf, withParams } from './import-params.ts';
import { readJob } from './translate/job-from-json.ts';

const imported = (text: string, body: object) => {
  const document = readDocument(text, 'It');
  return withParams({ item: readJob(document), document }, importParamsOf(body as Record<string, unknown>));
};
const textOf = (text: string, body: object): string | undefined => imported(text, body).document?.text;

it('parameters are exchanged where they stand, and their text is all that changes', () => {
  const text =
    '{ "name":"j", "params": [ {"name":"a","value":"1","type":"constants"}, {"name":"b"} ], "x":1.50 }';
  assert.equal(textOf(text, {}), text);
  assert.equal(textOf(text, { params: { c: 'no' } }), text);
  assert.equal(
    textOf(text, { params: { a: '"2"', b: 3 } }),
    '{ "name":"j", "params": [ {"name":"a","value":"\\"2\\"","type":"constants"}, {"name":"b","value":"3"} ], "x":1.50 }',
  );
  const { content } = imported(text, { params: { a: '2' } });
  assert.deepEqual('params' in content && content.params, [
    { name: 'a', value: '2' },
    { name: 'b', value: '' },
  ]);
});

it('those of one job come before those of all, and may be new', () => {
  const text = '{"name":"j","params":[{"name":"a","value":"1"}]}';
  const body = {
    params: { a: 'all' },
    jobsParam: [
      { name: 'j', params: { a: 'own', n: 'new' } },
      { name: 'other', params: { a: 'x' } },
    ],
  };
  assert.equal(
    textOf(text, body),
    '{"name":"j","params":[{"name":"a","value":"own"},{"name":"n","value":"new"}]}',
  );
  const one = { jobsParam: [{ name: 'j', params: { n: 'new', m: '' } }] };
  const entries = '[{"name":"n","value":"new"},{"name":"m","value":""}]';
  assert.equal(textOf('{"name":"j","params":[]}', one), `{"name":"j","params":${entries}}`);
  assert.equal(textOf('{"name":"j","params":null}', one), `{"name":"j","params":${entries}}`);
  assert.equal(textOf('{"name":"j"}', one), `{"name":"j","params":${entries}}`);
});
