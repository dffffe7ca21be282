import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';
import { classifyRedisError } from './classify.ts';
import { RedisError } from './client/reply.ts';
import { ProtocolError } from './client/resp-tokens.ts';

const node = (code: string): Error => Object.assign(new Error('what happened'), { code });
const said = (line: string): RedisError => new RedisError(line, '10.0.0.1:6379');

describe('classification of errors of Redis', () => {
  const cases: readonly (readonly [error: unknown, code: ErrorCode, temporary: boolean])[] = [
    [said('NOAUTH Authentication required.'), 'database-refused', false],
    [said('WRONGPASS invalid username-password pair or user is disabled.'), 'database-refused', false],
    [said('ERR invalid password'), 'database-refused', false],
    [
      said('ERR AUTH <password> called without any password configured for the default user.'),
      'database-refused',
      false,
    ],
    [said('ERR Client sent AUTH, but no password is set'), 'database-refused', false],
    [said('DENIED Redis is running in protected mode'), 'database-refused', false],
    [said("NOPERM User x has no permissions to run the 'sync' command"), 'database-privilege', false],
    [said('LOADING Redis is loading the dataset in memory'), 'database-unreachable', true],
    [said("NOMASTERLINK Can't SYNC while not connected with my master"), 'database-unreachable', true],
    [
      said("MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."),
      'database-unreachable',
      true,
    ],
    [said('NOREPLICAS Not enough good replicas to write.'), 'database-unreachable', true],
    [said('CLUSTERDOWN The cluster is down'), 'database-unreachable', true],
    [said('MOVED 3999 127.0.0.1:6381'), 'database-unreachable', true],
    [said('TRYAGAIN Multiple keys request during rehashing of slot'), 'database-unreachable', true],
    [said('BUSY Redis is busy running a script.'), 'database-locked', true],
    [said("READONLY You can't write against a read only replica."), 'database-privilege', true],
    [said("OOM command not allowed when used memory > 'maxmemory'."), 'database-full', false],
    [said('MISCONF Errors writing to the AOF file'), 'database-full', false],
    [said('ERR max number of clients reached'), 'database-full', true],
    [said("ERR BGSAVE failed, replication can't continue"), 'database-full', true],
    [said("ERR unknown command 'SYNC', with args beginning with: "), 'unsupported', false],
    [said('ERR DB index is out of range'), 'database-missing', false],
    [said('ERR SELECT is not allowed in cluster mode'), 'database-missing', false],
    [said('ERR Bad data format'), 'database-statement', false],
    [said('WRONGTYPE Operation against a key holding the wrong kind of value'), 'database-statement', false],
    [said('EXOTIC refusal of a module'), 'database-statement', false],
    [node('ECONNREFUSED'), 'database-unreachable', true],
    [node('ECONNRESET'), 'database-unreachable', true],
    [node('EPIPE'), 'database-unreachable', true],
    [node('ETIMEDOUT'), 'database-timeout', true],
    [node('ENOTFOUND'), 'database-unreachable', false],
    [node('EAI_AGAIN'), 'database-unreachable', true],
    [node('ENOENT'), 'database-unreachable', true],
    [node('EACCES'), 'database-unreachable', false],
    [node('DEPTH_ZERO_SELF_SIGNED_CERT'), 'database-unreachable', false],
    [node('ERR_TLS_CERT_ALTNAME_INVALID'), 'database-unreachable', false],
    [node('ERR_SSL_WRONG_VERSION_NUMBER'), 'database-unreachable', false],
    [new ProtocolError('The server speaks HTTP'), 'database-unreachable', false],
    [new AggregateError([node('ECONNREFUSED'), node('ENETUNREACH')]), 'database-unreachable', true],
    [new DOMException('stop', 'AbortError'), 'aborted', false],
    [new Error('a defect'), 'internal', false],
    ['text', 'internal', false],
  ];
  for (const [error, code, temporary] of cases) {
    const name =
      error instanceof Error ? `${(error as { code?: string }).code ?? ''} ${error.message}` : String(error);
    it(`${name.trim()} is ${code}`, () => {
      const found = classifyRedisError(error, 'read');
      assert.deepEqual([found.code, found.temporary], [code, temporary]);
    });
  }

  it('leaves an AppError as it is', () => {
    const error = new AppError('snapshot-lost', { message: 'gone' });
    assert.equal(classifyRedisError(error, 'read'), error);
  });

  it('names the server of what is about the server', () => {
    assert.match(classifyRedisError(said('LOADING wait'), 'read').message, /10\.0\.0\.1:6379/);
    assert.match(classifyRedisError(node('EPIPE'), 'read', 'h:1').message, /h:1/);
  });

  it('drops arguments that the server repeats', () => {
    const error = said("ERR unknown command 'RESTORE', with args beginning with: 'key' 'the value' ");
    const found = classifyRedisError(error, 'write');
    assert.equal(found.message, "ERR unknown command 'RESTORE'.");
    assert.equal(found.cause, undefined);
  });
});
