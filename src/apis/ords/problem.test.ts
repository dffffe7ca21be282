import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ErrorCode, errorCatalogue } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';
import { encodeError, type Problem } from './problem.ts';

const requestId = 'fuaMEUsMf2c5DiPD__5oIQ';
const encode = (code: ErrorCode, accept?: string) =>
  encodeError(new AppError(code, { message: 'Some <message>.', hint: 'Some remedy.' }), {
    requestId,
    headers: { accept },
  });

describe('a problem', () => {
  it('has the members of ORDS, and no others', () => {
    const { status, headers, body } = encode('filter-invalid');
    assert.equal(status, 400);
    assert.deepEqual(headers, { 'Content-Type': 'application/problem+json' });
    assert.deepEqual(body, {
      code: 'BadRequest',
      title: 'Bad Request',
      message: 'Some <message>.',
      action: 'Some remedy.',
      'o:errorCode': 'filter-invalid',
      type: 'tag:oracle.com,2020:error/BadRequest',
      instance: `tag:oracle.com,2020:ecid/${requestId}`,
    });
  });

  const expected: readonly [ErrorCode, number, string][] = [
    ['mode-invalid', 400, 'BadRequest'],
    ['unauthenticated', 401, 'Unauthorized'],
    ['forbidden', 403, 'Forbidden'],
    ['database-unknown', 404, 'NotFound'],
    ['job-unknown', 404, 'NotFound'],
    ['file-unknown', 404, 'NotFound'],
    ['method-not-allowed', 405, 'MethodNotAllowed'],
    ['job-state', 409, 'Conflict'],
    ['directory-unknown', 400, 'BadRequest'],
    ['file-missing', 400, 'BadRequest'],
    ['file-exists', 400, 'BadRequest'],
    ['dump-incomplete', 400, 'BadRequest'],
    ['database-unreachable', 503, 'ServiceUnavailable'],
    ['database-timeout', 503, 'ServiceUnavailable'],
    ['database-refused', 503, 'ServiceUnavailable'],
    ['shutting-down', 503, 'ServiceUnavailable'],
    ['internal', 500, 'InternalServerError'],
  ];
  for (const [code, status, word] of expected) {
    it(`${code} is ${status} ${word}`, () => {
      const reply = encode(code);
      assert.deepEqual([reply.status, (reply.body as Problem).code], [status, word]);
    });
  }

  it('is there for every code of the catalogue, with a title', () => {
    for (const code of Object.keys(errorCatalogue) as ErrorCode[]) {
      const { status, body } = encode(code);
      assert.ok(status >= 400 && status < 600);
      assert.match((body as Problem).title, /^[A-Z][A-Za-z ]+$/);
    }
  });

  it('says nothing of the inside of a defect', () => {
    assert.doesNotMatch(JSON.stringify(encode('internal').body), /Some/);
  });

  it('is a page for a browser', () => {
    const { status, headers, body } = encode('job-unknown', 'text/html,application/xhtml+xml,*/*;q=0.8');
    assert.equal(status, 404);
    assert.deepEqual(headers, { 'Content-Type': 'text/html; charset=utf-8' });
    assert.match(String(body), /<h1>404 Not Found<\/h1>/);
    assert.match(String(body), /Some &lt;message&gt;\./);
  });

  for (const accept of [undefined, '*/*', 'application/json', 'text/html, application/json']) {
    it(`is JSON for Accept: ${accept}`, () =>
      assert.equal(encode('job-unknown', accept).headers?.['Content-Type'], 'application/problem+json'));
  }
});
