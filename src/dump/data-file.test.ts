import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import fc from 'fast-check';
import { listAll, readAll } from '../../test/harness/byte-sources.ts';
import { localStorage, plainZstd, unitSource } from '../../test/harness/dump-sample.ts';
import { failingStorage } from '../../test/harness/fault-storage.ts';
import { placeAt } from '../../test/harness/local-storage.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { AppError } from '../core/errors.ts';
import { withRetry } from '../storages/layers/retry.ts';
import { nullDriver } from '../storages/null/driver.ts';
import { type UnitSource, writeDataFile } from './data-file.ts';
import { readFrame } from './read-frame.ts';

const options = { ifExists: 'fail', coding: plainZstd, expectedBytes: 0 } as const;

/** End of the zstd frame at `start` (RFC 8878, section 3.1.1), found by walking over its blocks. */
function endOfFrame(file: Buffer, start: number): number {
  assert.equal(file.readUInt32LE(start), 0xfd2fb528);
  const descriptor = file.readUInt8(start + 4);
  const isSingleSegment = (descriptor & 0x20) !== 0;
  const sizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][descriptor >> 6] ?? 0;
  let at = start + 5 + (isSingleSegment ? 0 : 1) + ([0, 1, 2, 4][descriptor & 3] ?? 0) + sizeBytes;
  for (;;) {
    const header = file.readUIntLE(at, 3);
    const type = (header >> 1) & 3;
    at += 3 + (type === 1 ? 1 : header >> 3);
    if ((header & 1) === 1) break;
  }
  assert.ok((descriptor & 4) !== 0, 'the frame has a content checksum');
  return at + 4;
}

