import assert from 'node:assert/strict';
import { describe, mock } from 'node:test';
import fc from 'fast-check';
import { bytesSource, readAll } from '../../harness/byte-sources.ts';
import type { Refusal } from '../../harness/fault-proxy.ts';
import { recordingContext } from '../../harness/recording-context.ts';
import type { FaultyPlace } from '../storage-faults.ts';
import {
  anySize,
  asAppError,
  assertRefused,
  contentOf,
  describeError,
  type FaultStage,
  layered,
  rejection,
  type StageTest,
} from './stage.ts';

/** What a server answers: for want of a right or of room, or because it has a bad day. */
export function refusalCases(test: StageTest): void {
  describe('places that are wrong', () => {
    const places = ['wrongKey', 'missingBucket', 'readOnly', 'full'] as const;
    for (const kind of places) {
      test(kind, async (stage, t) => {
        const place = stage.harness[kind];
        if (typeof place === 'string') {
          t.diagnostic(`${kind}: ${place}`);
          return;
        }
        const bytes = contentOf(kind === 'full' ? 4_000_037 : 1000);
        const watching = recordingContext();
        const storage = layered(place.storage, 4);
        const calls: (readonly [string, () => Promise<unknown>])[] = [
          ['put', () => storage.put('wrong/x', bytesSource(bytes), { ifExists: 'fail' }, watching)],
        ];
        if (kind !== 'full') calls.push(['probe', () => storage.probe(watching)]);
        if (kind === 'wrongKey') calls.push(['get', () => readAll(storage.get('wrong/x', null, watching))]);
        for (const [call, running] of calls) await assertRefused(call, running(), place);
        assert.deepEqual(watching.complaints(), [], 'it was tried again');
        if (kind === 'full' || kind === 'readOnly')
          assert.equal(await place.storage.stat('wrong/x', stage.context), null);
        await stage.assertSwept();
      });
    }
  });

  describe('refusals of an HTTP server', () => {
    const statuses = [500, 503, 429] as const;
    const refusalOf = ({ harness }: FaultStage, status: number): Refusal & Pick<FaultyPlace, 'says'> =>
      harness.refusal?.(status) ?? {
        status,
        contentType: 'text/plain',
        body: 'Not now.',
        says: new RegExp(`\\b${status}\\b`),
      };

    test('once: another try succeeds', async (stage, t) => {
      if (!stage.harness.server.isHttp) return t.diagnostic('The family does not speak HTTP.');
      const input = fc.record({
        status: fc.constantFrom(...statuses),
        bytes: fc.oneof(fc.constant(0), anySize),
        after: fc.nat(3),
      });
      await stage.generated(6, input, async ({ status, bytes: size, after: lettingThrough }) => {
        const bytes = contentOf(size);
        const file = stage.fresh();
        const storage = layered(stage.bare, 3);
        stage.proxy.refuse(refusalOf(stage, status), 1, lettingThrough);
        await stage.put(storage, file, bytes);
        assert.ok(await stage.isThere(file, bytes));
        stage.proxy.refuse(refusalOf(stage, status), 1);
        assert.ok((await readAll(storage.get(file, null, stage.context))).equals(bytes));
        stage.proxy.refuse(refusalOf(stage, status), 1);
        assert.deepEqual(await storage.stat(file, stage.context), { name: file, bytes: size });
        assert.ok(stage.proxy.refused > 0);
        await stage.assertSwept();
      });
    });

    for (const status of statuses) {
      test(`${status} for ever: a clear error, with what the storage says`, async (stage, t) => {
        if (!stage.harness.server.isHttp) return t.diagnostic('The family does not speak HTTP.');
        const { says, ...refusal } = refusalOf(stage, status);
        const storage = layered(stage.bare, 3);
        const before = stage.proxy.refused;
        stage.proxy.refuse(refusal, Number.POSITIVE_INFINITY);
        const failures = [
          asAppError(await rejection(stage.put(storage, 'refused/x', contentOf(1000)))),
          asAppError(await rejection(readAll(storage.get('refused/x', null, stage.context)))),
        ];
        for (const failure of failures) {
          assert.match(failure.message, says);
          assert.ok(failure.temporary, describeError(failure));
          const codes = status === 429 ? ['storage-throttled'] : ['storage-throttled', 'storage-failed'];
          assert.ok(codes.includes(failure.code), describeError(failure));
        }
        assert.ok(stage.proxy.refused - before >= 6, 'it was not tried again');
        await stage.proxy.mend();
        assert.equal(await stage.isThere('refused/x', contentOf(1000)), false);
        await stage.assertSwept();
      });
    }
  });

  test('a wrong clock', async (stage) => {
    const bytes = contentOf(1000);
    mock.timers.enable({ apis: ['Date'], now: Date.now() - 3_600_000 });
    try {
      const running = stage.put(stage.direct, 'clock/x', bytes);
      if (stage.harness.staleClock === null) await running;
      else await assertRefused('put', running, stage.harness.staleClock);
    } finally {
      mock.timers.reset();
    }
    assert.equal(await stage.isThere('clock/x', bytes), stage.harness.staleClock === null);
  });
}
