import { readdir, readFile } from 'node:fs/promises';
import path from 'node:path';

/** The files below `folder` that hold the text anywhere in their bytes. */
export async function filesHolding(folder: string, text: string): Promise<readonly string[]> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const holding: string[] = [];
  for (const entry of entries) {
    if (!entry.isFile()) continue;
    const file = path.join(entry.parentPath, entry.name);
    if ((await readFile(file)).includes(text)) holding.push(path.relative(folder, file));
  }
  return holding;
}
