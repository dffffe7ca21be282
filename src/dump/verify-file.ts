import { releaseChunk } from '../base/release-chunk.ts';
import type { OperationContext } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { ManifestFile } from '../core/manifest.ts';
import type { ByteRange, Storage } from '../storages/storage.ts';
import { digestingCounter } from './digest.ts';
import { isPlainManifest, readPackedManifest, readPlainManifest } from './manifest-read.ts';

/**
 * Checks every byte of one file by streaming it: against its digest in the manifest, or, for the file that holds the manifest, against the
 * digests in itself. Throws `dump-damaged`, `dump-truncated`, `file-missing` naming the file.
 */
export async function verifyFile(
  storage: Storage,
  file: ManifestFile,
  options: { readonly onProgress?: (bytes: number) => void },
  context: OperationContext,
): Promise<void> {
  const found = await storage.stat(file.name, context);
  if (found === null)
    throw new AppError('file-missing', { message: `${file.name} of the dump set does not exist.` });
  if (found.bytes !== file.bytes) throw wrongSize(file.name, found.bytes, file.bytes);
  if (file.digest !== null) return await verifyBytes(storage, file, null, file.digest, options, context);
  if (isPlainManifest(file.name)) {
    await readPlainManifest(storage, file.name, file.bytes, '', context);
    options.onProgress?.(file.bytes);
    return;
  }
  const { payloadBytes, payloadDigest } = await readPackedManifest(storage, file.name, file.bytes, context);
  const payload = { start: 0, end: payloadBytes - 1 };
  await verifyBytes(storage, file, payload, payloadDigest, options, context);
  options.onProgress?.(file.bytes);
}

async function verifyBytes(
  storage: Storage,
  file: ManifestFile,
  range: ByteRange | null,
  digest: string,
  options: { readonly onProgress?: (bytes: number) => void },
  context: OperationContext,
): Promise<void> {
  const counter = digestingCounter();
  for await (const chunk of storage.get(file.name, range, context)) {
    counter.add(chunk);
    options.onProgress?.(counter.bytes);
    releaseChunk(chunk);
  }
  const expected = range === null ? file.bytes : range.end + 1;
  if (counter.bytes !== expected) throw wrongSize(file.name, counter.bytes, expected);
  if (counter.digest() !== digest) {
    throw new AppError('dump-damaged', { message: `${file.name}: its content does not match its digest.` });
  }
}

/** The file `name` is not as long as the manifest says. */
export const wrongSize = (name: string, found: number, wanted: number): AppError =>
  new AppError('dump-truncated', {
    message: `${name} has ${found} bytes, and the manifest says ${wanted}.`,
  });
