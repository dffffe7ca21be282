import assert from 'node:assert/strict';
import { test } from 'node:test';
import Type from 'typebox';
import { AppError } from '../core/errors.ts';
import { validatorOf } from './validation.ts';

const closed = { additionalProperties: false };
const Inner = Type.Union([
  Type.Object({ kind: Type.Literal('x'), size: Type.Integer() }, closed),
  Type.Object({ kind: Type.Literal('y'), name: Type.String() }, closed),
]);
const Outer = Type.Object(
  {
    list: Type.Array(
      Type.Object(
        {
          action: Type.Union([
            Type.Object({ type: Type.Literal('run'), script: Type.String(), inner: Inner }, closed),
            Type.Object(
              {
                type: Type.Literal('wait'),
                seconds: Type.Integer(),
                note: Type.Optional(Type.Union([Type.String(), Type.Null()])),
              },
              closed,
            ),
          ]),
        },
        closed,
      ),
    ),
  },
  closed,
);

function refusal(action: unknown): string {
  try {
    validatorOf('body', Outer)({ list: [{ action: { type: 'wait', seconds: 1 } }, { action }] });
  } catch (error) {
    assert.ok(error instanceof AppError);
    return error.message;
  }
  return assert.fail('accepted');
}

const inner = { kind: 'x', size: 1 };
const cases: readonly (readonly [string, unknown, string])[] = [
  [
    'a wrong value',
    { type: 'wait', seconds: 'x' },
    'The field list[1].action.seconds has to be a whole number.',
  ],
  [
    'an unknown member',
    { type: 'wait', seconds: 1, script: '' },
    'The field list[1].action.script is unknown.',
  ],
  ['a missing member', { type: 'run', inner }, 'The field list[1].action.script is missing.'],
  ['the telling member missing', { seconds: 1 }, 'The field list[1].action.type is missing.'],
  [
    'an unknown word',
    { type: 'fly', seconds: 1 },
    'The field list[1].action.type has to be one of run or wait (not "fly").',
  ],
  [
    'a nullable member',
    { type: 'wait', seconds: 1, note: 3 },
    'The field list[1].action.note has to be a string or null.',
  ],
  [
    'a wrong value in a union within a branch',
    { type: 'run', script: '', inner: { kind: 'x', size: 'big' } },
    'The field list[1].action.inner.size has to be a whole number.',
  ],
  [
    'an unknown word in a union within a branch',
    { type: 'run', script: '', inner: { kind: 'z' } },
    'The field list[1].action.inner.kind has to be one of x or y (not "z").',
  ],
];

for (const [what, action, message] of cases) {
  test(`in a union below the top, complaints are about the branch that was meant: ${what}`, () => {
    assert.equal(refusal(action), message);
  });
}
