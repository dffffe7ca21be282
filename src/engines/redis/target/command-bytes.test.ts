import assert from 'node:assert/strict';
import test from 'node:test';
import { encodeCommand } from '../client/encode-command.ts';
import { argumentsOf, commandEnd, writeArgument, writeDecimal } from './command-bytes.ts';

test('writes whole numbers in decimal', () => {
  const target = Buffer.alloc(20);
  for (const value of [0, 9, 10, 99, 100, 2 ** 31 - 1, 2 ** 31, 1_700_000_000_123, Number.MAX_SAFE_INTEGER]) {
    const end = writeDecimal(target, 1, value);
    assert.equal(target.toString('latin1', 1, end), String(value));
  }
});

test('writes arguments as the server reads them', () => {
  const target = Buffer.alloc(20);
  assert.equal(
    target.toString('latin1', 0, writeArgument(target, 0, Buffer.from('a\r\nb'))),
    '$4\r\na\r\nb\r\n',
  );
  assert.equal(target.toString('latin1', 0, writeArgument(target, 0, Buffer.alloc(0))), '$0\r\n\r\n');
});

test('finds a command between others, whatever its arguments hold', () => {
  const first = encodeCommand(['SET', 'key', '*1\r\n$4\r\nPING\r\n']);
  const second = encodeCommand(['RESTORE', Buffer.from([0, 13, 10, 255]), 0, '']);
  const bytes = Buffer.concat([first, second, encodeCommand(['PING'])]);
  assert.equal(commandEnd(bytes, 0), first.length);
  assert.equal(commandEnd(bytes, first.length), first.length + second.length);
  const found = argumentsOf(bytes, first.length).map((argument) => Buffer.from(argument).toString('latin1'));
  assert.deepEqual(found, ['RESTORE', '\0\r\n\xff', '0', '']);
});
