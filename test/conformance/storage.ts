import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { AppError } from '../../src/core/errors.ts';
import type { Storage } from '../../src/storages/storage.ts';
import { bytesSource, failingSource, listAll, readAll, stuckSource } from '../harness/byte-sources.ts';
import { recordingContext } from '../harness/recording-context.ts';

/** What a storage brings to the suite. */
export interface StorageHarness {
  /** At an empty base of its own. */
  readonly storage: Storage;
  /** At a base that does not exist yet. */
  readonly missing: Storage;
  /** At a place that cannot be written to. */
  readonly unwritable: Storage;
  /** Starts a put of `name` in another process and kills that with SIGKILL after bytes were sent. */
  killedPut(name: string): Promise<void>;
  /** The server itself removes what a killed upload has left; absent: a sweep does. */
  readonly cleansItself?: true;
  /** Everything that lies at the base and does not show in lists: parts, uncommitted uploads. */
  leftovers(): Promise<readonly string[]>;
  /** Removes all. */
  close(): Promise<void>;
}

const some = Buffer.from('some bytes, and a few more');
/** Of no round length, and different everywhere. */
const many = Buffer.alloc(
  3_000_017,
  Uint8Array.from({ length: 251 }, (_, index) => index),
);

const badNames = [
  '',
  '/etc/passwd',
  '../x',
  'a/../../x',
  'a//b',
  './a',
  'a/.',
  'a\\b',
  'a\0b',
  'a\nb',
  'folder/',
  `${'n'.repeat(256)}`,
  '.x.part',
];

