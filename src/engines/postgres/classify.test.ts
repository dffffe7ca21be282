import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';
import { classifyPostgresError } from './classify.ts';
import { ServerError } from './wire/messages.ts';

const server = (sqlState: string, message = 'what happened'): ServerError =>
  new ServerError(
    new Map([
      ['C', sqlState],
      ['M', message],
      ['t', 'orders'],
    ]),
  );

describe('classification of errors', () => {
  const cases: readonly (readonly [error: unknown, code: ErrorCode, temporary: boolean])[] = [
    [server('28P01'), 'database-refused', false],
    [server('28000'), 'database-refused', false],
    [server('3D000'), 'database-missing', false],
    [server('42501'), 'database-privilege', false],
    [server('25006'), 'database-privilege', false],
    [server('53300'), 'database-full', true],
    [server('53100'), 'database-full', true],
    [server('55P03'), 'database-locked', true],
    [server('40001'), 'database-locked', true],
    [server('40P01'), 'database-locked', true],
    [server('57014'), 'database-timeout', true],
    [server('57P01'), 'database-unreachable', true],
    [server('57P02'), 'database-unreachable', true],
    [server('57P03'), 'database-unreachable', true],
    [server('57P05'), 'database-unreachable', true],
    [server('25P03'), 'database-timeout', true],
    [server('25P04'), 'database-timeout', true],
    [server('53200'), 'database-full', true],
    [server('08006'), 'database-unreachable', true],
    [server('23505'), 'database-statement', false],
    [server('22P04'), 'database-statement', false],
    [server('42P07'), 'database-statement', false],
    [server('0A000'), 'database-statement', false],
    [server('P0001'), 'database-statement', false],
    [server('58P01'), 'database-full', false],
    [node('ECONNREFUSED'), 'database-unreachable', true],
    [node('ECONNRESET'), 'database-unreachable', true],
    [node('EPIPE'), 'database-unreachable', true],
    [node('ETIMEDOUT'), 'database-timeout', true],
    [node('ENOTFOUND'), 'database-unreachable', false],
    [node('EAI_AGAIN'), 'database-unreachable', true],
    [node('DEPTH_ZERO_SELF_SIGNED_CERT'), 'database-unreachable', false],
    [node('ERR_TLS_CERT_ALTNAME_INVALID'), 'database-unreachable', false],
    [new AggregateError([node('ECONNREFUSED'), node('ENETUNREACH')]), 'database-unreachable', true],
    [new Error('SASL: SCRAM-SERVER-FINAL-MESSAGE: server signature is missing'), 'database-refused', false],
    [new DOMException('stop', 'AbortError'), 'aborted', false],
    [new Error('a defect'), 'internal', false],
    ['text', 'internal', false],
  ];

  for (const [error, code, temporary] of cases) {
    const name =
      error instanceof ServerError ? error.sqlState : String((error as NodeJS.ErrnoException).code ?? error);
    it(`${name}: ${code}${temporary ? ', temporary' : ''}`, () => {
      const result = classifyPostgresError(error, 'test');
      assert.equal(result.code, code);
      assert.equal(result.temporary, temporary);
    });
  }

  it('leaves an AppError alone', () => {
    const own = new AppError('aborted', { message: 'x' });
    assert.equal(classifyPostgresError(own, 'test'), own);
  });

  it('keeps the SQLSTATE and what the server names, for the log', () => {
    const { context, message, operation } = classifyPostgresError(server('23505', 'duplicate key'), 'write');
    assert.deepEqual(context, { sqlState: '23505', table: 'orders' });
    assert.equal(message, 'duplicate key.');
    assert.equal(operation, 'write');
  });
});

function node(code: string): Error {
  return Object.assign(new Error(`${code} 10.0.0.1:5432`), { code });
}
