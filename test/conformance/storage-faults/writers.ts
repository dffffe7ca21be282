import assert from 'node:assert/strict';
import { describe } from 'node:test';
import { readAll } from '../../harness/byte-sources.ts';
import { asAppError, type FaultStage, layered, type StageTest } from './stage.ts';

/** Several uploads of one name at once. */
export function writerCases(test: StageTest): void {
  describe('writers of one name at once', () => {
    const writers = (stage: FaultStage, ifExists: 'fail' | 'replace', file: string) =>
      Promise.allSettled(
        Array.from({ length: 4 }, (_, index) =>
          stage.put(layered(stage.bare, 4), file, Buffer.alloc(400_009, index), ifExists),
        ),
      );
    const isOfOneWriter = async (stage: FaultStage, file: string): Promise<void> => {
      const read = await readAll(stage.direct.get(file, null, stage.context));
      assert.ok(read.equals(Buffer.alloc(400_009, read[0])), 'a mixture, or a part');
    };

    test('replace: the file is whole, of one of them', async (stage) => {
      const outcomes = await writers(stage, 'replace', 'writers/replaced');
      for (const { status } of outcomes) assert.equal(status, 'fulfilled');
      await isOfOneWriter(stage, 'writers/replaced');
      await stage.assertSwept();
    });

    test('fail: one wins', async (stage, t) => {
      const outcomes = await writers(stage, 'fail', 'writers/first');
      const won = outcomes.filter(({ status }) => status === 'fulfilled').length;
      if (stage.harness.oneWriterWins === true) assert.equal(won, 1);
      else {
        t.diagnostic(stage.harness.oneWriterWins);
        assert.ok(won >= 1);
      }
      for (const outcome of outcomes) {
        if (outcome.status === 'rejected')
          assert.equal(asAppError(outcome.reason).code, 'file-exists', String(outcome.reason));
      }
      await isOfOneWriter(stage, 'writers/first');
      await stage.assertSwept();
    });
  });
}
