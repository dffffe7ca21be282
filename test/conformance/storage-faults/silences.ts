import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import fc from 'fast-check';
import { bytesSource, readAll } from '../../harness/byte-sources.ts';
import { recordingContext } from '../../harness/recording-context.ts';
import type { Cut } from '../../harness/tcp-proxy.ts';
import { anySize, asAppError, contentOf, describeError, layered, type StageTest, sizes } from './stage.ts';

/** Connections on which nothing comes any more, or little. */
export function silenceCases(test: StageTest): void {
  describe('silence', () => {
    const at = fc.record({
      bytes: anySize,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
    });

    test('ends uploads with storage-timeout, and leaves nothing', (stage) =>
      stage.generated(3, at, async ({ bytes: size, share }) => {
        const bytes = contentOf(size);
        const file = stage.fresh();
        stage.proxy.line.cut({ direction: 'up', afterBytes: Math.floor(size * share), how: 'silence' });
        const failure = await stage
          .put(layered(stage.bare, 1, 700), file, bytes)
          .then(() => null, asAppError);
        await stage.proxy.mend();
        if (failure === null) return assert.ok(await stage.isThere(file, bytes));
        assert.equal(failure.code, 'storage-timeout', describeError(failure));
        assert.equal(await stage.isThere(file, bytes), false);
        await stage.assertSwept();
      }));

    test('ends downloads with storage-timeout, or they go on when the network is back', async (stage) => {
      const file = stage.fresh();
      await stage.put(stage.direct, file, contentOf(sizes[1]));
      await stage.generated(2, at, async ({ share }) => {
        const bytes = contentOf(sizes[1]);
        const cut: Cut = { direction: 'down', afterBytes: Math.floor(sizes[1] * share), how: 'silence' };
        stage.proxy.line.cut(cut);
        const failure = await readAll(layered(stage.bare, 1, 700).get(file, null, stage.context)).then(
          () => null,
          asAppError,
        );
        assert.equal(failure?.code ?? 'storage-timeout', 'storage-timeout');
        await stage.proxy.mend();
        stage.proxy.line.cut(cut);
        // Long enough for what a busy machine takes to begin a call, and yet over before the network is back.
        const reading = readAll(layered(stage.bare, 20, 900).get(file, null, stage.context));
        await sleep(1000);
        stage.proxy.line.hear();
        assert.ok((await reading).equals(bytes));
      });
    });

    test('from the start ends every call', async (stage) => {
      stage.proxy.line.silence();
      const storage = layered(stage.bare, 1, 500);
      const silent = { code: 'storage-timeout' };
      await Promise.all([
        assert.rejects(stage.put(storage, 'silent/x', contentOf(10)), silent),
        assert.rejects(readAll(storage.get('silent/x', null, stage.context)), silent),
        assert.rejects(storage.stat('silent/x', stage.context), silent),
        assert.rejects(storage.remove('silent/x', stage.context), silent),
        assert.rejects(storage.probe(stage.context), silent),
      ]);
    });

    test('an aborted call does not wait for its end', async (stage) => {
      stage.proxy.line.silence();
      const stopping = recordingContext();
      // What is to be cleaned up may take a driver longer: the layers go on without it.
      const storage = layered(stage.bare, 4);
      const calls = [
        storage.put('silent/y', bytesSource(contentOf(10)), { ifExists: 'fail' }, stopping),
        readAll(storage.get('silent/y', null, stopping)),
        storage.stat('silent/y', stopping),
      ];
      const ends = Promise.all(calls.map((call) => assert.rejects(call, { code: 'aborted' })));
      await sleep(100);
      stopping.abort();
      await ends;
    });
  });

  test('1 KB/s for a while is no failure: the time of a whole transfer has no limit', async (stage) => {
    const bytes = contentOf(sizes[0]);
    const storage = layered(stage.bare, 1, 6000);
    for (const direction of ['up', 'down'] as const) {
      // The connection is there: greetings and logins take long enough by themselves.
      await stage.bare.stat('slow/x', stage.context);
      stage.proxy.line.limit(1024, 'both');
      const released = sleep(1500).then(() => stage.proxy.line.limit(null, 'both'));
      if (direction === 'up') await stage.put(storage, 'slow/x', bytes);
      else assert.ok((await readAll(storage.get('slow/x', null, stage.context))).equals(bytes));
      await released;
      assert.ok(await stage.isThere('slow/x', bytes));
    }
  });
}
