import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { intoBlocks } from '../../base/blocks.ts';
import { createKeyedSerial } from '../../base/serial.ts';
import { abortError, untilAborted } from '../../core/abort-error.ts';
import type { Finding } from '../../core/catalogue.ts';
import type { OperationContext } from '../../core/context.ts';
import { AppError } from '../../core/errors.ts';
import type { TargetSession, WriteOutcome, WriteUnit } from '../engine.ts';
import type { SqliteTarget } from './database-url.ts';
import { type CalledWorker, startWorker } from './worker-calls.ts';
import type { WriterCalls } from './writer-worker.ts';

type Writer = CalledWorker<WriterCalls>;

/** What goes over to the writer at once, and how many of these may wait for it. */
const blockBytes = 256 * 1024;
const blocksAhead = 3;

/** A database has one writer at a time: the sessions of this process take turns, which is fairer than SQLite's waiting. */
const turns = createKeyedSerial();

/** Opens a database file for writing, a new one where none is. */
export async function openSqliteTarget(
  { path }: SqliteTarget,
  context: OperationContext,
): Promise<TargetSession> {
  await checkWritable(path);
  const writer: Writer = startWorker(import.meta.url, 'writer-worker');
  let version: string;
  try {
    ({ version } = await writer.call('open', { path }, { signal: context.signal }));
  } catch (error) {
    await writer[Symbol.asyncDispose]();
    throw error;
  }
  /** Waits for its turn, but not longer than somebody wants the result. */
  const inTurn = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
    untilAborted(
      signal,
      turns(path, async () => {
        if (signal.aborted) throw abortError(signal);
        return await work();
      }),
    );
  return {
    serverVersion: version,
    lost: writer.died,
    preflight: async (): Promise<readonly Finding[]> => [],
    findExisting: (objects, { signal }) => writer.call('findExisting', objects, { signal }),
    begin: (jobId, _lanes, { signal }) => inTurn(signal, () => writer.call('begin', { jobId }, { signal })),
    apply: (key, objects, { signal }) =>
      inTurn(signal, () => writer.call('apply', { key, objects }, { signal })),
    write: (unit, bytes, { signal }) => inTurn(signal, () => writeUnit(writer, unit, bytes, signal)),
    receipts: ({ signal }) => writer.call('receipts', undefined, { signal }),
    finish: (tables, { signal }) => inTurn(signal, () => writer.call('finish', tables, { signal })),
    forget: (jobId, { signal }) => inTurn(signal, () => writer.call('forget', { jobId }, { signal })),
    [Symbol.asyncDispose]: () => writer[Symbol.asyncDispose](),
  };
}

async function writeUnit(
  writer: Writer,
  { rows, ...unit }: WriteUnit,
  bytes: AsyncIterable<Uint8Array>,
  signal: AbortSignal,
): Promise<WriteOutcome> {
  try {
    const done = await writer.call('beginUnit', unit, { signal });
    if (done !== null) return done;
    const sent: Promise<void>[] = [];
    for await (const block of intoBlocks(untilAbortedEach(signal, bytes), blockBytes)) {
      // The writer needs memory of its own: what a source yields may be part of a bigger buffer.
      const own = new Uint8Array(block);
      const written = writer.call('writeUnit', { bytes: own }, { signal, transfer: [own.buffer] });
      written.catch(() => undefined);
      sent.push(written);
      if (sent.length >= blocksAhead) await sent.shift();
    }
    await Promise.all(sent);
    const expected = await untilAborted(signal, Promise.resolve(rows));
    return await writer.call('commitUnit', { expected }, { signal });
  } catch (error) {
    // Done before the next call in any case; a worker that is gone has rolled back by that.
    writer.call('rollbackUnit', undefined).catch(() => undefined);
    throw signal.aborted ? abortError(signal) : error;
  }
}

/** The pieces of `bytes`; on an abort it ends at once, even when the source hangs. */
async function* untilAbortedEach(
  signal: AbortSignal,
  bytes: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array> {
  const iterator = bytes[Symbol.asyncIterator]();
  let ended = false;
  try {
    for (;;) {
      const next = await untilAborted(signal, iterator.next());
      ended = next.done === true;
      if (next.done === true) return;
      yield next.value;
    }
  } catch (error) {
    // A source that failed has ended; one that hangs cannot be waited for.
    ended = true;
    if (signal.aborted) iterator.return?.().catch(() => undefined);
    throw error;
  } finally {
    if (!ended) await iterator.return?.();
  }
}

/** Says what is wrong with a path, as far as that can be seen without opening it. */
async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path);
  const state = await stat(path).catch(() => null);
  if (state !== null && !state.isFile()) {
    throw new AppError('database-not-a-database', { message: `${path} is not a file.` });
  }
  const folderState = await stat(folder).catch(() => null);
  if (folderState === null || !folderState.isDirectory()) {
    throw new AppError('database-missing', {
      message: `There is no folder ${folder} to make the database file in.`,
      hint: 'Create the folder, or correct the path in the database URL.',
    });
  }
  for (const each of state === null ? [folder] : [folder, path]) {
    await access(each, constants.W_OK).catch((error: Error) => {
      throw new AppError('database-privilege', {
        message: `${each} cannot be written: ${error.message}.`,
        hint: 'Let the user that Pumphouse runs as write the file and its folder, where SQLite keeps its journal.',
      });
    });
  }
}
