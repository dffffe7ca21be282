import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { bytesSource, readAll, stuckSource } from '../../../test/harness/byte-sources.ts';
import { bareLocal } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { withFolder } from '../../../test/harness/with-folder.ts';
import type { Storage } from '../storage.ts';
import { createLimit, withLimit } from './limit.ts';

const bytes = Buffer.alloc(100_000, 'x');

const withLocal = (work: (local: Storage) => Promise<void>) =>
  withFolder((folder) => work(bareLocal(folder)));

describe('limit layer', () => {
  it('lets at most so many calls through at once, over all storages that share the limit', () =>
    withLocal(async (local) => {
      let running = 0;
      let most = 0;
      const counting: Storage = {
        ...local,
        async put(...call) {
          running += 1;
          most = Math.max(most, running);
          await turn();
          const stored = await local.put(...call);
          running -= 1;
          return stored;
        },
      };
      const limit = createLimit({ concurrency: 2, bytesPerSecond: null });
      const [one, other] = [withLimit(counting, limit), withLimit(counting, limit)];
      const context = recordingContext();
      await Promise.all(
        Array.from({ length: 10 }, (_, index) =>
          (index % 2 === 0 ? one : other).put(`f${index}`, bytesSource(bytes), { ifExists: 'fail' }, context),
        ),
      );
      assert.equal(most, 2);
    }));

  it('uploads may send what they read at the same kind of storage, even with one place', () =>
    withLocal(async (local) => {
      const limit = createLimit({ concurrency: 1, bytesPerSecond: null });
      const [from, to] = [withLimit(local, limit), withLimit(local, limit)];
      const context = recordingContext();
      await from.put('x', bytesSource(bytes), { ifExists: 'fail' }, context);
      const copies = ['a', 'b', 'c'].map((name) =>
        to.put(name, { open: () => from.get('x', null, context) }, { ifExists: 'fail' }, context),
      );
      await Promise.all(copies);
      assert.deepEqual(await readAll(to.get('c', null, context)), bytes);
    }));

  it('a failed or aborted call gives its place back', () =>
    withLocal(async (local) => {
      const storage = withLimit(local, createLimit({ concurrency: 1, bytesPerSecond: null }));
      const context = recordingContext();
      await assert.rejects(readAll(storage.get('missing', null, context)), { code: 'file-missing' });
      const stopping = recordingContext();
      const source = stuckSource(bytes);
      const stuck = storage.put('x', source, { ifExists: 'fail' }, stopping);
      await source.reached;
      stopping.abort();
      await assert.rejects(stuck, { code: 'aborted' });
      await storage.put('x', bytesSource(bytes), { ifExists: 'fail' }, context);
      for await (const _ of storage.get('x', null, context)) break;
      assert.deepEqual(await readAll(storage.get('x', null, context)), bytes);
    }));

  it('a list may be iterated with calls in between, even with one place', () =>
    withLocal(async (local) => {
      const storage = withLimit(local, createLimit({ concurrency: 1, bytesPerSecond: null }));
      const context = recordingContext();
      for (const name of ['a', 'b', 'c'])
        await storage.put(name, bytesSource(bytes), { ifExists: 'fail' }, context);
      for await (const { name } of storage.list('', context)) await storage.remove(name, context);
      assert.equal(await storage.stat('c', context), null);
    }));

  it('holds transfers to the rate', () =>
    withLocal(async (local) => {
      const storage = withLimit(local, createLimit({ concurrency: 9, bytesPerSecond: 400_000 }));
      const context = recordingContext();
      const started = performance.now();
      await storage.put('x', bytesSource(bytes, 10_000), { ifExists: 'fail' }, context);
      await readAll(storage.get('x', null, context));
      // 200 kB at 400 kB/s, less the burst; a lower bound only.
      assert.ok(performance.now() - started >= 350);
    }));
});
