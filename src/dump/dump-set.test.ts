import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bytesSource, listAll, readAll } from '../../test/harness/byte-sources.ts';
import {
  filePatterns,
  localStorage,
  plainZstd,
  type SampleUnit,
  sampleJob,
  sampleObjects,
  sampleUnits,
  unitId,
  unitSource,
  writeSample,
} from '../../test/harness/dump-sample.ts';
import { failingStorage } from '../../test/harness/fault-storage.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { rewriteManifest } from '../../test/harness/rewrite-manifest.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import type { OperationContext } from '../core/context.ts';
import type { FrameRef, Manifest } from '../core/manifest.ts';
import type { Storage } from '../storages/storage.ts';
import { findExistingFile } from './existing.ts';
import { layoutForSet, masterName } from './layout.ts';
import { listDumpSets } from './list-sets.ts';
import { writeMaster } from './master.ts';
import { readFrame } from './read-frame.ts';
import { checkFiles, openDumpSet, readObjects } from './read-set.ts';
import { verifyFile } from './verify-file.ts';

const nameOf = (filePattern: string | null): string => filePattern ?? sampleJob;

/** Reads everything of a set and compares it with what was written. */
async function checkWhole(
  storage: Storage,
  manifest: Manifest,
  units: readonly SampleUnit[],
  context: OperationContext,
): Promise<void> {
  await checkFiles(storage, manifest, context);
  for (const file of manifest.files) await verifyFile(storage, file, {}, context);
  const found = new Map(manifest.tables.flatMap((table) => table.units.map((unit) => [unit.id, unit])));
  assert.equal(found.size, units.length);
  for (const unit of units) {
    const ref = found.get(unitId(unit));
    assert.ok(ref !== undefined);
    assert.deepEqual(
      await readAll(readFrame(storage, ref, plainZstd, 'a table', context)),
      Buffer.from(unit.content),
    );
  }
  assert.deepEqual(await readObjects(storage, manifest, null, context), sampleObjects);
}