/** One test for each promise of the Storage contract, in its words. */
export function storageConformance(name: string, open: () => Promise<StorageHarness>): void {
  describe(`storage contract: ${name}`, { timeout: 60_000 }, () => {
    let harness: StorageHarness;
    let storage: Storage;
    const context = recordingContext();
    const put = (file: string, bytes: Uint8Array = some): Promise<unknown> =>
      storage.put(file, bytesSource(bytes), { ifExists: 'fail' }, context);
    /** The names below a prefix, in the order of the list; where the place cannot list, those of `known` that are there. */
    const names = async (prefix: string, known: readonly string[]): Promise<string[]> => {
      if (storage.lists) return (await listAll(storage.list(prefix, context))).map((file) => file.name);
      await assertNoLists(storage, prefix);
      const found = await Promise.all(known.map((file) => storage.stat(file, context)));
      return found.flatMap((file) => (file === null ? [] : [file.name]));
    };
    const assertNoLists = (at: Storage, prefix: string): Promise<void> =>
      assert.rejects(listAll(at.list(prefix, context)), { code: 'unsupported', temporary: false });

    before(async () => {
      harness = await open();
      storage = harness.storage;
    });
    after(() => harness.close());

    it('description is printable', () => {
      assert.match(storage.description, /^[\x20-\x7e]+$/);
    });

    describe('put', () => {
      it('stores the source under the name and resolves to the stored size', async () => {
        for (const [file, bytes, chunk] of [
          ['put/some', some, 7],
          ['put/many', many, 70_001],
          ['put/many in one chunk', many, many.length],
          ['put/nothing', Buffer.alloc(0), 1],
        ] as const) {
          const source = bytesSource(bytes, chunk);
          const stored = await storage.put(file, source, { ifExists: 'fail' }, context);
          assert.equal(stored.bytes, bytes.length);
          assert.equal(source.opened, 1);
          assert.deepEqual(await readAll(storage.get(file, null, context)), bytes);
        }
      });

      it('takes any name that checkFileName lets through', async () => {
        const odd = [
          'names/ü ß 漢字 🐘',
          'names/%41%2F',
          `names/it's "quoted" #?&+;`,
          'names/.hidden',
          'names/a/b/c/d/e',
        ];
        odd.push(`names/${'n'.repeat(255)}`);
        for (const file of odd) {
          await put(file);
          assert.deepEqual(await readAll(storage.get(file, null, context)), some);
          assert.deepEqual(await storage.stat(file, context), { name: file, bytes: some.length });
        }
        assert.deepEqual((await names('names/', odd)).sort(), odd.sort());
      });

      it('is visible whole or not at all', async () => {
        const stopping = recordingContext();
        const source = stuckSource(many);
        const running = storage.put('whole/x', source, { ifExists: 'fail' }, stopping);
        await source.reached;
        assert.equal(await storage.stat('whole/x', context), null);
        assert.deepEqual(await names('whole/', ['whole/x']), []);
        stopping.abort();
        await assert.rejects(running, { code: 'aborted' });
      });

      it('rejects within a second when aborted, and leaves nothing', async () => {
        const stopping = recordingContext();
        const source = stuckSource(many);
        const running = storage.put('aborted/x', source, { ifExists: 'fail' }, stopping);
        await source.reached;
        stopping.abort();
        await assert.rejects(promptly(running), { code: 'aborted' });
        assert.equal(await storage.stat('aborted/x', context), null);
        assert.deepEqual(await harness.leftovers(), []);
      });

      it('does not begin when aborted before', async () => {
        const stopping = recordingContext();
        stopping.abort();
        const source = bytesSource(some);
        await assert.rejects(storage.put('aborted/y', source, { ifExists: 'fail' }, stopping), {
          code: 'aborted',
        });
        assert.equal(await storage.stat('aborted/y', context), null);
      });

      it('leaves nothing when the source fails, and throws its error', async () => {
        const error = new AppError('database-statement', { message: 'The table has gone.' });
        const failing = storage.put('failed/x', failingSource(many, error), { ifExists: 'fail' }, context);
        await assert.rejects(failing, error);
        assert.equal(await storage.stat('failed/x', context), null);
        assert.deepEqual(await harness.leftovers(), []);
      });

      it('leaves the old file when a replacing put fails', async () => {
        await put('kept/x');
        const error = new AppError('database-statement', { message: 'The table has gone.' });
        const failing = storage.put('kept/x', failingSource(many, error), { ifExists: 'replace' }, context);
        await assert.rejects(failing, error);
        assert.deepEqual(await readAll(storage.get('kept/x', null, context)), some);
      });

      it('fail: throws file-exists', async () => {
        await put('exists/x');
        await assert.rejects(put('exists/x', many), { code: 'file-exists' });
        assert.deepEqual(await readAll(storage.get('exists/x', null, context)), some);
        assert.deepEqual(await harness.leftovers(), []);
      });

      it('fail: of many writers of one name exactly one wins', async () => {
        const writers = Array.from({ length: 8 }, (_, index) => put('race/x', Buffer.alloc(100_000, index)));
        const outcomes = await Promise.allSettled(writers);
        const winners = outcomes.flatMap(({ status }, index) => (status === 'fulfilled' ? [index] : []));
        assert.equal(winners.length, 1);
        for (const outcome of outcomes) {
          if (outcome.status === 'rejected') assert.equal((outcome.reason as AppError).code, 'file-exists');
        }
        assert.deepEqual(
          await readAll(storage.get('race/x', null, context)),
          Buffer.alloc(100_000, winners[0]),
        );
        assert.deepEqual(await harness.leftovers(), []);
      });

      it('replace: puts the new file in the place of the old one', async () => {
        await put('replaced/x', many);
        await storage.put('replaced/x', bytesSource(some), { ifExists: 'replace' }, context);
        assert.deepEqual(await readAll(storage.get('replaced/x', null, context)), some);
      });

      it('throws storage-unwritable, storage-denied or storage-failed where it cannot write', async () => {
        const failing = harness.unwritable.put('x', bytesSource(some), { ifExists: 'fail' }, context);
        await assert.rejects(failing, unwritable);
      });
    });

    describe('get', () => {
      it('gives the bytes of a file, or of a range of it', async () => {
        await put('get/many', many);
        for (const [start, end] of [
          [0, 0],
          [0, many.length - 1],
          [1, 2],
          [262_143, 262_144],
          [1_000_001, 2_999_999],
          [many.length - 1, many.length - 1],
        ] as const) {
          const read = await readAll(storage.get('get/many', { start, end }, context));
          assert.deepEqual(read, many.subarray(start, end + 1));
        }
      });

      it('throws file-missing', async () => {
        for (const file of ['get/missing', 'missing/x', 'get']) {
          await assert.rejects(readAll(storage.get(file, null, context)), { code: 'file-missing' });
        }
        await assert.rejects(readAll(harness.missing.get('x', null, context)), { code: 'file-missing' });
      });

      it('throws dump-truncated when the range is beyond the end', async () => {
        await put('get/some');
        for (const [start, end] of [
          [0, some.length],
          [some.length, some.length],
          [1_000_000, 1_000_001],
        ] as const) {
          const reading = readAll(storage.get('get/some', { start, end }, context));
          await assert.rejects(reading, { code: 'dump-truncated' });
        }
      });

      it('rejects within a second when aborted', async () => {
        await put('get/aborted', many);
        const stopping = recordingContext();
        const reading = (async () => {
          for await (const _ of storage.get('get/aborted', null, stopping)) stopping.abort();
        })();
        await assert.rejects(promptly(reading), { code: 'aborted' });
      });

      it('can be left early', async () => {
        await put('get/early', many);
        for await (const chunk of storage.get('get/early', null, context)) {
          assert.ok(chunk.length > 0);
          break;
        }
        await storage.remove('get/early', context);
      });
    });

    describe('stat', () => {
      it('gives name and size, and null when there is no such file', async () => {
        await put('stat/x');
        assert.deepEqual(await storage.stat('stat/x', context), { name: 'stat/x', bytes: some.length });
        for (const file of ['stat/y', 'stat', 'stat/x/y', 'elsewhere/x']) {
          assert.equal(await storage.stat(file, context), null, file);
        }
        assert.equal(await harness.missing.stat('x', context), null);
      });
    });

    describe('list', () => {
      it('gives the files whose name begins with the prefix, ordered by name (byte order)', async () => {
        // A slash sorts after a dot and before a letter; beyond the BMP, UTF-16 order would differ from byte order.
        const files = [
          'list/B',
          'list/a.b',
          'list/a/z',
          'list/a0',
          'list/ab',
          'list/\u{fffd}',
          'list/\u{1f418}',
        ];
        for (const file of files.toReversed()) await put(file);
        if (!storage.lists) {
          for (const prefix of ['', 'list/', 'list/a', 'list/none']) await assertNoLists(storage, prefix);
          return;
        }
        assert.deepEqual(await names('list/', files), files);
        assert.deepEqual(await names('list/a', files), files.slice(1, 5));
        assert.deepEqual(await names('list/a/', files), ['list/a/z']);
        assert.deepEqual(await names('lis', files), files);
        assert.deepEqual(await names('list/none', files), []);
        const sizes = await listAll(storage.list('list/ab', context));
        assert.deepEqual(sizes, [{ name: 'list/ab', bytes: some.length }]);
      });

      it('never shows unfinished uploads', async () => {
        await harness.killedPut('unfinished/x');
        assert.deepEqual(await names('unfinished/', ['unfinished/x']), []);
        if (harness.cleansItself === undefined) assert.notDeepEqual(await harness.leftovers(), []);
        await storage.sweep('unfinished/', context);
      });

      it('is empty where the base is missing', async () => {
        if (!storage.lists) return await assertNoLists(harness.missing, '');
        assert.deepEqual(await listAll(harness.missing.list('', context)), []);
      });
    });

    describe('remove', () => {
      it('removes a file; a missing one is no error', async () => {
        await put('remove/x');
        await storage.remove('remove/x', context);
        assert.equal(await storage.stat('remove/x', context), null);
        await storage.remove('remove/x', context);
        await storage.remove('never/was', context);
        await harness.missing.remove('x', context);
      });
    });

    describe('sweep', () => {
      it('removes what killed processes left of unfinished uploads below the prefix', async () => {
        await harness.killedPut('swept/EXP01.DMP');
        await harness.killedPut(`swept/${'n'.repeat(200)}`);
        await harness.killedPut('other/x');
        await storage.sweep('swept/EXP', context);
        if (harness.cleansItself === undefined) assert.equal((await harness.leftovers()).length, 2);
        await storage.sweep(`swept/${'n'.repeat(199)}`, context);
        if (harness.cleansItself === undefined) assert.equal((await harness.leftovers()).length, 1);
        await storage.sweep('', context);
        assert.deepEqual(await harness.leftovers(), []);
      });

      it('leaves uploads in progress and files alone', async () => {
        await put('sweep/file');
        const stopping = recordingContext();
        const { promise, resolve } = Promise.withResolvers<void>();
        const reached = Promise.withResolvers<void>();
        const source = {
          async *open(): AsyncGenerator<Uint8Array> {
            yield some;
            reached.resolve();
            await promise;
            yield some;
          },
        };
        const running = storage.put('sweep/running', source, { ifExists: 'fail' }, stopping);
        await reached.promise;
        await storage.sweep('sweep/', context);
        resolve();
        await running;
        const both = ['sweep/file', 'sweep/running'];
        assert.deepEqual(await names('sweep/', both), both);
      });

      it('has nothing to do where the base is missing', async () => {
        await harness.missing.sweep('', context);
      });
    });

    describe('free space', () => {
      it('is a number of bytes, or unknown, and needs no file there', async () => {
        const free = await storage.freeBytes(context);
        assert.ok(free === null || (Number.isSafeInteger(free) && free > 0), String(free));
      });
    });

    describe('probe', () => {
      it('writes, reads back and deletes a small file', async () => {
        const earlier = storage.lists ? await names('', []) : [];
        await storage.probe(context);
        assert.deepEqual(await names('', []), earlier);
        assert.deepEqual(await harness.leftovers(), []);
      });

      it('throws in one sentence what is wrong', async () => {
        await assert.rejects(harness.unwritable.probe(context), unwritable);
      });
    });

    it('names never leave the base', async () => {
      for (const bad of badNames) {
        const refused = { code: 'file-name-invalid' };
        await assert.rejects(put(bad), refused, JSON.stringify(bad));
        await assert.rejects(readAll(storage.get(bad, null, context)), refused);
        await assert.rejects(storage.stat(bad, context), refused);
        await assert.rejects(storage.remove(bad, context), refused);
      }
    });

    it('only AppErrors leave it, and nothing was complained about in the log', () => {
      assert.deepEqual(context.complaints(), []);
    });
  });
}

function unwritable(error: unknown): true {
  assert.ok(error instanceof AppError);
  assert.ok(['storage-unwritable', 'storage-failed', 'storage-denied'].includes(error.code), error.code);
  assert.match(error.message, /^[^\n]+\.$/);
  return true;
}

/** Fails when `work` hangs. The promise is a second; a busy test machine gets more. */
async function promptly<T>(work: Promise<T>): Promise<T> {
  const ms = 10_000;
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`took longer than ${ms} ms`)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}
