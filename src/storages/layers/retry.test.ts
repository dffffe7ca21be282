import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesSource, failingSource, listAll, readAll } from '../../../test/harness/byte-sources.ts';
import { type Faults, failingStorage } from '../../../test/harness/fault-storage.ts';
import { bareLocal } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { withFolder } from '../../../test/harness/with-folder.ts';
import { AppError } from '../../core/errors.ts';
import type { Storage } from '../storage.ts';
import { withRetry } from './retry.ts';

const policy = { attempts: 3, firstDelayMs: 1, maxDelayMs: 2 };
const bytes = Buffer.alloc(
  1_000_003,
  Uint8Array.from({ length: 251 }, (_, index) => index),
);

/** A file `x` of `bytes` and names `a` to `e`, at a storage with faults behind the retry layer. */
const withFaults = (
  faults: Faults,
  work: (faulty: Storage & { failures: number }, storage: Storage) => Promise<void>,
) =>
  withFolder(async (folder) => {
    const local = bareLocal(folder);
    const context = recordingContext();
    await local.put('x', bytesSource(bytes), { ifExists: 'fail' }, context);
    for (const name of 'abcde')
      await local.put(`list/${name}`, bytesSource(bytes.subarray(0, 1)), { ifExists: 'fail' }, context);
    const faulty = failingStorage(local, faults);
    await work(faulty, withRetry(faulty, policy));
  });

