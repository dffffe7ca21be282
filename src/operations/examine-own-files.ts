import { linkAbort } from '../base/linked-abort.ts';
import { quantity } from '../base/quantity.ts';
import { sizeText } from '../base/size-text.ts';
import { AppError, toAppError } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { Digest } from '../core/manifest.ts';
import type { Compression, OwnFileRequest } from '../core/request.ts';
import { digestingCounter, passing } from '../dump/digest.ts';
import { decodeFrame } from '../dump/frame-coding.ts';
import type { Engine, ExaminedFile } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import { logLine } from './log-lines.ts';
import { type FileReader, ownFileName } from './own-file-storage.ts';
import { warnLine } from './target-lines.ts';

/** An own file that was read from its first byte to its last. */
export interface OwnFile extends Pick<ExaminedFile, 'serverVersion' | 'tables'> {
  readonly name: string;
  /** As it is stored. */
  readonly bytes: number;
  readonly digest: Digest;
  readonly compression: Extract<Compression, 'gzip' | 'none'>;
  readonly rawBytes: number;
}

/**
 * A file that grows beyond both is taken for a bomb, packed so that whoever unpacks it is kept busy for ever: deflate makes a thousandth of
 * nothing but one byte, and of values that repeat themselves seldom less than a hundredth.
 */
const harmlessBytes = 2 ** 30;
const harmlessGrowth = 800;

/** Reads every file of an import whole, one after the other, and tells of each in the job's log. */
export async function examineOwnFiles(
  engine: Engine,
  ownFiles: readonly OwnFileRequest[],
  storage: FileReader,
  context: TaskContext,
): Promise<{ readonly files: readonly OwnFile[]; readonly log: readonly NewJobLogEntry[] }> {
  const files: OwnFile[] = [];
  const log: NewJobLogEntry[] = [];
  let before = 0;
  for (const [position, asked] of ownFiles.entries()) {
    const progress = (bytes: number) => context.progress({ bytes: before + bytes, rows: 0 });
    const { file, notes } = await examine(
      engine,
      storage,
      { name: ownFileName(position, asked), shown: asked.file },
      progress,
      context,
    );
    before += file.bytes;
    files.push(file);
    await context.note(examinedLine(position, ownFiles.length, asked.file, file));
    log.push(...notes.map((note) => warnLine(`${asked.file}: ${note}`)));
  }
  return { files, log };
}

function examinedLine(
  position: number,
  count: number,
  shown: string,
  { bytes, compression, tables }: OwnFile,
): NewJobLogEntry {
  const rows = tables.reduce((sum, table) => sum + table.rows, 0);
  const packed = compression === 'none' ? '' : ` (${compression})`;
  return logLine(
    'note',
    `File ${position + 1} of ${count}, ${shown}: ${sizeText(bytes)}${packed} read and found right, ${rows} rows of ${quantity(tables.length, 'table')}.`,
    { file: shown, bytes, rows },
  );
}

async function examine(
  engine: Engine,
  storage: FileReader,
  { name, shown }: { readonly name: string; readonly shown: string },
  progress: (bytes: number) => void,
  context: TaskContext,
): Promise<{ readonly file: OwnFile; readonly notes: readonly string[] }> {
  if (engine.examineFile === undefined)
    throw new Error(`${engine.id} declares own files, and cannot examine them.`);
  const found = await storage.stat(name, context);
  if (found === null) throw new AppError('file-missing', { message: `${shown} does not exist.` });
  // An engine that gives up must also end a storage that does not answer.
  using link = linkAbort(context.signal);
  const io = { signal: link.signal, log: context.log };
  const counter = digestingCounter();
  const stored = passing(storage.get(name, null, io), (chunk) => {
    counter.add(chunk);
    progress(counter.bytes);
  });
  let rawBytes = 0;
  const limited = (chunk: Uint8Array): void => {
    rawBytes += chunk.byteLength;
    if (rawBytes > harmlessBytes && rawBytes > counter.bytes * harmlessGrowth) {
      throw damaged(
        shown,
        `it unpacks to more than ${harmlessGrowth} times its size, as nothing does that a server wrote`,
      );
    }
  };
  try {
    const { compression, raw } = await unpacked(stored, link.signal);
    const { serverVersion, tables, notes } = await engine.examineFile(passing(raw, limited), io);
    if (counter.bytes !== found.bytes) {
      throw damaged(shown, `its content ends after ${counter.bytes} of ${found.bytes} bytes`);
    }
    const file = {
      name,
      bytes: counter.bytes,
      digest: counter.digest(),
      compression,
      rawBytes,
      serverVersion,
      tables,
    };
    return { file, notes };
  } catch (error) {
    throw fileError(error, shown, context);
  } finally {
    link.abort(new AppError('aborted', { message: `The reading of ${shown} has ended.` }));
    // Whoever stops at the first bytes has not come to the source, which holds a file or a connection. Not waited for: it may not answer.
    void stored.return(undefined).catch(() => undefined);
  }
}

/** What is in a file: gzip says so in its first two bytes. */
async function unpacked(
  stored: AsyncGenerator<Uint8Array>,
  signal: AbortSignal,
): Promise<{ readonly compression: OwnFile['compression']; readonly raw: AsyncIterable<Uint8Array> }> {
  const begin: Uint8Array[] = [];
  let length = 0;
  while (length < 2) {
    const step = await stored.next();
    if (step.done === true) break;
    begin.push(step.value);
    length += step.value.byteLength;
  }
  const [first, second] = Buffer.concat(begin.map((chunk) => chunk.subarray(0, 2)));
  const whole = continued(begin, stored);
  if (first !== 0x1f || second !== 0x8b) return { compression: 'none', raw: whole };
  const coding = { compression: 'gzip', cipher: null } as const;
  return { compression: 'gzip', raw: decodeFrame(whole, coding, Number.POSITIVE_INFINITY, signal) };
}

async function* continued(
  begin: readonly Uint8Array[],
  rest: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  yield* begin;
  yield* rest;
}

function fileError(error: unknown, name: string, { signal }: TaskContext): AppError {
  if (signal.aborted) return toAppError(signal.reason);
  const code = error instanceof Error && 'code' in error ? String(error.code) : '';
  if (!(error instanceof AppError) && code === 'Z_BUF_ERROR') {
    return new AppError('dump-truncated', { message: `${name}: the file ends too early.`, cause: error });
  }
  if (!(error instanceof AppError) && code.startsWith('Z_')) {
    return damaged(name, `it cannot be unpacked (${(error as Error).message})`, error);
  }
  if (!(error instanceof AppError)) return toAppError(error);
  const ofFile = ['dump-damaged', 'dump-truncated', 'unsupported'].includes(error.code);
  if (!ofFile || error.message.includes(name)) return error;
  const { hint, context, temporary } = error;
  return new AppError(error.code, {
    message: `${name}: ${error.message}`,
    hint,
    context,
    temporary,
    cause: error,
  });
}

const damaged = (name: string, fault: string, cause?: unknown): AppError =>
  new AppError('dump-damaged', { message: `${name}: ${fault}.`, context: { file: name }, cause });
