import { AppError } from '../../core/errors.ts';
import type { ByteRange } from '../storage.ts';
import type { FtpConnection } from './connect.ts';
import { sizeOf } from './files.ts';
import { FtpRefusal } from './reply.ts';
import { download } from './transfer.ts';

/** The bytes of a file or of a range of it. Throws `FtpRefusal`, `dump-truncated`, and what a connection throws that breaks. */
export async function* getFile(
  connection: FtpConnection,
  path: string,
  subject: string,
  range: ByteRange | null,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  const size = await sizeOf(connection, path);
  if (size === null) throw new FtpRefusal({ code: 550, words: 'No such file' }, 'SIZE');
  const start = range?.start ?? 0;
  const end = range === null ? size : range.end + 1;
  if (end > size) {
    throw new AppError('dump-truncated', {
      message: `${subject} has ${size} bytes, and byte ${end} of it is needed.`,
      operation: 'get',
    });
  }
  if (end === start) return;
  const wanted = { bytes: end - start, toEnd: end === size };
  yield* download(connection, `RETR ${path}`, start, wanted, signal);
}
