import assert from 'node:assert/strict';
import { cp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { readAll } from '../../test/harness/byte-sources.ts';
import {
  filePatterns,
  localStorage,
  plainZstd,
  sampleJob,
  writeSample,
} from '../../test/harness/dump-sample.ts';
import { createRandom } from '../../test/harness/random.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { AppError } from '../core/errors.ts';
import type { Manifest, ManifestUnit } from '../core/manifest.ts';
import type { Storage } from '../storages/storage.ts';
import { readFrame } from './read-frame.ts';
import { checkFiles, openDumpSet, readObjects } from './read-set.ts';
import { verifyFile } from './verify-file.ts';

const context = recordingContext();
const found = [
  'dump-damaged',
  'dump-truncated',
  'dump-not-a-dump',
  'dump-version',
  'file-missing',
  'unsupported',
];

async function openAndCheck(storage: Storage, name: string | null): Promise<Manifest> {
  const { manifest } = await openDumpSet(storage, name, context);
  await checkFiles(storage, manifest, context);
  return manifest;
}

async function verifyAll(storage: Storage, name: string): Promise<void> {
  const manifest = await openAndCheck(storage, name);
  for (const file of manifest.files) await verifyFile(storage, file, {}, context);
}

/** Makes a copy of a sample set for each try. */
const withCopies = (
  filePattern: string | null,
  work: (copy: () => Promise<{ folder: string; storage: Storage }>, manifest: Manifest) => Promise<void>,
) =>
  withFolder(async (folder) => {
    const original = path.join(folder, 'original');
    const { manifest } = await writeSample(localStorage(original), filePattern, context);
    const copy = async () => {
      const target = path.join(folder, 'copy');
      await rm(target, { recursive: true, force: true });
      await cp(original, target, { recursive: true });
      return { folder: target, storage: localStorage(target) };
    };
    await work(copy, manifest);
  });

async function flipBit(file: string, byte: number, bit: number): Promise<void> {
  const bytes = await readFile(file);
  bytes[byte] = (bytes[byte] ?? 0) ^ (1 << bit);
  await writeFile(file, bytes);
}

for (const filePattern of filePatterns) {
  const name = filePattern ?? sampleJob;
  describe(`damage to a dump set ${name}`, () => {
    it('every flipped bit is found by verification, which names the file', () =>
      withCopies(filePattern, async (copy, manifest) => {
        const random = createRandom();
        for (let round = 0; round < 30; round += 1) {
          const file = manifest.files[random.between(0, manifest.files.length - 1)];
          assert.ok(file !== undefined);
          const byte = random.between(0, file.bytes - 1);
          const bit = random.between(0, 7);
          const { folder, storage } = await copy();
          await flipBit(path.join(folder, file.name), byte, bit);
          await assert.rejects(verifyAll(storage, name), (error) => {
            const message = `seed ${random.seed}: bit ${bit} of byte ${byte} of ${file.name}`;
            assert.ok(error instanceof AppError, message);
            assert.ok(found.includes(error.code), `${message}: ${error.code}`);
            assert.ok(error.message.includes(file.name), `${message}: ${error.message}`);
            return true;
          });
        }
      }));

    it('every flipped bit of a unit is found by reading it, which names file, offset and table, or has changed nothing', () =>
      withCopies(filePattern, async (copy, manifest) => {
        const random = createRandom();
        const units = manifest.tables.flatMap((table) => table.units);
        const whole = new Map<ManifestUnit, Buffer>();
        const { storage: intact } = await copy();
        for (const unit of units)
          whole.set(unit, await readAll(readFrame(intact, unit, plainZstd, 't', context)));
        let harmless = 0;
        for (let round = 0; round < 30; round += 1) {
          const unit = units[random.between(0, units.length - 1)];
          assert.ok(unit !== undefined);
          const byte = unit.offset + random.between(0, unit.length - 1);
          const { folder, storage } = await copy();
          await flipBit(path.join(folder, unit.file), byte, random.between(0, 7));
          try {
            const read = await readAll(readFrame(storage, unit, plainZstd, 'table "public"."emp"', context));
            assert.deepEqual(read, whole.get(unit), `seed ${random.seed}`);
            harmless += 1;
          } catch (error) {
            assert.ok(error instanceof AppError && error.code === 'dump-damaged', String(error));
            assert.ok(error.message.includes(unit.file));
            assert.ok(error.message.includes(`offset ${unit.offset}`));
            assert.ok(error.message.includes('table "public"."emp"'));
          }
        }
        // Only a few bits of a frame's header mean nothing.
        assert.ok(harmless < 20);
      }));

    it('a shortened file is found by size, and named', () =>
      withCopies(filePattern, async (copy, manifest) => {
        for (const file of manifest.files) {
          for (const bytes of new Set([0, 1, Math.floor(file.bytes / 2), file.bytes - 1])) {
            const { folder, storage } = await copy();
            await truncate(path.join(folder, file.name), bytes);
            await assert.rejects(openAndCheck(storage, name), (error) => {
              assert.ok(error instanceof AppError);
              assert.ok(
                ['dump-truncated', 'dump-damaged', 'dump-not-a-dump'].includes(error.code),
                error.code,
              );
              assert.ok(error.message.includes(file.name), error.message);
              return true;
            });
          }
        }
      }));

    it('a file with more at its end is found, and named', () =>
      withCopies(filePattern, async (copy, manifest) => {
        for (const file of manifest.files) {
          const { folder, storage } = await copy();
          await writeFile(path.join(folder, file.name), 'more', { flag: 'a' });
          await assert.rejects(openAndCheck(storage, name), { message: new RegExp(escapeRegExp(file.name)) });
        }
      }));

    it('a missing file is named; a missing manifest makes the set incomplete, and says which is there', () =>
      withCopies(filePattern, async (copy, manifest) => {
        for (const file of manifest.files) {
          const { folder, storage } = await copy();
          await rm(path.join(folder, file.name));
          const isAlone = manifest.files.length === 1;
          const code = file.digest !== null || isAlone ? 'file-missing' : 'dump-incomplete';
          await assert.rejects(openAndCheck(storage, name), {
            code,
            message: new RegExp(escapeRegExp(file.name)),
          });
        }
      }));

    it('the error of a frame that ends too early names file, offset and table', () =>
      withCopies(filePattern, async (copy, manifest) => {
        const unit = manifest.tables
          .flatMap((table) => table.units)
          .find(({ rawBytes }) => rawBytes > 50_000);
        assert.ok(unit !== undefined);
        const { folder, storage } = await copy();
        await truncate(path.join(folder, unit.file), unit.offset + unit.length - 5);
        const reading = readAll(readFrame(storage, unit, plainZstd, 'table x', context));
        await assert.rejects(reading, {
          code: 'dump-truncated',
          message: new RegExp(`offset ${unit.offset}, table x`),
        });
        for (const wrong of [
          { ...unit, length: unit.length - 3 },
          { ...unit, rawBytes: unit.rawBytes - 1 },
          { ...unit, rawBytes: unit.rawBytes + 1 },
          { ...unit, length: 0 },
        ]) {
          const { storage: intact } = await copy();
          const misread = readAll(readFrame(intact, wrong, plainZstd, 'table x', context));
          await assert.rejects(misread, { code: 'dump-damaged', message: /offset \d+, table x/ });
        }
      }));
  });
}

describe('what is no dump set', () => {
  const cases: readonly (readonly [string, Record<string, string>, string | null, string])[] = [
    ['nothing there', {}, 'x.dmp', 'file-missing'],
    ['nothing there, by pattern', {}, 'x%U.dmp', 'file-missing'],
    ['an empty base', {}, null, 'dump-not-a-dump'],
    ['other files in the base', { 'a.txt': 'a' }, null, 'dump-not-a-dump'],
    ['data without manifest in the base', { 'data/s.t.0001.text.zst': 'a' }, null, 'dump-incomplete'],
    ['a folder without manifest', { 'job/data/s.t.0001.text.zst': 'a' }, 'job', 'dump-incomplete'],
    ['numbers without master', { 'x07.dmp': 'a' }, 'x%U.dmp', 'dump-incomplete'],
    ['an empty file', { 'x.dmp': '' }, 'x.dmp', 'dump-not-a-dump'],
    [
      'a text',
      { 'x.dmp': 'a text that is longer than the trailer would be, so that there is something to look at' },
      'x.dmp',
      'dump-not-a-dump',
    ],
    ['the JSON of somebody else', { 'job/manifest.json': '{"name":"app"}\n' }, 'job', 'dump-not-a-dump'],
    ['a list', { 'job/manifest.json': '[]' }, 'job', 'dump-not-a-dump'],
    ['broken JSON', { 'job/manifest.json': '{"format":"pumphouse-dump",' }, 'job', 'dump-damaged'],
    [
      'a manifest without its digest',
      { 'job/manifest.json': '{"format":"pumphouse-dump","version":1}' },
      'job',
      'dump-damaged',
    ],
    ['a pattern that leaves', {}, '../x', 'file-name-invalid'],
  ];
  for (const [title, files, filePattern, code] of cases) {
    it(title, () =>
      withFolder(async (folder) => {
        const storage = localStorage(folder);
        for (const [file, text] of Object.entries(files)) {
          const source = {
            async *open() {
              yield Buffer.from(text);
            },
          };
          await storage.put(file, source, { ifExists: 'fail' }, context);
        }
        await assert.rejects(openDumpSet(storage, filePattern, context), { code, field: 'file_pattern' });
      }),
    );
  }

  it('a data file of a set is told from its master', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      await writeSample(storage, 'EXP%U.DMP', context);
      await assert.rejects(openDumpSet(storage, 'EXP02.DMP', context), {
        code: 'dump-truncated',
        message: /not the master/,
      });
    }));

  it('damaged schema texts are named', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const { manifest } = await writeSample(storage, null, context);
      const file = path.join(folder, manifest.ddl.post.file);
      await flipBit(file, manifest.ddl.post.length - 8, 3);
      await assert.rejects(readObjects(storage, manifest, null, context), {
        code: 'dump-damaged',
        message: /post-data\.sql\.zst.*schema texts/,
      });
    }));
});

const escapeRegExp = (text: string): string => text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&');
