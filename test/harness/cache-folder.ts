import { existsSync, lstatSync, mkdirSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';

/**
 * `name` in a folder for what is dear to make and the same in every run, made by `fill` unless it is there already.
 * Kept between runs, below the temporary folder, because the checkout may lie where the server's user cannot go.
 * Safe against other processes that do the same at once.
 */
export async function cached(name: string, fill: (draft: string) => void | Promise<void>): Promise<string> {
  const final = path.join(cacheFolder(), name);
  if (existsSync(final)) return final;
  const draft = mkdtempSync(`${final}.draft-`);
  try {
    await fill(draft);
    renameSync(draft, final);
  } catch (error) {
    rmSync(draft, { recursive: true, force: true });
    if (!existsSync(final)) throw error;
  }
  return final;
}

function cacheFolder(): string {
  const owner = process.getuid?.() ?? 0;
  const folder = path.join(os.tmpdir(), `pumphouse-test-servers-${owner}`);
  mkdirSync(folder, { recursive: true, mode: 0o755 });
  const { uid, mode } = lstatSync(folder);
  if (uid !== owner || (mode & 0o022) !== 0) {
    throw new Error(`${folder} belongs to somebody else, or others can write to it: remove it.`);
  }
  return folder;
}
