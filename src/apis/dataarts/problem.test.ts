import assert from 'node:assert/strict';
import { it } from 'node:test';
import { type ErrorCode, errorCatalogue } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';
import { encodeError } from './problem.ts';
import { codes, Refusal } from './refusal.ts';
import { refusalOf } from './refusal-of.ts';

type Body = { readonly error_code: string; readonly error_msg: string; readonly request_id?: string };
const answer = (error: AppError): readonly [number, Body] => {
  const { status, body } = encodeError(error, { requestId: 'r' });
  return [status, body as Body];
};
const about = (code: ErrorCode, subject: 'job' | 'script' | 'resource' | 'connection' = 'job') =>
  answer(refusalOf(new AppError(code, { message: 'Words.', hint: '' }), subject) as AppError);

it('every code of the contract is answered with 400', () => {
  for (const code of Object.values(codes))
    assert.deepEqual(answer(new Refusal(code, 'Words.')), [400, { error_code: code, error_msg: 'Words.' }]);
});

it('every error has a shape that clients read, and 400 is what the product says', () => {
  for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
    const [status, body] = about(code);
    assert.match(body.error_code, status === 400 ? /^DLF\.\d{4,5}$/ : /^APIGW\.\d{4}$/, code);
    assert.equal(body.request_id, status === 400 ? undefined : 'r', code);
    assert.ok(body.error_msg.length > 0);
  }
});

it('what there is none of goes by what the call is about', () => {
  assert.deepEqual(about('item-unknown')[1], {
    error_code: 'DLF.0100',
    error_msg: 'The job does not exists.',
  });
  const expected = { script: 'DLF.6201', resource: 'DLF.6241', connection: 'DLF.6322' } as const;
  const used = { script: 'DLF.0202', resource: 'DLF.6259', connection: 'DLF.6309' } as const;
  for (const subject of ['script', 'resource', 'connection'] as const) {
    const [status, { error_code, error_msg }] = about('item-unknown', subject);
    assert.deepEqual([status, error_code], [400, expected[subject]]);
    assert.match(error_msg, /does not exist/);
    assert.equal(about('item-exists', subject)[1].error_code, used[subject]);
  }
  assert.equal(about('item-exists')[1].error_code, 'DLF.0102');
  assert.match(about('workspace-unknown')[1].error_msg, /does not exist/);
  assert.equal(about('workspace-unknown')[1].error_code, 'DLF.0819');
});

it('a caller that is not known, or not let through, is the business of the gateway', () => {
  assert.deepEqual(about('unauthenticated'), [
    401,
    { error_code: 'APIGW.0301', error_msg: 'Words.', request_id: 'r' },
  ]);
  assert.equal(about('forbidden')[0], 403);
  assert.equal(answer(new AppError('route-unknown', { message: 'Words.' }))[0], 404);
  const role = new AppError('forbidden', { message: 'Words.', context: { action: 'definition:manage' } });
  assert.deepEqual(answer(role)[1].error_code, 'DLF.6888');
  assert.equal(answer(role)[0], 400);
});

it('a defect tells nothing', () => {
  const [status, { error_msg }] = answer(new AppError('internal', { message: 'hush' }));
  assert.equal(status, 500);
  assert.ok(!error_msg.includes('hush'));
});