for (const filePattern of filePatterns) {
  describe(`a dump set ${filePattern === null ? 'in a folder' : `of files ${filePattern}`}`, () => {
    it('comes back as it was written', () =>
      withFolder(async (folder) => {
        const storage = localStorage(folder);
        const context = recordingContext();
        const { layout, manifest } = await writeSample(storage, filePattern, context);
        const set = await openDumpSet(storage, nameOf(filePattern), context);
        assert.deepEqual(set, { layout, manifest, seal: null });
        await checkWhole(storage, set.manifest, sampleUnits, context);
        const names = (await listAll(storage.list('', context))).map(({ name }) => name);
        assert.deepEqual(manifest.files.map(({ name }) => name).sort(), names.sort());
        assert.deepEqual(context.complaints(), []);
      }));

    it('comes back with units of any number and size', () =>
      fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 0, max: 300_000 }), { maxLength: 6 }),
          fc.integer({ min: 1, max: 3 }),
          (sizes, tables) =>
            withFolder(async (folder) => {
              const storage = localStorage(folder);
              const context = recordingContext();
              const units = sizes.map((size, index) => ({
                table: { schema: 's', name: `t${index % tables}` },
                part: index + 1,
                content: Buffer.alloc(size, `content ${index}\n`),
              }));
              await writeSample(storage, filePattern, context, units);
              const set = await openDumpSet(storage, nameOf(filePattern), context);
              await checkWhole(storage, set.manifest, units, context);
            }),
        ),
        { numRuns: 8 },
      ));

    it('counts rows and bytes per table', () =>
      withFolder(async (folder) => {
        const { manifest } = await writeSample(localStorage(folder), filePattern, recordingContext());
        assert.deepEqual(
          manifest.tables.map(({ name, rows, rawBytes, status }) => [name, rows, rawBytes, status]),
          [
            [
              'emp',
              5020,
              (sampleUnits[0]?.content.length ?? 0) + (sampleUnits[1]?.content.length ?? 0),
              'complete',
            ],
            ['none', 0, 0, 'complete'],
            ['../"odd/ näme"', 300, sampleUnits[3]?.content.length ?? 0, 'complete'],
          ],
        );
      }));

    it('is found where it would be overwritten', () =>
      withFolder(async (folder) => {
        const storage = localStorage(folder);
        const context = recordingContext();
        const layout = layoutForSet(filePattern, sampleJob);
        assert.equal(await findExistingFile(storage, layout, context), null);
        await storage.put('other', bytesSource(Buffer.alloc(1)), { ifExists: 'fail' }, context);
        assert.equal(await findExistingFile(storage, layout, context), null);
        await writeSample(storage, filePattern, context);
        const found = await findExistingFile(storage, layout, context);
        assert.ok(found !== null && (await storage.stat(found, context)) !== null);
        await assert.rejects(writeSample(storage, filePattern, context), { code: 'file-exists' });
      }));

    it('is listed by its pattern, with others beside it', () =>
      withFolder(async (folder) => {
        const storage = localStorage(folder);
        const context = recordingContext();
        const { manifest, layout } = await writeSample(storage, filePattern, context);
        await storage.put('notes.txt', bytesSource(Buffer.from('notes')), { ifExists: 'fail' }, context);
        await storage.put(
          'web/manifest.json',
          bytesSource(Buffer.from('{"name":"app"}')),
          { ifExists: 'fail' },
          context,
        );
        await storage.put('empty', bytesSource(Buffer.alloc(0)), { ifExists: 'fail' }, context);
        const listed = await listAll(listDumpSets(storage, context));
        assert.deepEqual(listed, [{ filePattern: nameOf(filePattern), layout, manifest, seal: null }]);
        assert.deepEqual(context.complaints(), []);
      }));

    it('is not there when the writing of its master fails', () =>
      withFolder(async (folder) => {
        const local = localStorage(folder);
        const context = recordingContext();
        const layout = layoutForSet(filePattern, sampleJob);
        const draft = {
          job: { id: '1', name: sampleJob },
          createdAt: '2026-11-21T08:00:00.000Z',
          source: { engine: 'sqlite', serverVersion: '3', database: 'd' },
          mode: 'full' as const,
          encoding: 'text' as const,
          coding: plainZstd,
          consistency: { kind: 'snapshot' as const, note: '' },
          tables: [],
          objects: sampleObjects,
          files: [],
        };
        // The manifest is the last that is put, and its last byte never arrives.
        const faulty = failingStorage(local, { times: 9, afterBytes: 400 });
        const inline = layout.form === 'file' ? [unitSource('u', Buffer.alloc(100_000))] : [];
        await assert.rejects(writeMaster(faulty, layout, draft, inline, { ifExists: 'fail' }, context));
        assert.equal(await local.stat(masterName(layout), context), null);
        await assert.rejects(openDumpSet(local, nameOf(filePattern), context), { field: 'file_pattern' });
      }));
  });
}

