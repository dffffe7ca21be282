import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { bytesSource, listAll, readAll } from '../../../test/harness/byte-sources.ts';
import { silentStorage } from '../../../test/harness/fault-storage.ts';
import { bareLocal } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { withFolder } from '../../../test/harness/with-folder.ts';
import type { Storage } from '../storage.ts';
import { withTimeout } from './timeout.ts';

const bytes = Buffer.alloc(1_000_000, 'x');
const impatient = { silenceMs: 30, commitMs: 60, graceMs: 20 };
const silent = { code: 'storage-timeout', temporary: true };

const withLocal = (work: (local: Storage) => Promise<void>) =>
  withFolder(async (folder) => {
    const local = bareLocal(folder);
    await local.put('x', bytesSource(bytes), { ifExists: 'fail' }, recordingContext());
    await work(local);
  });

describe('time-out layer', () => {
  it('ends calls at which the storage falls silent, although it ignores aborts', () =>
    withLocal(async (local) => {
      const context = recordingContext();
      for (const afterBytes of [0, 300_000, 2_000_000]) {
        const storage = withTimeout(silentStorage(local, afterBytes), impatient);
        const putting = storage.put('y', bytesSource(bytes), { ifExists: 'fail' }, context);
        await assert.rejects(putting, silent);
        await assert.rejects(readAll(storage.get('x', null, context)), silent);
      }
      const storage = withTimeout(silentStorage(local, 0), impatient);
      await assert.rejects(storage.stat('x', context), silent);
      await assert.rejects(listAll(storage.list('', context)), silent);
      await assert.rejects(storage.remove('x', context), silent);
      await assert.rejects(storage.sweep('', context), silent);
      await assert.rejects(storage.freeBytes(context), silent);
      await assert.rejects(storage.probe(context), { ...silent, message: /does not answer \(probe\)/ });
    }));

  it('an abort reaches the caller although the storage ignores it', () =>
    withLocal(async (local) => {
      const patient = { silenceMs: 600_000, commitMs: 600_000, graceMs: 20 };
      const storage = withTimeout(silentStorage(local, 300_000), patient);
      for (const call of [
        (context: ReturnType<typeof recordingContext>) =>
          storage.put('y', bytesSource(bytes), { ifExists: 'fail' }, context),
        (context: ReturnType<typeof recordingContext>) => readAll(storage.get('x', null, context)),
        (context: ReturnType<typeof recordingContext>) => storage.stat('x', context),
      ]) {
        const context = recordingContext();
        const running = call(context);
        setImmediate(() => context.abort());
        await assert.rejects(running, { code: 'aborted' });
      }
    }));

  it('the time of a slow source or consumer does not count', () =>
    withLocal(async (local) => {
      const context = recordingContext();
      const storage = withTimeout(local, { ...impatient, silenceMs: 200, commitMs: 10_000 });
      const slow = {
        async *open(): AsyncGenerator<Uint8Array> {
          yield Buffer.from(bytes);
          await sleep(500);
          yield Buffer.from(bytes);
        },
      };
      const stored = await storage.put('slow', slow, { ifExists: 'fail' }, context);
      assert.equal(stored.bytes, 2 * bytes.length);
      let read = 0;
      for await (const chunk of storage.get('slow', null, context)) {
        if (read === 0) await sleep(500);
        read += chunk.length;
      }
      assert.equal(read, 2 * bytes.length);
    }));

  it('a put that timed out leaves nothing when the driver answers to the abort', () =>
    withLocal(async (local) => {
      const context = recordingContext();
      // A driver that takes the chunk and then only waits for the end of its signal.
      const waiting: Storage = {
        ...local,
        async put(name, source, options, inner) {
          const stuck = {
            async *open(signal: AbortSignal): AsyncGenerator<Uint8Array> {
              for await (const chunk of source.open(signal)) {
                yield chunk;
                await new Promise((_, reject) =>
                  signal.addEventListener('abort', () => reject(signal.reason)),
                );
              }
            },
          };
          return await local.put(name, stuck, options, inner);
        },
      };
      const storage = withTimeout(waiting, { ...impatient, graceMs: 5000 });
      const putting = storage.put('y', bytesSource(bytes), { ifExists: 'fail' }, context);
      await assert.rejects(putting, silent);
      assert.deepEqual(
        (await listAll(local.list('', context))).map(({ name }) => name),
        ['x'],
      );
    }));

  it('bytes that leave are no silence, also when no chunk is asked for', () =>
    withLocal(async (local) => {
      const sending = (ticks: number): Storage => ({
        ...local,
        async put(name, source, putOptions, inner) {
          for await (const _ of source.open(inner.signal)) {
            for (let tick = 0; tick < ticks; tick += 1) {
              await sleep(20, undefined, { signal: inner.signal });
              putOptions.onSent?.();
            }
            // Then nothing leaves any more.
            if (ticks < 20) await sleep(60_000, undefined, { signal: inner.signal });
          }
          return await local.put(name, bytesSource(bytes), { ifExists: 'fail' }, inner);
        },
      });
      const options = { silenceMs: 250, commitMs: 10_000, graceMs: 20 };
      const put = (ticks: number, name: string) =>
        withTimeout(sending(ticks), options).put(
          name,
          bytesSource(bytes, bytes.length),
          { ifExists: 'fail' },
          recordingContext(),
        );
      // Twice the time that silence may take.
      assert.equal((await put(25, 'y')).bytes, bytes.length);
      await assert.rejects(put(3, 'z'), silent);
    }));
});
