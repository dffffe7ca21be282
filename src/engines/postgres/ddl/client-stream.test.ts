import assert from 'node:assert/strict';
import { test } from 'node:test';
import { queryMessage, terminateMessage } from '../wire/messages.ts';
import { type ClientRequest, RequestReader, startupAnswer } from './client-stream.ts';

const startup = Buffer.from('\0\0\0\x09\0\x03\0\0\0', 'latin1');
const sslRequest = Buffer.from('\0\0\0\x08\x04\xd2\x16\x2f', 'latin1');

/** What the pieces come to, without those that are not enough. */
const requests = (reader: RequestReader, pieces: readonly Buffer[]): ClientRequest[] =>
  pieces.map((piece) => reader.take(piece)).filter(({ kind }) => kind !== 'unfinished');

test('a conversation in pieces of any size', () => {
  const query = queryMessage('SELECT 1');
  const extended = Buffer.concat([
    Buffer.from('P\0\0\0\x08\0\0\0\0', 'latin1'),
    Buffer.from('S\0\0\0\x04', 'latin1'),
  ]);
  const all = Buffer.concat([sslRequest, startup, query, extended, terminateMessage]);
  for (const size of [1, 2, 3, 7]) {
    const pieces: Buffer[] = [];
    // A client waits for each answer, so no piece goes beyond a request.
    for (const part of [sslRequest, startup, query, extended, terminateMessage]) {
      for (let at = 0; at < part.length; at += size) pieces.push(part.subarray(at, at + size));
    }
    assert.equal(Buffer.concat(pieces).length, all.length);
    const found = requests(new RequestReader(), pieces);
    assert.deepEqual(
      found.map(({ kind }) => kind),
      ['encryption', 'startup', 'messages', 'messages', 'end'],
    );
    const bytes = found.flatMap((request) =>
      request.kind === 'messages' ? [Buffer.from(request.bytes)] : [],
    );
    assert.deepEqual(bytes, [query, extended]);
  }
});

test('the answer to the start-up packet is what the server told us', () => {
  const answer = startupAnswer({
    parameters: new Map([['server_version', '17.1']]),
    processId: 7,
    secretKey: -2,
  }).toString('latin1');
  assert.equal(
    answer,
    'R\0\0\0\x08\0\0\0\0' +
      'S\0\0\0\x18server_version\x0017.1\0' +
      'K\0\0\0\x0c\0\0\0\x07\xff\xff\xff\xfe' +
      'Z\0\0\0\x05I',
  );
});
