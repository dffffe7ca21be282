import { intoBlocks } from '../../base/blocks.ts';
import { abortError, untilAborted } from '../../core/abort-error.ts';
import type { Finding } from '../../core/catalogue.ts';
import type { OperationContext } from '../../core/context.ts';
import type { TargetSession, WriteOutcome, WriteUnit } from '../engine.ts';
import { checkWritable } from './check-writable.ts';
import type { SqliteTarget } from './database-url.ts';
import { type CalledWorker, startWorker } from './worker-calls.ts';
import { inWriteTurn } from './write-turns.ts';
import type { WriterCalls } from './writer-worker.ts';

type Writer = CalledWorker<WriterCalls>;

/** What goes over to the writer at once, and how many of these may wait for it. */
const blockBytes = 256 * 1024;
const blocksAhead = 3;

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
  const inTurn = <T>(signal: AbortSignal, work: () => Promise<T>): Promise<T> =>
    inWriteTurn(path, signal, work);
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