describe('a dump set', () => {
  it('in a folder can be renamed, moved, and opened from inside', () =>
    withFolder(async (folder) => {
      const context = recordingContext();
      await writeSample(localStorage(folder), null, context);
      await mkdir(path.join(folder, 'archive'));
      await rename(path.join(folder, sampleJob), path.join(folder, 'archive/old 100%'));
      const archive = localStorage(path.join(folder, 'archive'));
      const moved = await openDumpSet(archive, 'old 100%%', context);
      await checkWhole(archive, moved.manifest, sampleUnits, context);
      assert.deepEqual(moved.layout, { form: 'folder', folder: 'old 100%' });
      const inside = localStorage(path.join(folder, 'archive/old 100%'));
      const set = await openDumpSet(inside, null, context);
      assert.deepEqual(set.layout, { form: 'folder', folder: '' });
      await checkWhole(inside, set.manifest, sampleUnits, context);
      const [listed] = await listAll(listDumpSets(archive, context));
      assert.equal(listed?.filePattern, 'old 100%%');
    }));

  it('in one file can be renamed', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      await writeSample(storage, 'one.dmp', context);
      await rename(path.join(folder, 'one.dmp'), path.join(folder, 'other.dmp'));
      const set = await openDumpSet(storage, 'other.dmp', context);
      await checkWhole(storage, set.manifest, sampleUnits, context);
    }));

  it('of numbered files can be opened by its master', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      const { manifest, layout } = await writeSample(storage, 'EXP%U.DMP', context);
      assert.deepEqual(await openDumpSet(storage, 'EXP01.DMP', context), { manifest, layout, seal: null });
    }));

  it('leaves the units of a failed table out, and says why', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      const table = { schema: 's', name: 't', tablespace: null, columns: [], encoding: 'text' as const };
      const manifest = await writeMaster(
        storage,
        { form: 'file', file: 'x' },
        {
          job: { id: '1', name: 'j' },
          createdAt: '2026-11-21T08:00:00.000Z',
          source: { engine: 'sqlite', serverVersion: '3', database: 'd' },
          mode: 'full',
          encoding: 'text',
          coding: plainZstd,
          consistency: { kind: 'none', note: 'why' },
          tables: [
            { ...table, error: 'permission denied', units: [], inlineUnits: ['u1'] },
            { ...table, name: 'good', error: null, units: [], inlineUnits: ['u2'] },
          ],
          objects: [],
          files: [],
        },
        [unitSource('u1', Buffer.from('1\n')), unitSource('u2', Buffer.from('2\n'))],
        { ifExists: 'fail' },
        context,
      );
      assert.deepEqual(manifest.tables[0], {
        ...table,
        rows: 0,
        rawBytes: 0,
        status: 'failed',
        error: 'permission denied',
        units: [],
      });
      assert.equal(manifest.tables[1]?.units[0]?.rows, 1);
      assert.deepEqual((await openDumpSet(storage, 'x', context)).manifest, manifest);
    }));

  it('a set of version 1, whose digests are of the raw bytes, is read and checked', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      const { manifest } = await writeSample(storage, null, context);
      const rawDigest = async (ref: FrameRef): Promise<string> => {
        const raw = await readAll(readFrame(storage, ref, plainZstd, 't', context));
        return `"digest":"sha256:${createHash('sha256').update(raw).digest('hex')}"`;
      };
      const frames = [...manifest.tables.flatMap(({ units }) => units), manifest.ddl.pre, manifest.ddl.post];
      const digests = new Map<string, string>();
      for (const ref of frames) digests.set(`"digest":"${ref.digest}"`, await rawDigest(ref));
      await rewriteManifest(path.join(folder, sampleJob, 'manifest.json'), (text) => {
        let older = text.replace('"version":2', '"version":1');
        for (const [now, then] of digests) older = older.replaceAll(now, then);
        assert.ok(!older.includes('stored-'));
        return older;
      });
      const { manifest: older } = await openDumpSet(storage, sampleJob, context);
      assert.equal((await readObjects(storage, older, null, context)).length, sampleObjects.length);
      const [unit] = older.tables[0]?.units ?? [];
      assert.ok(unit !== undefined);
      assert.deepEqual(
        await readAll(readFrame(storage, unit, plainZstd, 't', context)),
        Buffer.from(sampleUnits[0]?.content ?? []),
      );
      const wrong = { ...unit, digest: `sha256:${'0'.repeat(64)}` } as const;
      await assert.rejects(readAll(readFrame(storage, wrong, plainZstd, 't', context)), {
        code: 'dump-damaged',
        message: /does not match its digest/,
      });
    }));

  it('a set without compression holds the bytes themselves, and its damage is found', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const context = recordingContext();
      await writeSample(storage, null, context, sampleUnits, { ...plainZstd, compression: 'none' });
      const { manifest } = await openDumpSet(storage, sampleJob, context);
      assert.equal(manifest.compression, 'none');
      const units = manifest.tables.flatMap((table) => table.units);
      for (const unit of units) {
        assert.ok(unit.file.endsWith('.text'), unit.file);
        const raw = await readAll(
          readFrame(storage, unit, { ...plainZstd, compression: 'none' }, 't', context),
        );
        assert.deepEqual(await readFile(path.join(folder, unit.file)), raw);
      }
      assert.deepEqual(await readObjects(storage, manifest, null, context), sampleObjects);
      const [unit] = units;
      assert.ok(unit !== undefined);
      const file = path.join(folder, unit.file);
      const bytes = await readFile(file);
      bytes[100] = (bytes[100] ?? 0) ^ 4;
      await writeFile(file, bytes);
      await assert.rejects(
        readAll(readFrame(storage, unit, { ...plainZstd, compression: 'none' }, 'table x', context)),
        {
          code: 'dump-damaged',
          message: /offset 0, table x: its content does not match/,
        },
      );
    }));
});
