import assert from 'node:assert/strict';
import test from 'node:test';
import { bytesSource, readAll } from '../../../test/harness/byte-sources.ts';
import { bareLocal } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { withFolder } from '../../../test/harness/with-folder.ts';
import { AppError } from '../../core/errors.ts';
import type { StorageCall, StorageCallEnd } from '../../core/storage-observer.ts';
import { stackStorage } from '../stack.ts';
import type { Storage } from '../storage.ts';
import { createLimit } from './limit.ts';
import { withObserver } from './observe.ts';

const bytes = Buffer.alloc(300_000, 'x');

/** What an observer was told, calls in the order in which they ended. */
function recordingObserver() {
  const told: (StorageCall & StorageCallEnd)[] = [];
  const begin = (call: StorageCall) => (end: StorageCallEnd) => void told.push({ ...call, ...end });
  return { told, begin };
}

test('the observer is told of each call with its bytes and how it ended', () =>
  withFolder(async (folder) => {
    const { told, begin } = recordingObserver();
    const storage = withObserver(bareLocal(folder), 'file', { begin, retried: () => undefined });
    const context = recordingContext();
    await storage.put('x', bytesSource(bytes), { ifExists: 'fail' }, context);
    await assert.rejects(storage.put('x', bytesSource(bytes), { ifExists: 'fail' }, context));
    await readAll(storage.get('x', null, context));
    for await (const _ of storage.get('x', { start: 0, end: 9 }, context)) break;
    await assert.rejects(readAll(storage.get('y', null, context)));
    for await (const _ of storage.list('', context));
    await storage.stat('x', context);
    await storage.freeBytes(context);
    await storage.remove('x', context);
    await storage.sweep('', context);
    await storage.probe(context);
    assert.ok(told.every(({ scheme, idleMs }) => scheme === 'file' && idleMs >= 0));
    assert.deepEqual(
      told.map(({ operation, name, bytes: size, error }) => [operation, name, size, error?.code ?? null]),
      [
        ['put', 'x', 300_000, null],
        ['put', 'x', told[1]?.bytes, 'file-exists'],
        ['get', 'x', 300_000, null],
        ['get', 'x', 10, null],
        ['get', 'y', 0, 'file-missing'],
        ['list', '', 0, null],
        ['stat', 'x', 0, null],
        ['free_space', '', 0, null],
        ['remove', 'x', 0, null],
        ['sweep', '', 0, null],
        ['probe', '', 0, null],
      ],
    );
  }));

test('what the source of a put and the reader of a get take is told apart', () =>
  withFolder(async (folder) => {
    const { told, begin } = recordingObserver();
    const storage = withObserver(bareLocal(folder), 'file', { begin, retried: () => undefined });
    const context = recordingContext();
    const pause = async () => {
      const { promise, resolve } = Promise.withResolvers<void>();
      setTimeout(resolve, 60);
      await promise;
    };
    const source = {
      async *open() {
        await pause();
        yield bytes;
      },
    };
    await storage.put('x', source, { ifExists: 'fail' }, context);
    for await (const _ of storage.get('x', { start: 0, end: 9 }, context)) await pause();
    // Lower bounds only: timers may be late, and are early by less than a millisecond.
    assert.ok(
      told.every(({ idleMs }) => idleMs >= 58),
      JSON.stringify(told),
    );
  }));

test('each try is told by itself, and that there is another', () =>
  withFolder(async (folder) => {
    let failures = 2;
    const local = bareLocal(folder);
    const faulty: Storage = {
      ...local,
      async stat(...call) {
        failures -= 1;
        if (failures >= 0) throw new AppError('storage-timeout', { message: 'away' });
        return local.stat(...call);
      },
    };
    const { told, begin } = recordingObserver();
    const again: StorageCall[] = [];
    const limit = { concurrency: 2, bytesPerSecond: null };
    const storage = stackStorage(
      faulty,
      {
        retry: { attempts: 5, firstDelayMs: 1, maxDelayMs: 1 },
        limit,
        timeout: { silenceMs: 60_000, commitMs: 60_000, graceMs: 100 },
      },
      createLimit(limit),
      { scheme: 's3', observer: { begin, retried: (call) => again.push(call) } },
    );
    assert.equal(await storage.stat('x', recordingContext()), null);
    assert.deepEqual(
      told.map(({ error }) => error?.kind ?? null),
      ['timeout', 'timeout', null],
    );
    assert.deepEqual(again, [
      { scheme: 's3', operation: 'stat', name: 'x' },
      { scheme: 's3', operation: 'stat', name: 'x' },
    ]);
  }));
