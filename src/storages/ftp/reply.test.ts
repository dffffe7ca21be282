import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createReplyReader, type FtpReply } from './reply.ts';

const readAll = (...pieces: string[]): FtpReply[] => {
  const reader = createReplyReader();
  return pieces.flatMap((piece) => reader.read(piece));
};

describe('FTP replies', () => {
  it('are lines of a code and words', () => {
    assert.deepEqual(readAll('220 Hello there\r\n331\r\n200 \n'), [
      { code: 220, words: 'Hello there' },
      { code: 331, words: '' },
      { code: 200, words: '' },
    ]);
  });

  it('go over several lines up to the one with the same code and a space', () => {
    const text = '211-Features:\r\n MLST type*;size*;\r\n 212 not the end\r\n211-nor this\r\n\r\n211 End\r\n';
    assert.deepEqual(readAll(text), [
      { code: 211, words: 'Features:\nMLST type*;size*;\n212 not the end\nnor this\nEnd' },
    ]);
  });

  it('are the same however they are cut into pieces', () => {
    const text = '213 123456\r\n211-Features:\r\n REST STREAM\r\n211 End\r\n226 done\r\n';
    const whole = readAll(text);
    assert.deepEqual(readAll(...text), whole);
    for (let at = 1; at < text.length; at += 1)
      assert.deepEqual(readAll(text.slice(0, at), text.slice(at)), whole, String(at));
    assert.deepEqual(whole[0], { code: 213, words: '123456' });
  });

  it('are not there before their last line is', () => {
    const reader = createReplyReader();
    assert.deepEqual(reader.read('213 12'), []);
    assert.equal(reader.isInside, true);
    assert.deepEqual(reader.read('34\r\n'), [{ code: 213, words: '1234' }]);
    assert.equal(reader.isInside, false);
  });

  it('are refused when they are no FTP, or endless', () => {
    assert.throws(() => readAll('HTTP/1.1 400 Bad Request\r\n'), /does not speak FTP/);
    assert.throws(() => readAll('SSH-2.0-OpenSSH\r\n'), /does not speak FTP/);
    assert.throws(() => readAll('x'.repeat(300_000)), /more than an FTP reply/);
    assert.throws(
      () => readAll(`220-x\r\n${`${'y'.repeat(1000)}\r\n`.repeat(300)}`),
      /more than an FTP reply/,
    );
  });
});
