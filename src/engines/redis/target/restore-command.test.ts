import assert from 'node:assert/strict';
import test from 'node:test';
import type { RdbEntry } from '../rdb/read-rdb.ts';
import { argumentsOf, commandEnd } from './command-bytes.ts';
import { type RestoreStyle, readRestore, restoreRoom, writeRestore } from './restore-command.ts';

const hello: RdbEntry = {
  database: 0,
  key: Buffer.from('greeting'),
  type: 0,
  expireAt: -1,
  idle: -1,
  frequency: -1,
  body: Buffer.from('\x05hello'),
};
const plain: RestoreStyle = { version: 10, replace: false, eviction: null };

/** The arguments of the command; binary ones in hexadecimal digits. */
function written(entry: RdbEntry, style: RestoreStyle): readonly string[] {
  const target = Buffer.alloc(restoreRoom(entry.key.length, entry.body.length) + 1);
  const end = writeRestore(target, 1, entry.key, entry, style);
  assert.ok(end <= target.length);
  assert.equal(commandEnd(target, 1), end);
  return argumentsOf(target, 1).map((argument, at) =>
    Buffer.from(argument).toString(at === 3 ? 'hex' : 'latin1'),
  );
}

// The footer is of a DUMP by a Redis 7.0.
const payload = '000568656c6c6f0a006372df766534200a';

test('writes a value as the target`s own DUMP has it', () => {
  assert.deepEqual(written(hello, plain), ['RESTORE', 'greeting', '0', payload]);
});

test('says when it expires, what it replaces, and what evictions go by', () => {
  const expireAt = 1_700_000_000_123;
  const cases: readonly (readonly [Partial<RdbEntry>, Partial<RestoreStyle>, readonly string[]])[] = [
    [{ expireAt }, {}, [String(expireAt), 'ABSTTL']],
    [{}, { replace: true }, ['0', 'REPLACE']],
    [{ idle: 99 }, { eviction: 'idle' }, ['0', 'IDLETIME', '99']],
    [{ idle: 99 }, {}, ['0']],
    [{ idle: 99 }, { eviction: 'frequency' }, ['0']],
    [
      { frequency: 0, expireAt },
      { eviction: 'frequency', replace: true },
      [String(expireAt), 'ABSTTL', 'REPLACE', 'FREQ', '0'],
    ],
  ];
  for (const [entry, style, [ttl, ...rest]] of cases) {
    const args = written({ ...hello, ...entry }, { ...plain, ...style });
    assert.deepEqual(args, ['RESTORE', 'greeting', ttl, payload, ...rest]);
  }
});

test('reads back what it wrote', () => {
  for (const expireAt of [-1, 1_700_000_000_123]) {
    const entry = { ...hello, key: Buffer.from([0, 13, 10]), type: 17, expireAt };
    const target = Buffer.alloc(restoreRoom(3, 6));
    writeRestore(target, 0, entry.key, entry, { ...plain, replace: true });
    const { key, type, body, ...rest } = readRestore(target, 0);
    assert.deepEqual([Buffer.from(key), type, Buffer.from(body)], [entry.key, 17, hello.body]);
    assert.equal(rest.expireAt, expireAt);
  }
});
