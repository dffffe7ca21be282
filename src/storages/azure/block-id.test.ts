import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { test } from 'node:test';
import { foreignPartLifeMs, writerEnded, writerTag } from '../blocks/part-name.ts';
import { blockId, isAbandonedBlock } from './block-id.ts';

const now = 1_800_000_000_000;

test('block ids have one length, which Azure takes, and differ', () => {
  const tag = writerTag();
  const ids = [1, 2, 50_000].map((number) => blockId(tag, number, now));
  assert.equal(new Set(ids).size, 3);
  for (const id of ids) {
    assert.match(id, /^[A-Za-z0-9+/]{44}$/);
    assert.ok(Buffer.from(id, 'base64').length <= 64);
  }
  writerEnded(tag);
});

test('blocks are kept while their upload goes on, and abandoned after', () => {
  const tag = writerTag();
  const id = blockId(tag, 1, 0);
  assert.equal(isAbandonedBlock(id, now), false);
  writerEnded(tag);
  assert.equal(isAbandonedBlock(id, now), true);
});

test('blocks of a process that ended are abandoned', () => {
  const tag = writerTag();
  const { pid } = spawnSync(process.execPath, ['--version']);
  const dead = tag.slice(0, 8) + pid.toString(16).padStart(8, '0') + tag.slice(16);
  assert.equal(isAbandonedBlock(blockId(dead, 1, now), now), true);
  writerEnded(tag);
});

test('blocks of another host are abandoned a day after they were sent', () => {
  const tag = `00000000${writerTag().slice(8)}`;
  const id = blockId(tag, 1, now - foreignPartLifeMs);
  assert.equal(isAbandonedBlock(id, now), false);
  assert.equal(isAbandonedBlock(id, now + 1), true);
});

test('blocks of other programs are none of ours', () => {
  for (const id of ['', 'AAAA', Buffer.alloc(33).toString('base64'), Buffer.from('PHB').toString('base64')]) {
    assert.equal(isAbandonedBlock(id, now), false);
  }
});
