import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { createFile, replaceFile } from './atomic-file.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pumphouse-atomic-file-'));
});
after(() => rm(folder, { recursive: true }));

test('replaceFile puts the new text in place of the old one and leaves nothing else', async () => {
  const path = join(folder, 'replaced');
  await replaceFile(path, 'one', 0o600);
  await replaceFile(path, 'two', 0o600);
  assert.equal(await readFile(path, 'utf8'), 'two');
  assert.equal((await stat(path)).mode & 0o777, 0o600);
  assert.deepEqual(await readdir(folder), ['replaced']);
  await rm(path);
});

test('of many that create one file, one succeeds, and every reader sees its whole text', async () => {
  const path = join(folder, 'created');
  const texts = Array.from({ length: 20 }, (_, index) => `text ${index}`.repeat(1000));
  const results = await Promise.all(texts.map((text) => createFile(path, text, 0o600)));
  assert.equal(results.filter(Boolean).length, 1);
  assert.equal(await readFile(path, 'utf8'), texts[results.indexOf(true)]);
  assert.deepEqual(await readdir(folder), ['created']);
});

test('a missing folder is an error', async () => {
  await assert.rejects(replaceFile(join(folder, 'none', 'file'), '', 0o600), { code: 'ENOENT' });
  await assert.rejects(createFile(join(folder, 'none', 'file'), '', 0o600), { code: 'ENOENT' });
});
