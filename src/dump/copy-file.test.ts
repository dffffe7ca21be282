import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { flipByte } from '../../test/harness/damage.ts';
import { filePatterns, localStorage, sampleJob, writeSample } from '../../test/harness/dump-sample.ts';
import { failingStorage } from '../../test/harness/fault-storage.ts';
import { bareLocal } from '../../test/harness/local-storage.ts';
import { createRandom } from '../../test/harness/random.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { copyDumpFile, type FileToCopy } from './copy-file.ts';
import { sectionsOf } from './file-sections.ts';
import { openDumpSet } from './read-set.ts';
import { verifyFile } from './verify-file.ts';

const context = recordingContext();
const random = createRandom();

/** A sample set at a place, and another place; the files of the set as a copy plans them. */
const withSet = (
  filePattern: string | null,
  work: (from: string, to: string, files: readonly FileToCopy[]) => Promise<void>,
) =>
  withFolder(async (folder) => {
    const [from, to] = [path.join(folder, 'from'), path.join(folder, 'to')];
    await writeSample(localStorage(from), filePattern, context);
    const { manifest } = await openDumpSet(localStorage(from), filePattern ?? sampleJob, context);
    const files: FileToCopy[] = [];
    for (const file of manifest.files) {
      files.push({ ...file, sections: await sectionsOf(localStorage(from), file, context) });
    }
    await work(from, to, files);
  });

const copyAll = async (from: string, to: string, files: readonly FileToCopy[]): Promise<void> => {
  for (const file of files) {
    await copyDumpFile(localStorage(from), localStorage(to), file, { ifExists: 'fail' }, context);
  }
};

describe('copying the files of a set', () => {
  for (const filePattern of filePatterns) {
    const form = filePattern ?? 'a folder';

    it(`${form}: byte by byte`, () =>
      withSet(filePattern, async (from, to, files) => {
        await copyAll(from, to, files);
        for (const { name } of files) {
          assert.deepEqual(await readFile(path.join(to, name)), await readFile(path.join(from, name)));
        }
        const { manifest } = await openDumpSet(localStorage(to), filePattern ?? sampleJob, context);
        for (const file of manifest.files) await verifyFile(localStorage(to), file, {}, context);
      }));

    it(`${form}: whatever byte is damaged at the source, nothing shows at the target (seed ${random.seed})`, () =>
      withSet(filePattern, async (from, to, files) => {
        for (const file of files) {
          const whole = await readFile(path.join(from, file.name));
          const places = [
            0,
            file.bytes - 1,
            ...Array.from({ length: 8 }, () => random.between(0, file.bytes - 1)),
          ];
          for (const at of places) {
            await flipByte(path.join(from, file.name), at);
            await assert.rejects(
              copyAll(from, to, [file]),
              { code: 'dump-damaged' },
              `${file.name} at ${at}`,
            );
            await writeFile(path.join(from, file.name), whole);
          }
          await writeFile(path.join(from, file.name), whole.subarray(0, file.bytes - 1));
          await assert.rejects(copyAll(from, to, [file]), { code: 'dump-truncated' });
          await writeFile(path.join(from, file.name), Buffer.concat([whole, Buffer.alloc(1)]));
          await assert.rejects(copyAll(from, to, [file]), { code: 'dump-truncated' });
          await writeFile(path.join(from, file.name), whole);
        }
        const left = await readdir(to, { recursive: true, withFileTypes: true });
        assert.deepEqual(
          left.filter((entry) => entry.isFile()),
          [],
        );
      }));
  }

  it('a read that breaks off is an error of the storage, and leaves nothing', () =>
    withSet('one.dmp', async (from, to, files) => {
      const broken = failingStorage(bareLocal(from), { times: 1, afterBytes: 100 });
      const [file] = files as readonly [FileToCopy];
      const copying = copyDumpFile(broken, bareLocal(to), file, { ifExists: 'fail' }, context);
      await assert.rejects(copying, { code: 'storage-failed' });
      assert.deepEqual(await readdir(to), []);
    }));

  it('takes over no file of others', () =>
    withSet('one.dmp', async (from, to, files) => {
      await copyAll(from, to, files);
      await assert.rejects(copyAll(from, to, files), { code: 'file-exists' });
    }));
});
