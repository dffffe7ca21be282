import { open } from 'node:fs/promises';
import { AppError } from '../../core/errors.ts';
import type { ByteRange } from '../storage.ts';
import { checkInside } from './paths.ts';

const readBytes = 1024 * 1024;

/** The bytes of a file or of a range of it. Throws system errors and `dump-truncated`. */
export async function* getFile(
  base: string,
  path: string,
  range: ByteRange | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  signal.throwIfAborted();
  await checkInside(base, path);
  const file = await open(path, 'r');
  try {
    const facts = await file.stat();
    if (!facts.isFile()) throw Object.assign(new Error('not a file'), { code: 'ENOENT' });
    const end = range === null ? facts.size : range.end + 1;
    if (end > facts.size) throw truncated(path, facts.size, end);
    for (let position = range?.start ?? 0; position < end; ) {
      signal.throwIfAborted();
      const block = Buffer.allocUnsafeSlow(Math.min(readBytes, end - position));
      const { bytesRead } = await file.read(block, 0, block.length, position);
      if (bytesRead === 0) throw truncated(path, position, end);
      position += bytesRead;
      yield block.subarray(0, bytesRead);
    }
  } finally {
    await file.close();
  }
}

const truncated = (path: string, has: number, wanted: number): AppError =>
  new AppError('dump-truncated', {
    message: `${path} has ${has} bytes, and byte ${wanted} of it is needed.`,
    operation: 'get',
  });
