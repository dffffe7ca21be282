import { linkAbort } from '../base/linked-abort.ts';
import type { OperationContext } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { Digest, FrameRef, ManifestFile } from '../core/manifest.ts';
import type { PutOptions, Storage } from '../storages/storage.ts';
import { digestingCounter, passing, plainCounter } from './digest.ts';
import { encodeFrame, type FrameCoding } from './frame-coding.ts';

/** A unit's bytes, which can be read again. */
export interface UnitSource {
  readonly id: string;
  /** `summary` settles after the last byte, and rejects when the iteration does. Yielded chunks are given away: their memory is freed after use. */
  open(context: OperationContext): {
    readonly bytes: AsyncIterable<Uint8Array>;
    readonly summary: Promise<{ readonly rows: number; readonly variant: string }>;
  };
}

/** Where a unit came to lie. */
export interface WrittenUnit extends FrameRef {
  readonly id: string;
  readonly rows: number;
  readonly variant: string;
}

/** A data file with its units. */
export interface WrittenFile {
  readonly file: ManifestFile;
  readonly units: readonly WrittenUnit[];
}

export interface DataFileOptions {
  readonly ifExists: PutOptions['ifExists'];
  readonly coding: FrameCoding;
  /** Estimate of the raw bytes. */
  readonly expectedBytes: number;
  /** Stored bytes that the file may not grow beyond; absent: no limit. */
  readonly maxBytes?: number;
  /** Gets the raw bytes of all units of the file so far; from 0 again when the storage layers try again. */
  readonly onProgress?: (rawBytes: number) => void;
}

/**
 * Writes one data file: each unit one independent frame, in order, in one `put`. Memory is bounded at a few MB whatever the sizes.
 * When a unit's source, the storage or an abort ends it, or it outgrows its size (`file-size-too-small`), nothing is left visible. A retry of the storage layers opens every unit again.
 */
export async function writeDataFile(
  storage: Storage,
  name: string,
  units: readonly UnitSource[],
  options: DataFileOptions,
  context: OperationContext,
): Promise<WrittenFile> {
  const { writer, bytes } = await putFrames(
    storage,
    name,
    options,
    async function* (file) {
      for (const unit of units) yield* file.unit(unit);
    },
    context,
  );
  return { file: { name, bytes, digest: writer.digest() }, units: writer.units };
}

/** Makes the bytes of one file, frame after frame, and remembers what lies where. */
export interface FrameWriter {
  /** Bytes of the frames so far. */
  readonly position: number;
  /** The units so far. */
  readonly units: readonly WrittenUnit[];
  /** Compresses a unit; what it yields are the file's next bytes. */
  unit(source: UnitSource): AsyncIterable<Uint8Array>;
  /** The same for other content; the frame is handed to `done`. */
  frame(content: AsyncIterable<Uint8Array>, done: (frame: FrameRef) => void): AsyncIterable<Uint8Array>;
  /** Digest of the frames so far. */
  digest(): Digest;
}

/**
 * @param newCounter digests what is stored, if it is stored
 * @param onRawBytes gets the raw bytes of all units and frames so far
 */
function frameWriter(
  file: string,
  coding: FrameCoding,
  newCounter: typeof digestingCounter,
  onRawBytes: (bytes: number) => void,
  context: OperationContext,
): FrameWriter {
  const stored = newCounter();
  const units: WrittenUnit[] = [];
  let rawTotal = 0;

  async function* frame(
    content: AsyncIterable<Uint8Array>,
    done: (frame: FrameRef) => void,
  ): AsyncGenerator<Uint8Array> {
    const offset = stored.bytes;
    const rawBefore = rawTotal;
    // The bytes of the first frame are all that the file has so far: they need not be digested twice.
    const own = offset === 0 ? null : newCounter();
    const raw = passing(content, (chunk) => {
      rawTotal += chunk.length;
      onRawBytes(rawTotal);
    });
    for await (const chunk of encodeFrame(raw, coding, context.signal)) {
      stored.add(chunk);
      own?.add(chunk);
      yield chunk;
    }
    const length = stored.bytes - offset;
    const rawBytes = rawTotal - rawBefore;
    done({ file, offset, length, rawBytes, digest: `stored-${(own ?? stored).digest()}` });
  }

  return {
    get position() {
      return stored.bytes;
    },
    units,
    frame,
    async *unit(source) {
      const { bytes, summary } = source.open(context);
      // The iteration rejects for the same reason, and it is the one that is listened to.
      summary.catch(() => undefined);
      let written: FrameRef | null = null;
      yield* frame(bytes, (ref) => {
        written = ref;
      });
      const { rows, variant } = await summary;
      if (written !== null) units.push({ ...(written as FrameRef), id: source.id, rows, variant });
    },
    digest: () => stored.digest(),
  };
}

/**
 * One `put` of the bytes that `body` yields; the body runs again for every try of the storage layers. Resolves to the writer of the try
 * that succeeded, and the stored size.
 */
export async function putFrames(
  storage: Storage,
  name: string,
  options: PutOptions & {
    readonly coding: FrameCoding;
    readonly maxBytes?: number;
    readonly onProgress?: (rawBytes: number) => void;
  },
  body: (writer: FrameWriter) => AsyncIterable<Uint8Array>,
  context: OperationContext,
): Promise<{ readonly writer: FrameWriter; readonly bytes: number }> {
  const { coding, maxBytes = Number.POSITIVE_INFINITY, onProgress, ...putOptions } = options;
  let last: { readonly writer: FrameWriter; sent: number } | null = null;
  const source = {
    async *open(signal: AbortSignal): AsyncGenerator<Uint8Array> {
      // A storage that stops reading early must also end a unit that waits for its database.
      using link = linkAbort(signal);
      const newCounter = storage.keeps ? digestingCounter : plainCounter;
      const writer = frameWriter(name, coding, newCounter, onProgress ?? (() => undefined), {
        signal: link.signal,
        log: context.log,
      });
      const attempt = { writer, sent: 0 };
      last = attempt;
      try {
        for await (const chunk of body(writer)) {
          attempt.sent += chunk.length;
          if (attempt.sent > maxBytes) throw outgrown(name, maxBytes, writer.units.length);
          yield chunk;
        }
      } finally {
        link.abort(new AppError('aborted', { message: `The writing of ${name} has ended.` }));
      }
    },
  };
  const { bytes } = await storage.put(name, source, putOptions, context);
  const { writer, sent } = (last ?? { writer: null, sent: -1 }) as {
    writer: FrameWriter | null;
    sent: number;
  };
  if (writer === null || bytes !== sent) {
    throw new AppError('storage-failed', {
      message: `${storage.description} stored ${bytes} bytes of ${name}, and ${sent} were sent.`,
      operation: 'put',
    });
  }
  return { writer, bytes };
}

const outgrown = (name: string, maxBytes: number, wholeUnits: number): AppError =>
  new AppError('file-size-too-small', {
    field: 'file_size',
    message: `${name} would grow beyond ${maxBytes} bytes: its rows take more room than was estimated.`,
    context: { wholeUnits },
  });

/** Of an error of {@link writeDataFile}: how many of the units the file has room for; null where that was not what was wrong. */
export function unitsThatFit(error: unknown): number | null {
  if (!(error instanceof AppError) || error.code !== 'file-size-too-small') return null;
  return typeof error.context.wholeUnits === 'number' ? error.context.wholeUnits : null;
}
