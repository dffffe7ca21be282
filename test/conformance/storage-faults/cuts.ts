import assert from 'node:assert/strict';
import { describe } from 'node:test';
import fc from 'fast-check';
import type { AppError } from '../../../src/core/errors.ts';
import { readAll } from '../../harness/byte-sources.ts';
import type { Cut } from '../../harness/tcp-proxy.ts';
import {
  anySize,
  asAppError,
  contentOf,
  describeError,
  layered,
  oddNames,
  type StageTest,
  sizes,
} from './stage.ts';

/** Connections that end in the middle, by a close or a reset. */
export function cutCases(test: StageTest): void {
  describe('cut', () => {
    const upload = fc.record({
      bytes: anySize,
      share: fc.double({ min: 0, max: 1, noNaN: true }),
      how: fc.constantFrom('close', 'reset'),
    });
    const cutAt = ({ bytes, share, how }: { bytes: number; share: number; how: 'close' | 'reset' }): Cut => ({
      direction: 'up',
      how,
      afterBytes: Math.floor(bytes * share),
    });

    test('uploads are whole or not there, and succeed at another try', (stage) =>
      stage.generated(6, upload, async (input) => {
        const bytes = contentOf(input.bytes);
        const first = stage.fresh();
        stage.proxy.line.cut(cutAt(input));
        const failure = await stage.put(stage.bare, first, bytes, 'fail').then(() => null, asAppError);
        if (failure !== null) assert.ok(failure.temporary, describeError(failure));
        assert.ok((await stage.isThere(first, bytes)) || failure !== null);
        await stage.assertSwept();
        const second = stage.fresh();
        stage.proxy.line.cut(cutAt(input));
        await stage.put(layered(stage.bare, 4), second, bytes, 'fail');
        assert.ok(await stage.isThere(second, bytes));
        await stage.assertSwept();
      }));

    test('answers to uploads leave them whole or not there, and succeed at another try', (stage) =>
      stage.generated(
        4,
        fc.record({ at: fc.nat(900), how: fc.constantFrom('close', 'reset') }),
        async (input) => {
          const bytes = contentOf(sizes[0]);
          const cut: Cut = { direction: 'down', afterBytes: input.at, how: input.how };
          const first = stage.fresh();
          stage.proxy.line.cut(cut);
          const failure = await stage.put(stage.bare, first, bytes, 'fail').then(() => null, asAppError);
          if (failure !== null) assert.ok(failure.temporary, describeError(failure));
          assert.ok((await stage.isThere(first, bytes)) || failure !== null);
          const second = stage.fresh();
          stage.proxy.line.cut(cut);
          await stage.put(layered(stage.bare, 4), second, bytes, 'fail');
          assert.ok(await stage.isThere(second, bytes));
          await stage.assertSwept();
        },
      ));

    test('the last answers to an upload of a new name get lost, and another try finds its own file in nobody’s way', async (stage) => {
      const bytes = contentOf(1000);
      const storage = layered(stage.bare, 4);
      await stage.put(storage, stage.fresh(), bytes, 'fail');
      const before = stage.proxy.line.received;
      await stage.put(storage, stage.fresh(), bytes, 'fail');
      const answers = stage.proxy.line.received - before;
      let lost = 0;
      for (const missing of [1, 10, 60, 120]) {
        for (const through of [stage.bare, storage]) {
          // Over a connection that has said all that is said at its beginning.
          await stage.put(storage, stage.fresh(), bytes, 'fail');
          const file = stage.fresh();
          stage.proxy.line.cut({ direction: 'down', afterBytes: answers - missing, how: 'close' });
          const failure = await stage.put(through, file, bytes, 'fail').then(() => null, asAppError);
          await stage.proxy.mend();
          const isThere = await stage.isThere(file, bytes);
          if (through === storage) assert.ok(failure === null && isThere, String(failure?.message));
          else if (failure !== null && isThere) lost += 1;
        }
      }
      // Over HTTP the last answers may be those of a look at the file, which are not needed.
      if (!stage.harness.server.isHttp) assert.ok(lost > 0, 'no answer to a publish got lost');
      await stage.assertSwept();
    });

    test('downloads fail in the middle, and go on at another try', async (stage) => {
      const kept = new Map<number, string>();
      for (const size of sizes) {
        kept.set(size, stage.fresh());
        await stage.put(stage.direct, kept.get(size) ?? '', contentOf(size));
      }
      await stage.generated(6, upload, async (input) => {
        const bytes = contentOf(input.bytes);
        const cut: Cut = { ...cutAt(input), direction: 'down' };
        const file = kept.get(input.bytes) ?? '';
        stage.proxy.line.cut(cut);
        const read: Uint8Array[] = [];
        let failure: AppError | null = null;
        try {
          for await (const chunk of stage.bare.get(file, null, stage.context)) read.push(Buffer.from(chunk));
        } catch (error) {
          failure = asAppError(error);
          assert.ok(failure.temporary, describeError(failure));
        }
        const got = Buffer.concat(read);
        assert.ok(got.equals(bytes.subarray(0, got.length)), 'other bytes than the file has');
        if (failure === null) assert.equal(got.length, bytes.length);
        await stage.proxy.mend();
        stage.proxy.line.cut(cut);
        assert.ok((await readAll(layered(stage.bare, 4).get(file, null, stage.context))).equals(bytes));
      });
    });

    test('odd names and zero bytes come through', (stage) =>
      stage.generated(
        5,
        fc.record({
          file: fc.constantFrom(...oddNames),
          bytes: fc.constantFrom(0, 1, 70_001),
          at: fc.nat(2000),
          direction: fc.constantFrom('up', 'down'),
          how: fc.constantFrom('close', 'reset'),
        }),
        async ({ file, bytes, at, direction, how }) => {
          const content = contentOf(bytes);
          const storage = layered(stage.bare, 4);
          stage.proxy.line.cut({ direction, afterBytes: at, how });
          await stage.put(storage, file, content);
          assert.ok(await stage.isThere(file, content));
          assert.ok((await readAll(storage.get(file, null, stage.context))).equals(content));
          await storage.remove(file, stage.context);
          assert.equal(await stage.isThere(file, content), false);
        },
      ));
  });
}
