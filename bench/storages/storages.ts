import { randomFillSync } from 'node:crypto';
import { mkdir, mkdtemp, open, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { startCeph } from '../../test/harness/ceph.ts';
import type { BenchSettings } from '../main.ts';
import type { BenchResult } from '../report.ts';
import { report } from '../report.ts';
import { benchPostgresToS3 } from './postgres-to-s3.ts';
import { benchLargeObject, benchTransfers } from './transfers.ts';

/** What the contests share: a folder of files that do not compress, a place for copies, and an object storage. */
export interface StorageArena {
  readonly settings: BenchSettings;
  readonly s3: Awaited<ReturnType<typeof startCeph>>;
  /** Eight files, in all as many bytes as asked for. */
  readonly files: string;
  /** A path in the scratch folder where nothing is. */
  fresh(name: string): Promise<string>;
}

type Contest = (arena: StorageArena) => Promise<readonly BenchResult[]>;

/** By the word that `--only` takes. */
const contests: Readonly<Record<string, Contest>> = {
  transfers: benchTransfers,
  postgres: benchPostgresToS3,
  large: benchLargeObject,
};

/** Moves files to storages and back, with ours and with the best native client at hand, in turns. */
export async function runStoragesBenchmark(settings: BenchSettings): Promise<void> {
  const chosen = settings.only.length > 0 ? settings.only : Object.keys(contests);
  const unknown = chosen.filter((name) => contests[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(`--only takes ${Object.keys(contests).join(', ')}, not ${unknown.join(', ')}`);
  }
  const [sizeMb = 1000] = settings.sizesMb;
  const scratch = await mkdtemp(path.join(os.tmpdir(), 'pumphouse-bench-storages-'));
  try {
    await using s3 = await startCeph();
    const files = path.join(scratch, 'files');
    await mkdir(files);
    await makeFiles(files, sizeMb);
    const arena: StorageArena = {
      settings,
      s3,
      files,
      async fresh(name) {
        const place = path.join(scratch, name);
        await rm(place, { recursive: true, force: true });
        return place;
      },
    };
    const results: BenchResult[] = [];
    for (const name of chosen) results.push(...((await contests[name]?.(arena)) ?? []));
    report(results, { node: process.version, size_mb: String(sizeMb) }, settings.json);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

const fileCount = 8;
const blockBytes = 1024 * 1024;

/** Random bytes, from one block: what counts is that nothing on the way compresses them. */
async function makeFiles(folder: string, sizeMb: number): Promise<void> {
  const block = randomFillSync(Buffer.alloc(blockBytes));
  for (let number = 0; number < fileCount; number += 1) {
    await using file = await open(path.join(folder, `file${number}.bin`), 'w');
    for (let written = 0; written < sizeMb / fileCount; written += 1) await file.write(block);
  }
}
