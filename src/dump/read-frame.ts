import { linkAbort } from '../base/linked-abort.ts';
import type { OperationContext } from '../core/context.ts';
import { AppError, toAppError } from '../core/errors.ts';
import type { FrameRef } from '../core/manifest.ts';
import type { Storage } from '../storages/storage.ts';
import { counted, digestingCounter } from './digest.ts';
import { decompressFrame } from './zstd.ts';

/**
 * Decompressed bytes of one frame, checked: stored length, raw length and digest. Throws `dump-damaged` or `dump-truncated` naming file,
 * offset and `what` (the table) before the iteration ends normally: a consumer that sees the end has seen exactly what was written.
 */
export async function* readFrame(
  storage: Storage,
  ref: FrameRef,
  what: string,
  context: OperationContext,
): AsyncGenerator<Uint8Array> {
  // A consumer that stops early must also end a storage that does not answer.
  using link = linkAbort(context.signal);
  const stored = digestingCounter();
  const raw = digestingCounter();
  try {
    if (ref.length === 0) throw damagedFrame(ref, what, 'it has no bytes');
    const range = { start: ref.offset, end: ref.offset + ref.length - 1 };
    const reading = counted(storage.get(ref.file, range, { signal: link.signal, log: context.log }), stored);
    for await (const chunk of decompressFrame(reading, link.signal)) {
      if (raw.bytes + chunk.length > ref.rawBytes)
        throw damagedFrame(ref, what, 'it holds more than the manifest says');
      raw.add(chunk);
      yield chunk;
    }
    if (raw.bytes !== ref.rawBytes) {
      throw damagedFrame(ref, what, `it holds ${raw.bytes} bytes, and the manifest says ${ref.rawBytes}`);
    }
    if (raw.digest() !== ref.digest) throw damagedFrame(ref, what, 'its content does not match its digest');
  } catch (error) {
    throw frameError(error, ref, what, context);
  } finally {
    link.abort(new AppError('aborted', { message: `The reading of ${ref.file} has ended.` }));
  }
}

function frameError(error: unknown, ref: FrameRef, what: string, context: OperationContext): AppError {
  if (context.signal.aborted) return toAppError(context.signal.reason);
  if (error instanceof AppError) {
    if (error.code !== 'dump-truncated') return error;
    return new AppError('dump-truncated', {
      message: `${placeOf(ref, what)}: the file ends too early.`,
      cause: error,
    });
  }
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!/^(ZSTD|Z)_/.test(code)) return toAppError(error);
  return damagedFrame(ref, what, `it cannot be decompressed (${(error as Error).message})`, error);
}

const damagedFrame = (ref: FrameRef, what: string, fault: string, cause?: unknown): AppError =>
  new AppError('dump-damaged', {
    message: `${placeOf(ref, what)}: ${fault}.`,
    context: { file: ref.file, offset: ref.offset, what },
    cause,
  });

const placeOf = (ref: FrameRef, what: string): string =>
  `${ref.file}, frame at offset ${ref.offset}, ${what}`;
