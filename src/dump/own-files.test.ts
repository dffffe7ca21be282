import assert from 'node:assert/strict';
import { rename } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { filePatterns, localStorage, sampleJob, writeSample } from '../../test/harness/dump-sample.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import type { Manifest } from '../core/manifest.ts';
import type { DumpLayout } from './layout.ts';
import { refuseForeignFiles } from './own-files.ts';
import { openDumpSet } from './read-set.ts';

const context = recordingContext();

describe('the files of a set that may be copied and deleted', () => {
  for (const filePattern of filePatterns) {
    it(`${filePattern ?? 'a folder'}: its own, and no others`, () =>
      withFolder(async (folder) => {
        await writeSample(localStorage(folder), filePattern, context);
        const set = await openDumpSet(localStorage(folder), filePattern ?? sampleJob, context);
        refuseForeignFiles(set.manifest, set.layout);
        for (const name of [
          'other.dmp',
          'EXP1.DMP',
          'EXP02.DMP.x',
          'data/x',
          'OTHER/manifest.json',
          'x/data/y',
        ]) {
          const manifest = {
            ...set.manifest,
            files: [...set.manifest.files, { name, bytes: 1, digest: null }],
          };
          assert.throws(() => refuseForeignFiles(manifest, set.layout), {
            code: 'dump-damaged',
            field: 'file_pattern',
          });
        }
      }));
  }

  it('a set whose folder is the place itself has its folders and the manifest', () => {
    const layout: DumpLayout = { form: 'folder', folder: '' };
    const withFile = (name: string) => ({ files: [{ name, bytes: 1, digest: null }] }) as unknown as Manifest;
    for (const name of ['manifest.json', 'data/a', 'schema/pre-data.sql.zst'])
      refuseForeignFiles(withFile(name), layout);
    for (const name of ['other.dmp', 'OTHER/manifest.json', 'data'])
      assert.throws(() => refuseForeignFiles(withFile(name), layout), { code: 'dump-damaged' });
  });

  it('a numbered set whose master alone was renamed is refused', () =>
    withFolder(async (folder) => {
      await writeSample(localStorage(folder), 'EXP%U.DMP', context);
      await rename(path.join(folder, 'EXP01.DMP'), path.join(folder, 'new.dmp'));
      const set = await openDumpSet(localStorage(folder), 'new.dmp', context);
      assert.throws(() => refuseForeignFiles(set.manifest, set.layout), { message: /"EXP02\.DMP"/ });
    }));
});
