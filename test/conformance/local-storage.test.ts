import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { createLimit } from '../../src/storages/layers/limit.ts';
import { localDriver } from '../../src/storages/local/driver.ts';
import { defaultLayerOptions, stackStorage } from '../../src/storages/stack.ts';
import type { Storage } from '../../src/storages/storage.ts';
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

const bare = (folder: string): Storage => localDriver.open(pathToFileURL(folder));

storageConformance('local', () => localHarness(bare));

storageConformance('local behind its layers', () =>
  localHarness((folder) =>
    stackStorage(bare(folder), defaultLayerOptions, createLimit(defaultLayerOptions.limit)),
  ),
);
