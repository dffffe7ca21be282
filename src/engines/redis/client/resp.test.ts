import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { encodeCommand } from './encode-command.ts';
import { Pending } from './pending.ts';
import { RedisError, type Reply } from './reply.ts';
import { ReplyBuilder } from './reply-builder.ts';
import { ProtocolError, RespTokens } from './resp-tokens.ts';

const text = (reply: unknown): unknown => {
  if (reply instanceof Uint8Array) return Buffer.from(reply).toString();
  if (reply instanceof RedisError) return `-${reply.code}`;
  return Array.isArray(reply) ? reply.map(text) : reply;
};

function parse(bytes: Buffer, step: number): readonly unknown[] {
  const replies: unknown[] = [];
  const tokens = new RespTokens(
    new ReplyBuilder(
      { ok: () => replies.push('OK'), reply: (reply: Reply) => replies.push(text(reply)) },
      'server',
    ),
  );
  for (let at = 0; at < bytes.length; at += step) tokens.push(bytes.subarray(at, at + step));
  return replies;
}

describe('replies of RESP 2', () => {
  const bytes = Buffer.from(
    '+OK\r\n+PONG\r\n-NOPERM no\r\n:42\r\n:-2\r\n:9007199254740991\r\n$5\r\nhe\r\no\r\n$0\r\n\r\n$-1\r\n*-1\r\n*0\r\n' +
      '*3\r\n$1\r\na\r\n*2\r\n+OK\r\n:1\r\n-ERR inside\r\n+OK\r\n',
  );
  const expected = [
    'OK',
    'PONG',
    '-NOPERM',
    42,
    -2,
    Number.MAX_SAFE_INTEGER,
    'he\r\no',
    '',
    null,
    null,
    [],
    ['a', ['OK', 1], '-ERR'],
    'OK',
  ];
  for (const step of [1, 2, 3, 7, 1000]) {
    it(`are whole when they come ${step} bytes at a time`, () =>
      assert.deepEqual(parse(bytes, step), expected));
  }

  const broken = [
    'HTTP/1.1 400 Bad\r\n',
    '\n',
    '+OK\n',
    ':12x\r\n',
    ':\r\n',
    '$3\r\nabcd\r\n',
    `+${'x'.repeat(70_000)}`,
    '$99999999999999999999\r\n',
    '*99999999999999999999\r\n',
    '$9007199254740993\r\n',
    '$536870913\r\n',
    '*2\r\n$5\r\nabcde\r\n$536870900\r\n',
    '*1\r\n'.repeat(2_100_000),
  ];
  for (const each of broken) {
    it(`refuses ${JSON.stringify(each.slice(0, 20))}`, () => {
      assert.throws(() => parse(Buffer.from(each), 1000), ProtocolError);
    });
  }

  it('what a server says in a refusal rules no terminal and fills no log', () => {
    const { code, message } = new RedisError(`ERR \x1b[31mred\x07\x9b ${'x'.repeat(10_000)}`);
    assert.equal(code, 'ERR');
    assert.match(message, /^ERR {2}\[31mred {2}x{1000,2000}$/);
  });

  it('a reply that nobody asked for breaks the protocol', () => {
    const pending = new Pending();
    assert.throws(() => pending.reply('OK'), ProtocolError);
    assert.throws(() => pending.ok(), ProtocolError);
  });

  it('commands are arrays of bulk strings', () => {
    const command = encodeCommand(['SET', Buffer.from([0, 255]), 12, 'ü']);
    assert.deepEqual(
      command,
      Buffer.concat([
        Buffer.from('*4\r\n$3\r\nSET\r\n$2\r\n'),
        Buffer.from([0, 255]),
        Buffer.from('\r\n$2\r\n12\r\n$2\r\nü\r\n'),
      ]),
    );
  });
});
