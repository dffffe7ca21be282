import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { AppError } from '../../../src/core/errors.ts';
import { createLimit } from '../../../src/storages/layers/limit.ts';
import { stackStorage } from '../../../src/storages/stack.ts';
import type { Storage } from '../../../src/storages/storage.ts';
import { bytesSource, readAll } from '../../harness/byte-sources.ts';
import { type FaultProxy, startFaultProxy } from '../../harness/fault-proxy.ts';
import { type RecordingContext, recordingContext } from '../../harness/recording-context.ts';
import type { FaultHarness, FaultyPlace } from '../storage-faults.ts';

/** Less than a part of an object storage, and more than two. Of no round length, and different everywhere. */
export const sizes = [300_007, 17_000_003] as const;
/** Mostly the small one: the large one takes its time. */
export const anySize = fc.oneof(
  { weight: 2, arbitrary: fc.constant(sizes[0]) },
  { weight: 1, arbitrary: fc.constant(sizes[1]) },
);
const pattern = Uint8Array.from({ length: 251 }, (_, index) => index);
export const contentOf = (bytes: number): Buffer => Buffer.alloc(bytes, pattern);

/** Silence is noticed soon, and tries follow each other quickly; nothing else limits the time of a call. */
const layers = (attempts: number, silenceMs: number) => ({
  retry: { attempts, firstDelayMs: 20, maxDelayMs: 50 },
  limit: { concurrency: 16, bytesPerSecond: null },
  timeout: { silenceMs, commitMs: 2 * silenceMs, graceMs: 300 },
});
export const layered = (storage: Storage, attempts: number, silenceMs = 15_000): Storage => {
  const options = layers(attempts, silenceMs);
  return stackStorage(storage, options, createLimit(options.limit));
};

/** What `checkFileName` lets through and some protocol stumbles over. */
export const oddNames = [
  'odd/ü ß 漢字 🐘',
  'odd/%41%2F',
  `odd/it's "quoted" #?&+;`,
  'odd/.hidden',
  'odd/a/b/c',
];

/** A server behind its proxy, and what the cases look at. */
export interface FaultStage extends AsyncDisposable {
  readonly harness: FaultHarness;
  readonly proxy: FaultProxy;
  /** Past the proxy, without layers. */
  readonly direct: Storage;
  /** Through the proxy, without layers. */
  readonly bare: Storage;
  /** For calls that nobody aborts. */
  readonly context: RecordingContext;
  /** A name that no other case has. */
  fresh(): string;
  put(storage: Storage, file: string, bytes: Buffer, ifExists?: 'fail' | 'replace'): Promise<unknown>;
  /** Whether the file is there, whole; fails when it is there in part or has other bytes. */
  isThere(file: string, bytes: Buffer): Promise<boolean>;
  /** Sweeps until nothing is left of unfinished uploads. */
  assertSwept(): Promise<void>;
  /** Runs the property with a few generated inputs, each time without earlier faults; the failure names seed and input. */
  generated<T>(runs: number, input: fc.Arbitrary<T>, run: (input: T) => Promise<void>): Promise<void>;
}

/** Declares a case, which gets the stage when it runs. */
export type StageTest = (title: string, run: (stage: FaultStage, t: TestContext) => Promise<void>) => void;

export async function openStage(open: () => Promise<FaultHarness>): Promise<FaultStage> {
  const harness = await open();
  const proxy = await startFaultProxy(harness.server);
  const direct = harness.storageAt('127.0.0.1', harness.server.port);
  const context = recordingContext();
  let files = 0;
  return {
    harness,
    proxy,
    direct,
    bare: harness.storageAt(proxy.line.host, proxy.line.port),
    context,
    fresh() {
      files += 1;
      return `faults/file ${files}`;
    },
    put: (storage, file, bytes, ifExists = 'replace') =>
      storage.put(file, bytesSource(bytes), { ifExists, expectedBytes: bytes.length }, recordingContext()),
    async isThere(file, bytes) {
      try {
        const read = await readAll(direct.get(file, null, context));
        assert.ok(read.equals(bytes), `${file} has ${read.length} of ${bytes.length} bytes, or others`);
        return true;
      } catch (error) {
        assert.equal(asAppError(error).code, 'file-missing', String(error));
        assert.equal(await direct.stat(file, context), null);
        return false;
      }
    },
    async assertSwept() {
      let left: readonly string[] = [];
      // A server may need a moment to find out that a client has gone.
      for (let tries = 0; tries < 50; tries += 1) {
        await direct.sweep('', context);
        left = await harness.leftovers();
        if (left.length === 0) return;
        await sleep(200);
      }
      assert.deepEqual(left, []);
    },
    generated: (runs, input, run) =>
      fc.assert(
        fc.asyncProperty(input, run).beforeEach(() => proxy.mend()),
        { numRuns: runs, endOnFailure: true },
      ),
    async [Symbol.asyncDispose]() {
      await proxy[Symbol.asyncDispose]();
      await harness.close();
    },
  };
}

/** The error of a driver or a layer: nothing else may leave it. */
export function asAppError(error: unknown): AppError {
  assert.ok(error instanceof AppError, `not an AppError: ${error instanceof Error ? error.stack : error}`);
  return error;
}

export const describeError = ({ code, message, temporary }: AppError): string =>
  `${code}${temporary ? ' (temporary)' : ''}: ${message}`;

/** What `running` throws. */
export async function rejection(running: Promise<unknown>): Promise<unknown> {
  return await running.then(
    () => assert.fail('It succeeded.'),
    (error: unknown) => error,
  );
}

/** Refused for good, in one sentence that holds the storage's own code. */
export async function assertRefused(
  call: string,
  running: Promise<unknown>,
  { code, says }: Pick<FaultyPlace, 'code' | 'says'>,
): Promise<void> {
  const failure = asAppError(await rejection(running));
  assert.equal(failure.code, code, `${call}: ${describeError(failure)}`);
  assert.match(failure.message, says, call);
  assert.match(failure.message, /^[^\n]+\.$/, call);
  assert.notEqual(failure.hint, '');
}
