import { createBudget } from '../../base/budget.ts';
import { lateAbort } from '../../base/late-abort.ts';
import { linkAbort } from '../../base/linked-abort.ts';
import { releaseChunk } from '../../base/release-chunk.ts';
import type { ByteSource } from '../storage.ts';

/** An upload of one file that has begun: nothing shows before `commit`. */
export interface PartUpload {
  /** Sends part `number` (from 1), several at once. The memory of `bytes` is freed once it has succeeded. */
  send(number: number, bytes: Buffer, signal: AbortSignal): Promise<void>;
  /** Makes the file of parts 1 to `parts` visible. The caller has waited for all of them. */
  commit(parts: number, signal: AbortSignal): Promise<void>;
  /**
   * Removes what was sent; what it cannot remove is left to a sweep. No part is under way any more. Must come to an end by itself, since the
   * caller's signal may have aborted.
   */
  abort(): Promise<void>;
}

/** How one object storage takes files. The signals abort a moment after the caller's (see {@link uploadInParts}). */
export interface PartProtocol {
  /** The smallest part that the plan uses, in bytes. */
  readonly minPartBytes: number;
  readonly maxPartBytes: number;
  readonly maxParts: number;
  /** Stores a small file in one request. */
  putWhole(bytes: Buffer, signal: AbortSignal): Promise<void>;
  begin(signal: AbortSignal): Promise<PartUpload>;
}

/** Parts of one upload that are under way at once. */
const partsInFlight = 3;

/**
 * So long may requests that are under way come to their own end after an error or an abort: a part that a server is still storing can bring an
 * aborted upload back, and an upload whose beginning is not heard of cannot be aborted.
 */
const settleMs = 250;

/** For the parts of all uploads of the process, so that many at once do not grow the memory. */
const memory = createBudget(96 * 1024 ** 2);

/** A file whose size nobody knows gets larger parts the longer it becomes. */
const partsPerGrowth = 1000;

/** Bytes of part `number`, so that `expectedBytes` fit into the parts there may be, and a file that grows beyond them still has room. */
export function partBytesOf(number: number, expectedBytes: number, protocol: PartProtocol): number {
  const { minPartBytes, maxPartBytes, maxParts } = protocol;
  // A tenth of the parts is left for what the expectation missed.
  const needed = Math.ceil(expectedBytes / Math.floor(maxParts * 0.9) / 1024 ** 2) * 1024 ** 2;
  const grown = minPartBytes * 2 ** Math.floor((number - 1) / partsPerGrowth);
  return Math.min(Math.max(needed, grown), maxPartBytes);
}

/**
 * Sends `source` in parts, several at once, with bounded memory, and commits it after the last byte; a file smaller than a part goes in one
 * request. After any error the requests under way are awaited for a moment, then cancelled, and the upload is aborted. `onSent` is called
 * while the upload waits for memory that others have: that is no silence of the storage. Throws what the protocol and the source throw.
 */
export async function uploadInParts(
  protocol: PartProtocol,
  source: ByteSource,
  expectedBytes: number | undefined,
  signal: AbortSignal,
  onSent: () => void = () => undefined,
): Promise<{ readonly bytes: number }> {
  using link = linkAbort(signal);
  using late = lateAbort(link.signal, settleMs);
  const flights = new Set<Promise<void>>();
  let upload: PartUpload | null = null;
  let part: FillingPart | null = null;
  let parts = 0;
  let bytes = 0;

  const launch = async (full: FillingPart): Promise<void> => {
    part = null;
    try {
      upload ??= await protocol.begin(late.signal);
      link.signal.throwIfAborted();
    } catch (error) {
      full.release();
      throw error;
    }
    const flight = upload
      .send(full.number, full.content(), late.signal)
      .then(full.free)
      .finally(full.release);
    flights.add(flight);
    flight.then(
      () => flights.delete(flight),
      (error: unknown) => link.abort(error),
    );
    if (flights.size >= partsInFlight) await Promise.race(flights);
  };

  try {
    for await (const chunk of source.open(link.signal)) {
      for (let at = 0; at < chunk.length; ) {
        part ??= await startPart(++parts, expectedBytes ?? 0, protocol, link.signal, onSent);
        at += part.fill(chunk, at);
        if (part.isFull()) await launch(part);
      }
      bytes += chunk.length;
      releaseChunk(chunk);
    }
    link.signal.throwIfAborted();
    if (upload === null) {
      await protocol.putWhole(part?.content() ?? Buffer.alloc(0), late.signal);
      part?.free();
    } else {
      if (part !== null) await launch(part);
      await Promise.all(flights);
      link.signal.throwIfAborted();
      await (upload as PartUpload).commit(parts, late.signal);
    }
    return { bytes };
  } catch (error) {
    // The first failure of a part counts, not what it led to in the source.
    const cause: unknown = link.signal.aborted && !signal.aborted ? link.signal.reason : error;
    link.abort(cause);
    await Promise.allSettled(flights);
    await (upload as PartUpload | null)?.abort().catch(() => undefined);
    throw cause;
  } finally {
    (part as FillingPart | null)?.release();
  }
}

/** A part that is being filled; its memory is taken from the process's budget. */
interface FillingPart {
  readonly number: number;
  /** Copies what fits of `chunk` from `at`, and says how much that was. */
  fill(chunk: Uint8Array, at: number): number;
  isFull(): boolean;
  content(): Buffer;
  /** Gives its place in the budget back. */
  readonly release: () => void;
  /** Frees its memory at once; not after a failure, when a socket may still hold it. */
  readonly free: () => void;
}

async function startPart(
  number: number,
  expectedBytes: number,
  protocol: PartProtocol,
  signal: AbortSignal,
  onSent: () => void,
): Promise<FillingPart> {
  const planned = partBytesOf(number, expectedBytes, protocol);
  const release = await takeMemory(planned, signal, onSent);
  // Most files are smaller than a part: the first one grows as it fills.
  let buffer = Buffer.allocUnsafeSlow(number === 1 ? Math.min(planned, firstBytes) : planned);
  let filled = 0;
  return {
    number,
    fill(chunk, at) {
      const wanted = Math.min(planned, filled + chunk.length - at);
      if (wanted > buffer.length) {
        const larger = Buffer.allocUnsafeSlow(Math.min(planned, Math.max(wanted, buffer.length * 4)));
        larger.set(buffer.subarray(0, filled));
        releaseChunk(buffer);
        buffer = larger;
      }
      const taken = wanted - filled;
      buffer.set(chunk.subarray(at, at + taken), filled);
      filled = wanted;
      return taken;
    },
    isFull: () => filled === planned,
    content: () => buffer.subarray(0, filled),
    release,
    free: () => releaseChunk(buffer),
  };
}

async function takeMemory(bytes: number, signal: AbortSignal, onSent: () => void): Promise<() => void> {
  const timer = setInterval(onSent, 1000);
  try {
    return await memory.take(bytes, signal);
  } finally {
    clearInterval(timer);
  }
}

const firstBytes = 256 * 1024;
