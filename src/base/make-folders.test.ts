import assert from 'node:assert/strict';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import { makeFolders } from './make-folders.ts';

let base: string;
before(async () => {
  base = await mkdtemp(join(tmpdir(), 'pumphouse-folders-'));
});
after(() => rm(base, { recursive: true }));

test('makes what is missing and tells where it began', async () => {
  assert.equal(await makeFolders(join(base, 'a', 'b', 'c'), 0o700), join(base, 'a'));
  assert.equal((await stat(join(base, 'a', 'b', 'c'))).mode & 0o777, 0o700);
  assert.equal(await makeFolders(join(base, 'a', 'b', 'd'), 0o700), join(base, 'a', 'b', 'd'));
  assert.equal(await makeFolders(join(base, 'a', 'b'), 0o700), undefined);
});

test('takes turns with others that make the same', async () => {
  const deep = join(base, 'r', 's', 't', 'u');
  await Promise.all(Array.from({ length: 20 }, () => makeFolders(deep, 0o755)));
  assert.ok((await stat(deep)).isDirectory());
});

test('refuses a file in the way', async () => {
  const file = join(base, 'file');
  await writeFile(file, '');
  await assert.rejects(makeFolders(file, 0o755), { code: 'EEXIST' });
  await assert.rejects(makeFolders(join(file, 'x', 'y'), 0o755), { code: 'ENOTDIR' });
});

test('ends where nobody can make folders', async () => {
  await assert.rejects(makeFolders('/proc/pumphouse/x', 0o755), { code: 'ENOENT' });
});
