import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** A temporary folder; disposing removes it with all that is in it. */
export interface TestFolder extends AsyncDisposable {
  readonly path: string;
  /** A path in it. */
  join(...names: readonly string[]): string;
}

export async function makeFolder(): Promise<TestFolder> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pumphouse-test-'));
  return {
    path: folder,
    join: (...names) => path.join(folder, ...names),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

/** Runs `work` with a new temporary folder and removes it. */
export async function withFolder<T>(work: (folder: string) => Promise<T>): Promise<T> {
  await using folder = await makeFolder();
  return await work(folder.path);
}
