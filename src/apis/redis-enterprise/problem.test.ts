import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';
import { encodeError } from './problem.ts';
import { badRequest, notAcceptable, Refusal } from './refusal.ts';

const answerTo = (code: ErrorCode) =>
  encodeError(new AppError(code, { message: 'No.', hint: 'Mend it.' }), 7);

test('statuses and words are those of the contract', () => {
  const expected: readonly (readonly [ErrorCode, number, string])[] = [
    ['request-malformed', 400, 'invalid_schema'],
    ['field-invalid', 400, 'invalid_schema'],
    ['media-type-unsupported', 400, 'invalid_schema'],
    ['directory-unknown', 400, 'invalid_schema'],
    ['unauthenticated', 401, 'unauthorized'],
    ['forbidden', 403, 'forbidden'],
    ['database-unknown', 404, 'db_not_found'],
    ['route-unknown', 404, 'not_found'],
    ['method-not-allowed', 405, 'method_not_allowed'],
    ['unsupported', 406, 'not_supported'],
    ['database-busy', 409, 'db_busy'],
    ['shutting-down', 503, 'unavailable'],
    // What the database answered the service says nothing about the caller.
    ['database-refused', 503, 'unavailable'],
  ];
  for (const [code, status, word] of expected) {
    const { status: actual, body } = answerTo(code);
    assert.deepEqual([actual, (body as { error_code: string }).error_code], [status, word], code);
  }
});

test('all three documented shapes are there at once', () => {
  const text = 'No. Mend it.';
  assert.deepEqual(answerTo('forbidden').body, { error_code: 'forbidden', description: text, message: text });
});

test('a refusal has its own status and word', () => {
  assert.equal(encodeError(badRequest('a'), null).status, 400);
  assert.equal(encodeError(notAcceptable('a', 'b'), null).status, 406);
  assert.deepEqual(encodeError(new Refusal(505, 'unsupported_version', 'Not 3.'), null), {
    status: 505,
    headers: { 'Content-Type': 'application/json' },
    body: { error_code: 'unsupported_version', description: 'Not 3.', message: 'Not 3.' },
  });
});

test('what the service calls credentials and rights of its own is not shown', () => {
  const textOf = (error: AppError) => (encodeError(error, 1).body as { description: string }).description;
  const message = 'The credential own:0 has no secret.';
  assert.match(textOf(new AppError('field-invalid', { message })), /^The credential of the request has/);
  const action = 'location:any';
  const refused = new AppError('forbidden', { message: `No ${action}.`, context: { action, caller: 'ann' } });
  assert.doesNotMatch(textOf(refused), /location:any/);
});

test('a busy database says when to ask again, and answers carry the state id', () => {
  assert.deepEqual(answerTo('database-busy').headers, {
    'Content-Type': 'application/json',
    'cluster-state-id': '7',
    'Retry-After': '10',
  });
});

test('a defect tells nothing of itself', () => {
  const answer = encodeError(new AppError('internal', { message: 'password is hunter2' }), 1);
  assert.equal(answer.status, 500);
  assert.doesNotMatch(JSON.stringify(answer), /hunter2/);
});
