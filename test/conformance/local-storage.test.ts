import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { describe, it } from 'node:test';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { bytesSource } from '../harness/byte-sources.ts';
import { bareLocal } from '../harness/local-storage.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { mountSmallDisk } from '../harness/small-disk.ts';
import { type StorageHarness, storageConformance } from './storage.ts';

const endlessPut = path.join(import.meta.dirname, '../harness/endless-put.ts');

async function localHarness(open: (folder: string) => Storage): Promise<StorageHarness> {
  const root = await mkdtemp(path.join(tmpdir(), 'pumphouse-storage-'));
  const base = path.join(root, 'base');
  await writeFile(path.join(root, 'a-file'), '');
  return {
    storage: open(base),
    missing: open(path.join(root, 'missing')),
    // Rights do not stop the superuser, a file in the way does.
    unwritable: open(path.join(root, 'a-file', 'folder')),
    async killedPut(name) {
      const child = spawn(process.execPath, [endlessPut, base, name], {
        stdio: ['ignore', 'pipe', 'inherit'],
      });
      await once(child.stdout, 'data');
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async leftovers() {
      const names = await readdir(base, { recursive: true });
      return names.filter((name) => name.endsWith('.part'));
    },
    close: () => rm(root, { recursive: true }),
  };
}

const bare = (folder: string): Storage => bareLocal(folder);

storageConformance('local', () => localHarness(bare));

storageConformance('local behind its layers', () =>
  localHarness((folder) =>
    stackStorage(bare(folder), defaultLayerOptions, createLimit(defaultLayerOptions.limit)),
  ),
);

describe('local storage on a full disk', () => {
  it('says so, leaves nothing, and goes on when there is room', async (t) => {
    await using disk = await mountSmallDisk(2);
    if (disk === null) {
      t.diagnostic(
        'This process may not mount a small disk; test/faults/disk-full.pg.test.ts limits file sizes instead.',
      );
      return;
    }
    const context = recordingContext();
    const storage = stackStorage(
      bareLocal(path.join(disk.path, 'dumps')),
      defaultLayerOptions,
      createLimit(defaultLayerOptions.limit),
    );
    const put = (bytes: number) =>
      storage.put('EXP01.DMP', bytesSource(Buffer.alloc(bytes)), { ifExists: 'fail' }, context);
    await assert.rejects(put(3_000_000), {
      code: 'storage-full',
      temporary: false,
      message: /EXP01\.DMP cannot be written: the disk is full\.$/,
      hint: /^Make room/,
    });
    assert.deepEqual(context.complaints(), []);
    assert.equal(await storage.stat('EXP01.DMP', context), null);
    assert.deepEqual(await readdir(disk.path, { recursive: true }), ['dumps']);
    await put(1_000_000);
    assert.equal((await storage.stat('EXP01.DMP', context))?.bytes, 1_000_000);
  });
});
