import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import test from 'node:test';
import { isUnfinished } from '../file-name.ts';
import {
  foreignPartLifeMs,
  isAbandoned,
  isWriterGone,
  partName,
  writerEnded,
  writerTag,
} from './part-name.ts';

const now = 1_800_000_000_000;

/** The part name with some of its digits replaced. */
function withDigits(name: string, start: number, digits: string): string {
  const at = name.length - '.part'.length - 40 + start;
  return name.slice(0, at) + digits + name.slice(at + digits.length);
}

test('a part name is hidden, tells its file, and is new each time', () => {
  const name = partName('EXPDAT02.DMP');
  assert.match(name, /^\.EXPDAT02\.DMP\.[0-9a-f]{40}\.part$/);
  assert.ok(isUnfinished(name));
  assert.notEqual(partName('EXPDAT02.DMP'), name);
});

test('a part name fits into 255 bytes and stays valid Unicode', () => {
  for (const file of ['n'.repeat(255), 'ß'.repeat(127), `n${'漢'.repeat(84)}`]) {
    const name = partName(file);
    assert.ok(Buffer.byteLength(name) <= 255);
    assert.ok(!name.includes('\ufffd'));
  }
});

test('the part of a living process is kept, however old', () => {
  assert.equal(isAbandoned(partName('x'), 0, now), false);
});

test('the part of an upload that is over can be swept while its process lives', () => {
  const name = partName('x');
  const tag = writerTag();
  writerEnded(name);
  assert.equal(isAbandoned(name, now, now), true);
  assert.equal(isWriterGone(tag, now, now), false);
  writerEnded(tag);
  assert.equal(isWriterGone(tag, now, now), true);
});

test('the part of a process that ended is abandoned', () => {
  const { pid } = spawnSync(process.execPath, ['--version']);
  const name = withDigits(partName('x'), 8, pid.toString(16).padStart(8, '0'));
  assert.equal(isAbandoned(name, now, now), true);
});

test('the part of an earlier process with the same id is abandoned', {
  skip: process.platform !== 'linux',
}, () => {
  const name = withDigits(partName('x'), 16, '0000000000000001');
  assert.equal(isAbandoned(name, now, now), true);
});

test('the part of another host is abandoned after a day without a write', () => {
  const name = withDigits(partName('x'), 0, '00000000');
  assert.equal(isAbandoned(name, now - foreignPartLifeMs, now), false);
  assert.equal(isAbandoned(name, now - foreignPartLifeMs - 1, now), true);
});

test('what is not named like a part of ours is none', () => {
  assert.equal(isAbandoned('.x.part', 0, now), false);
  assert.equal(isAbandoned('x', 0, now), false);
});
