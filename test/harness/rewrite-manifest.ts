import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { digestLineBytes, digestLineStart } from '../../src/dump/manifest-format.ts';

/** Changes the text of a plain manifest and gives it the digest that fits, as its writer would have. */
export async function rewriteManifest(file: string, edit: (text: string) => string): Promise<void> {
  const bytes = await readFile(file);
  const text = edit(bytes.subarray(0, bytes.length - digestLineBytes).toString());
  const digest = createHash('sha256').update(text).digest('hex');
  await writeFile(file, `${text}${digestLineStart}sha256:${digest}"}\n`);
}