describe('writeDataFile', () => {
  it('writes each unit as one frame, in order, of whatever sizes and chunks', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      const size = fc.oneof(
        fc.constantFrom(0, 1, 131_072, 262_144, 262_145),
        fc.integer({ min: 0, max: 700_000 }),
      );
      let number = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(
            fc.record({ size, chunk: fc.integer({ min: 1000, max: 400_000 }), isRandom: fc.boolean() }),
            { maxLength: 4 },
          ),
          async (shapes) => {
            number += 1;
            const contents = shapes.map(({ size: bytes, isRandom }) =>
              isRandom ? randomBytes(bytes) : Buffer.alloc(bytes, 'text '),
            );
            const sources = shapes.map(({ chunk }, index) =>
              unitSource(`u${index}`, contents[index] ?? Buffer.alloc(0), chunk),
            );
            const { file, units } = await writeDataFile(storage, `f${number}`, sources, options, context);
            const stored = await readAll(storage.get(file.name, null, context));
            assert.equal(file.bytes, stored.length);
            let end = 0;
            for (const [index, unit] of units.entries()) {
              assert.equal(unit.id, `u${index}`);
              assert.equal(unit.offset, end);
              assert.equal(unit.rawBytes, contents[index]?.length);
              end = endOfFrame(stored, unit.offset);
              assert.equal(unit.offset + unit.length, end, 'exactly one frame');
              assert.deepEqual(
                await readAll(readFrame(storage, unit, plainZstd, 'table t', context)),
                contents[index],
              );
            }
            assert.equal(end, stored.length);
          },
        ),
        { numRuns: 40 },
      );
    }));

  it('gives rows and variant of each unit, and the raw bytes so far', () =>
    withFolder(async (folder) => {
      const progress: number[] = [];
      const unit = (id: string, rows: number, variant: string): UnitSource => ({
        id,
        open: () => ({
          bytes: unitSource(id, Buffer.alloc(600_000)).open(recordingContext()).bytes,
          summary: Promise.resolve({ rows, variant }),
        }),
      });
      const { units } = await writeDataFile(
        localStorage(folder),
        'x',
        [unit('a', 2 ** 40, 'tagged'), unit('b', 0, '')],
        { ...options, onProgress: (bytes) => progress.push(bytes) },
        recordingContext(),
      );
      assert.deepEqual(
        units.map(({ id, rows, variant }) => [id, rows, variant]),
        [
          ['a', 2 ** 40, 'tagged'],
          ['b', 0, ''],
        ],
      );
      assert.equal(progress.at(-1), 1_200_000);
      assert.deepEqual(
        progress,
        progress.toSorted((a, b) => a - b),
      );
    }));

  it('opens every unit again for each try of the storage', () =>
    withFolder(async (folder) => {
      const local = localStorage(folder);
      const context = recordingContext();
      const faulty = failingStorage(local, { times: 2, afterBytes: 1_500_000 });
      const storage = withRetry(faulty, { attempts: 3, firstDelayMs: 1, maxDelayMs: 1 });
      const contents = [randomBytes(1_000_000), randomBytes(1_000_000)];
      const opened = [0, 0];
      const progress: number[] = [];
      const sources = contents.map(
        (content, index): UnitSource => ({
          id: `u${index}`,
          open(inner) {
            opened[index] = (opened[index] ?? 0) + 1;
            return unitSource(`u${index}`, content).open(inner);
          },
        }),
      );
      const { units } = await writeDataFile(
        storage,
        'x',
        sources,
        { ...options, onProgress: (bytes) => progress.push(bytes) },
        context,
      );
      assert.deepEqual(opened, [3, 3]);
      assert.equal(progress.at(-1), 2_000_000);
      for (const [index, unit] of units.entries()) {
        assert.deepEqual(await readAll(readFrame(local, unit, plainZstd, 't', context)), contents[index]);
      }
    }));

  it('leaves nothing when a unit fails half way, and throws its error', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      const error = new AppError('database-unreachable', { message: 'The database went away.' });
      const failing: UnitSource = {
        id: 'b',
        open: () => ({
          bytes: (async function* () {
            yield randomBytes(2_000_000);
            throw error;
          })(),
          summary: Promise.reject(error),
        }),
      };
      const sources = [unitSource('a', randomBytes(500_000)), failing];
      await assert.rejects(writeDataFile(storage, 'x', sources, options, context), error);
      assert.deepEqual(await listAll(storage.list('', context)), []);
      assert.deepEqual(context.complaints(), []);
    }));

  it('throws what the summary says after a clean end', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      const error = new AppError('snapshot-lost', { message: 'The snapshot is gone.' });
      const unit: UnitSource = {
        id: 'a',
        open: () => ({
          bytes: unitSource('a', Buffer.alloc(10)).open(context).bytes,
          summary: Promise.reject(error),
        }),
      };
      await assert.rejects(writeDataFile(storage, 'x', [unit], options, context), error);
      assert.equal(await storage.stat('x', context), null);
    }));

  it('an abort ends it although the unit does not answer, tells the unit, and leaves nothing', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      const told = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      const deaf: UnitSource = {
        id: 'a',
        open: (inner) => ({
          bytes: (async function* () {
            inner.signal.addEventListener('abort', () => told.resolve());
            yield randomBytes(1_000_000);
            begun.resolve();
            await new Promise(() => undefined);
          })(),
          summary: new Promise(() => undefined),
        }),
      };
      const writing = writeDataFile(storage, 'x', [deaf], options, context);
      await begun.promise;
      context.abort();
      await assert.rejects(writing, { code: 'aborted' });
      await told.promise;
      assert.equal(await storage.stat('x', recordingContext()), null);
    }));

  it('a storage that fails ends a unit that waits for its database', () =>
    withFolder(async (folder) => {
      const context = recordingContext();
      const storage = failingStorage(localStorage(folder), { times: 1, afterBytes: 10 });
      const told = Promise.withResolvers<void>();
      const waiting: UnitSource = {
        id: 'b',
        open: (inner) => ({
          bytes: (async function* () {
            yield randomBytes(3_000_000);
            await new Promise((_, reject) =>
              inner.signal.addEventListener('abort', () => reject(inner.signal.reason)),
            );
          })(),
          summary: new Promise((_, reject) => {
            inner.signal.addEventListener('abort', () => {
              told.resolve();
              reject(inner.signal.reason);
            });
          }),
        }),
      };
      await assert.rejects(writeDataFile(storage, 'x', [waiting], options, context), {
        code: 'storage-failed',
      });
      await told.promise;
    }));

  it('reads units no faster than the storage takes the bytes', () =>
    withFolder(async (folder) => {
      const local = localStorage(folder);
      const context = recordingContext();
      let pulled = 0;
      const endless: UnitSource = {
        id: 'a',
        open: () => ({
          bytes: (async function* () {
            for (;;) {
              pulled += 1_000_000;
              yield randomBytes(1_000_000);
            }
          })(),
          summary: new Promise(() => undefined),
        }),
      };
      const stalled = {
        ...local,
        async put(...[, source, , inner]: Parameters<typeof local.put>) {
          const iterator = source.open(inner.signal)[Symbol.asyncIterator]();
          await iterator.next();
          // Nobody asks for more: the unit must come to rest.
          for (let before = -1; before !== pulled; ) {
            before = pulled;
            for (let turns = 0; turns < 200; turns += 1) await turn();
          }
          await iterator.return?.();
          return { bytes: 0 };
        },
      };
      await assert.rejects(writeDataFile(stalled, 'x', [endless], options, context), {
        code: 'storage-failed',
      });
      assert.ok(pulled < 8_000_000, `${pulled} bytes were read ahead`);
    }));

  it('does not overwrite', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      await writeDataFile(storage, 'x', [], options, context);
      await assert.rejects(
        writeDataFile(storage, 'x', [unitSource('a', Buffer.alloc(9))], options, context),
        { code: 'file-exists' },
      );
      const { file } = await writeDataFile(
        storage,
        'x',
        [unitSource('a', Buffer.alloc(9))],
        { ...options, ifExists: 'replace', coding: plainZstd },
        context,
      );
      assert.equal((await storage.stat('x', context))?.bytes, file.bytes);
    }));

  it('what a storage throws away is counted, and not digested', async () => {
    const storage = nullDriver.open(placeAt('null:'));
    for (const compression of ['zstd', 'none'] as const) {
      const { file, units } = await writeDataFile(
        storage,
        'x',
        [unitSource('a', Buffer.alloc(70_000, 10)), unitSource('b', Buffer.alloc(9))],
        { ...options, coding: { ...plainZstd, compression } },
        recordingContext(),
      );
      assert.equal(file.digest, 'none:');
      assert.deepEqual(
        units.map(({ rawBytes, rows, digest }) => [rawBytes, rows, digest]),
        [
          [70_000, 70_000, 'stored-none:'],
          [9, 0, 'stored-none:'],
        ],
      );
      assert.equal(
        file.bytes,
        units.reduce((sum, { length }) => sum + length, 0),
      );
    }
  });

  it('that would outgrow its size is given up, and leaves nothing', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      const sources = [unitSource('a', randomBytes(5_000)), unitSource('b', randomBytes(5_000))];
      const write = (maxBytes: number) =>
        writeDataFile(storage, 'f', sources, { ...options, maxBytes }, context);
      await assert.rejects(write(9_999), {
        code: 'file-size-too-small',
        field: 'file_size',
        message: /^f would/,
      });
      assert.deepEqual(await listAll(storage.list('', context)), []);
      const { file } = await write(11_000);
      assert.ok(file.bytes > 10_000 && file.bytes <= 11_000);
    }));
});