describe('retry layer', () => {
  it('put opens its source again', () =>
    withFaults({ times: 2, afterBytes: 300_000 }, async (_, storage) => {
      const context = recordingContext();
      const source = bytesSource(bytes);
      await storage.put('y', source, { ifExists: 'fail' }, context);
      assert.equal(source.opened, 3);
      assert.deepEqual(await readAll(storage.get('y', null, context)), bytes);
      assert.equal(context.complaints().length, 2);
      assert.match(context.complaints()[0] ?? '', /put failed, trying again: The connection was cut/);
    }));

  it('put passes an error of its source on, without trying again', () =>
    withFaults({ times: 0 }, async (_, storage) => {
      const context = recordingContext();
      const error = new AppError('database-unreachable', { message: 'The database went away.' });
      assert.ok(error.temporary);
      let opened = 0;
      const source = {
        open(signal: AbortSignal) {
          opened += 1;
          return failingSource(bytes, error).open(signal);
        },
      };
      await assert.rejects(storage.put('y', source, { ifExists: 'fail' }, context), error);
      assert.equal(opened, 1);
      assert.deepEqual(context.complaints(), []);
    }));

  it('get goes on from the byte that it had reached', async () => {
    for (const range of [null, { start: 17, end: 900_000 }]) {
      await withFaults({ times: 2, afterBytes: 300_000 }, async (faulty, storage) => {
        const context = recordingContext();
        const read = await readAll(storage.get('x', range, context));
        assert.deepEqual(read, range === null ? bytes : bytes.subarray(17, 900_001));
        assert.equal(faulty.failures, 2);
      });
    }
  });

  it('get that breaks after its last byte is complete', () =>
    withFaults({ times: 1, afterBytes: bytes.length }, async (_, storage) => {
      assert.deepEqual(await readAll(storage.get('x', null, recordingContext())), bytes);
    }));

  it('get has all its tries again after each step forward', () =>
    withFaults({ times: 6, afterBytes: 200_000 }, async (faulty, storage) => {
      // More faults than tries: each comes after 200 kB that arrived.
      const range = { start: 0, end: bytes.length - 1 };
      assert.deepEqual(await readAll(storage.get('x', range, recordingContext())), bytes);
      assert.ok(faulty.failures >= 4);
    }));

  it('list goes on after the name that it had reached', () =>
    withFaults({ times: 2, afterNames: 3 }, async (_, storage) => {
      const files = await listAll(storage.list('list/', recordingContext()));
      assert.deepEqual(
        files.map(({ name }) => name),
        ['list/a', 'list/b', 'list/c', 'list/d', 'list/e'],
      );
    }));

  it('stat, remove, sweep and the free space are tried again', async () => {
    for (const call of ['stat', 'remove', 'sweep', 'freeBytes'] as const) {
      await withFaults({ times: 2 }, async (faulty, storage) => {
        const context = recordingContext();
        await (call === 'freeBytes' ? storage[call](context) : storage[call]('x', context));
        assert.equal(faulty.failures, 2, call);
        assert.equal(context.complaints().length, 2);
      });
    }
  });

  it('a probe is not: it tells what is wrong now', () =>
    withFaults({ times: 1 }, async (faulty, storage) => {
      const context = recordingContext();
      await assert.rejects(storage.probe(context), { code: 'storage-failed' });
      assert.equal(faulty.failures, 1);
      assert.deepEqual(context.complaints(), []);
      await storage.probe(context);
    }));

  it('gives up after the last try with its error', () =>
    withFaults({ times: 99 }, async (faulty, storage) => {
      const context = recordingContext();
      await assert.rejects(storage.stat('x', context), { code: 'storage-failed' });
      assert.equal(faulty.failures, 3);
      await assert.rejects(readAll(storage.get('x', null, context)), { code: 'storage-failed' });
      assert.equal(faulty.failures, 6);
      await assert.rejects(storage.remove('x', context), { code: 'storage-failed' });
      await assert.rejects(storage.sweep('', context), { code: 'storage-failed' });
    }));

  it('a put whose answer got lost is done when its file is there, and not when one of another size is', () =>
    withFolder(async (folder) => {
      const local = bareLocal(folder);
      const context = recordingContext();
      for (const [name, stored, code] of [
        ['ours', bytes, null],
        ['theirs', bytes.subarray(1), 'file-exists'],
      ] as const) {
        let answers = 0;
        const losing: Storage = {
          ...local,
          async put(file, source, options, inner) {
            answers += 1;
            if (answers > 1) return await local.put(file, source, options, inner);
            await readAll(source.open(inner.signal));
            await local.put(file, bytesSource(stored), options, inner);
            throw new AppError('storage-unreachable', { message: 'The answer got lost.' });
          },
        };
        const putting = withRetry(losing, policy).put(
          name,
          bytesSource(bytes),
          { ifExists: 'fail' },
          context,
        );
        if (code === null) assert.equal((await putting).bytes, bytes.length);
        else await assert.rejects(putting, { code });
        assert.deepEqual(await readAll(local.get(name, null, context)), stored);
      }
    }));

  it('does not try again what is permanent', () =>
    withFaults(
      { times: 1, error: () => new AppError('file-exists', { message: 'It is there.' }) },
      async (faulty, storage) => {
        const context = recordingContext();
        const putting = storage.put('y', bytesSource(bytes), { ifExists: 'fail' }, context);
        await assert.rejects(putting, { code: 'file-exists' });
        assert.equal(faulty.failures, 1);
        assert.deepEqual(context.complaints(), []);
      },
    ));

  it('waits until the storage wants to be asked again', () =>
    withFaults(
      {
        times: 1,
        error: () =>
          new AppError('storage-throttled', {
            message: 'Too many requests.',
            context: { retryAfterMs: 150 },
          }),
      },
      async (_, storage) => {
        const started = performance.now();
        await storage.stat('x', recordingContext());
        assert.ok(performance.now() - started >= 149);
      },
    ));

  it('an abort ends the waiting', () =>
    withFaults({ times: 99 }, async (faulty) => {
      const context = recordingContext();
      const patient = withRetry(faulty, { attempts: 9, firstDelayMs: 60_000, maxDelayMs: 60_000 });
      const running = patient.stat('x', context);
      setImmediate(() => context.abort());
      await assert.rejects(running, { code: 'aborted' });
    }));

  it('what failed is an AppError always', () =>
    withFaults({ times: 1, error: () => new Error('unclassified') }, async (_, storage) => {
      await assert.rejects(storage.stat('x', recordingContext()), { code: 'internal' });
    }));
});
