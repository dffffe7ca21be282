import { linkAbort } from '../base/linked-abort.ts';
import type { OperationContext } from '../core/context.ts';
import { AppError, toAppError } from '../core/errors.ts';
import type { FrameRef } from '../core/manifest.ts';
import type { Storage } from '../storages/storage.ts';
import { digestingCounter, passing } from './digest.ts';
import { decodeFrame, type FrameCoding } from './frame-coding.ts';

/**
 * Decompressed bytes of one frame, checked: stored length, raw length and digest. Throws `dump-damaged` or `dump-truncated` naming file,
 * offset and `what` (the table) before the iteration ends normally: a consumer that sees the end has seen exactly what was written.
 * @param coding the set's
 */
export async function* readFrame(
  storage: Pick<Storage, 'get'>,
  ref: FrameRef,
  coding: FrameCoding,
  what: string,
  context: OperationContext,
): AsyncGenerator<Uint8Array> {
  // A consumer that stops early must also end a storage that does not answer.
  using link = linkAbort(context.signal);
  const check = digestCheck(ref);
  let rawBytes = 0;
  try {
    if (ref.length === 0 && (coding.compression !== 'none' || coding.cipher !== null))
      throw damagedFrame(ref, what, 'it has no bytes');
    const stored = passing(
      storedBytes(storage, ref, { signal: link.signal, log: context.log }),
      check.stored,
    );
    for await (const chunk of decodeFrame(stored, coding, ref.rawBytes, link.signal)) {
      if (rawBytes + chunk.length > ref.rawBytes)
        throw damagedFrame(ref, what, 'it holds more than the manifest says');
      rawBytes += chunk.length;
      check.raw(chunk);
      yield chunk;
    }
    if (rawBytes !== ref.rawBytes) {
      throw damagedFrame(ref, what, `it holds ${rawBytes} bytes, and the manifest says ${ref.rawBytes}`);
    }
    if (!check.fits()) throw damagedFrame(ref, what, 'its content does not match its digest');
  } catch (error) {
    throw frameError(error, ref, what, context);
  } finally {
    link.abort(new AppError('aborted', { message: `The reading of ${ref.file} has ended.` }));
  }
}

async function* storedBytes(
  storage: Pick<Storage, 'get'>,
  { file, offset, length }: FrameRef,
  context: OperationContext,
): AsyncGenerator<Uint8Array> {
  if (length > 0) yield* storage.get(file, { start: offset, end: offset + length - 1 }, context);
}

/** Digests the stored or the raw bytes, whichever the digest is of. */
function digestCheck({ digest }: FrameRef): {
  stored(chunk: Uint8Array): void;
  raw(chunk: Uint8Array): void;
  fits(): boolean;
} {
  const counter = digestingCounter();
  const ofStored = digest.startsWith('stored-');
  const add = (chunk: Uint8Array): void => counter.add(chunk);
  const skip = (): void => undefined;
  return {
    stored: ofStored ? add : skip,
    raw: ofStored ? skip : add,
    fits: () => digest === (ofStored ? `stored-${counter.digest()}` : counter.digest()),
  };
}

function frameError(error: unknown, ref: FrameRef, what: string, context: OperationContext): AppError {
  if (context.signal.aborted) return toAppError(context.signal.reason);
  if (error instanceof AppError) {
    // What decrypts knows the fault, and not where.
    if (error.code === 'dump-damaged' && error.context.file === undefined)
      return damagedFrame(ref, what, error.message, error);
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
