import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type, { type TSchema } from 'typebox';
import { AppError } from '../core/errors.ts';
import { convertQuery, validatorOf } from './validation.ts';

const Item = Type.Object(
  {
    name: Type.String({ minLength: 1, maxLength: 5 }),
    mode: Type.Optional(Type.Unsafe<'full' | 'table'>({ type: 'string', enum: ['full', 'table'] })),
    threads: Type.Optional(Type.Integer({ minimum: 1 })),
    pattern: Type.Optional(Type.Union([Type.String(), Type.Null()])),
    remaps: Type.Optional(
      Type.Array(Type.Object({ source: Type.String() }, { additionalProperties: false }), { maxItems: 2 }),
    ),
    code: Type.Optional(Type.String({ pattern: '^a+$' })),
    flag: Type.Optional(Type.Boolean()),
    share: Type.Optional(Type.Number({ exclusiveMinimum: 0, maximum: 1 })),
    tags: Type.Optional(Type.Array(Type.String(), { uniqueItems: true, minItems: 1 })),
  },
  { additionalProperties: false },
);

function refusal(schema: TSchema, value: unknown): AppError {
  try {
    validatorOf('body', schema)(value);
  } catch (error) {
    assert.ok(error instanceof AppError);
    return error;
  }
  return assert.fail('accepted');
}

const cases: readonly (readonly [unknown, string, string | undefined, string])[] = [
  [[], 'request-malformed', undefined, 'The request body has to be an object.'],
  [null, 'request-malformed', undefined, 'The request body has to be an object.'],
  [{}, 'request-malformed', 'name', 'The field name is missing.'],
  [{ name: 'a', nmae: 'b' }, 'request-malformed', 'nmae', 'The field nmae is unknown.'],
  [{ name: 4 }, 'field-invalid', 'name', 'The field name has to be a string.'],
  [{ name: '' }, 'field-invalid', 'name', 'The field name has to be a text that is not empty.'],
  [{ name: 'abcdef' }, 'field-invalid', 'name', 'The field name has to be a text of at most 5 characters.'],
  [
    { name: 'a', mode: 'everything' },
    'field-invalid',
    'mode',
    'The field mode has to be one of full or table (not "everything").',
  ],
  [{ name: 'a', threads: 0 }, 'field-invalid', 'threads', 'The field threads has to be 1 or more (not 0).'],
  [
    { name: 'a', threads: 1.5 },
    'field-invalid',
    'threads',
    'The field threads has to be a whole number (not 1.5).',
  ],
  [{ name: 'a', threads: '4' }, 'field-invalid', 'threads', 'The field threads has to be a whole number.'],
  [{ name: 'a', pattern: 3 }, 'field-invalid', 'pattern', 'The field pattern has to be a string or null.'],
  [
    { name: 'a', remaps: [{ source: 'x' }, { target: 'y', source: 'x' }] },
    'request-malformed',
    'remaps[1].target',
    'The field remaps[1].target is unknown.',
  ],
  [
    { name: 'a', remaps: [{}] },
    'request-malformed',
    'remaps[0].source',
    'The field remaps[0].source is missing.',
  ],
  [
    { name: 'a', remaps: [{ source: 's' }, { source: 's' }, { source: 's' }] },
    'field-invalid',
    'remaps',
    'The field remaps has to be a list of at most 2 items.',
  ],
  [{ name: 'a', code: 'b' }, 'field-invalid', 'code', 'The field code has to be a text that matches ^a+$.'],
  [{ name: 'a', flag: 'yes' }, 'field-invalid', 'flag', 'The field flag has to be true or false.'],
  [{ name: 'a', share: 2 }, 'field-invalid', 'share', 'The field share has to be 1 or less (not 2).'],
  [{ name: 'a', share: 0 }, 'field-invalid', 'share', 'The field share has to be more than 0 (not 0).'],
  [{ name: 'a', tags: [] }, 'field-invalid', 'tags', 'The field tags has to be a list of at least 1 item.'],
  [
    { name: 'a', tags: ['x', 'x'] },
    'field-invalid',
    'tags',
    'The field tags has to be a list without repetitions.',
  ],
];

test('every complaint names the field and what it has to be', () => {
  for (const [value, code, field, message] of cases) {
    const error = refusal(Item, value);
    assert.deepEqual([error.message, error.code, error.field], [message, code, field]);
  }
  assert.match(refusal(Item, { name: 'a', nmae: 'b' }).hint, /known are name, mode, .* or tags/);
  assert.equal(refusal(Item, { name: 'a', threads: 0 }).hint, 'Give 1 or more as threads.');
});

test('a text that may be a secret is not repeated', () => {
  const schema = Type.Object({ password: Type.String({ minLength: 20 }) });
  assert.doesNotMatch(refusal(schema, { password: 'hunter2' }).message, /hunter2/);
});

test('in a union told apart by a constant, complaints are about the branch that was meant', () => {
  const Job = Type.Union([
    Type.Object({ kind: Type.Literal('export'), database: Type.String() }, { additionalProperties: false }),
    Type.Object(
      { kind: Type.Literal('import'), database: Type.String(), remap: Type.Optional(Type.String()) },
      { additionalProperties: false },
    ),
  ]);
  validatorOf('body', Job)({ kind: 'import', database: 'd', remap: 'x' });
  assert.equal(refusal(Job, { kind: 'export' }).message, 'The field database is missing.');
  assert.equal(refusal(Job, { kind: 'export', database: 'd', remap: 'x' }).field, 'remap');
  const unknown = refusal(Job, { kind: 'backup' });
  assert.deepEqual(
    [unknown.code, unknown.field, unknown.message],
    ['field-invalid', 'kind', 'The field kind is none of export, import.'],
  );
  for (const value of [{}, { database: 'd' }]) {
    const missing = refusal(Job, value);
    assert.deepEqual([missing.code, missing.field], ['request-malformed', 'kind']);
    assert.equal(missing.hint, 'Give one of export, import as kind.');
  }
  for (const value of [[], null, 'x', 3]) {
    assert.equal(refusal(Job, value).message, 'The request body has to be an object.');
  }
});

test('query texts become the declared types only where they are such', () => {
  const Query = Type.Object({
    limit: Type.Optional(Type.Integer()),
    deep: Type.Optional(Type.Boolean()),
    state: Type.Optional(Type.Array(Type.String())),
    q: Type.Optional(Type.String()),
  });
  assert.deepEqual(convertQuery(Query, { limit: '10', deep: 'true', state: 'a', q: '5', other: '6' }), {
    limit: 10,
    deep: true,
    state: ['a'],
    q: '5',
    other: '6',
  });
  assert.deepEqual(convertQuery(Query, { limit: '1e9', deep: 'yes', state: ['a', 'b'] }), {
    limit: '1e9',
    deep: 'yes',
    state: ['a', 'b'],
  });
  assert.deepEqual(convertQuery(Query, { limit: '-1', constructor: 'x' }), { limit: -1, constructor: 'x' });
  assert.deepEqual(convertQuery(undefined, { a: '1' }), { a: '1' });
});
