import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { checkFileName } from '../storages/file-name.ts';
import { fileOfPattern, prefixOfPattern } from './file-pattern.ts';
import { assignFiles, checkCompression, checkFileSize, layoutForExport, masterName } from './layout.ts';

describe('file patterns', () => {
  it('give the three forms', () => {
    assert.deepEqual(layoutForExport(null, 'EXPORT_1'), { form: 'folder', folder: 'EXPORT_1' });
    assert.deepEqual(layoutForExport('EXPDAT%U.DMP', 'j'), { form: 'pattern', pattern: 'EXPDAT%U.DMP' });
    assert.deepEqual(layoutForExport('one.dmp', 'j'), { form: 'file', file: 'one.dmp' });
    assert.deepEqual(layoutForExport('100%%.dmp', 'j'), { form: 'file', file: '100%.dmp' });
  });

  it('name the master', () => {
    assert.equal(masterName(layoutForExport(null, 'EXPORT_1')), 'EXPORT_1/manifest.json');
    assert.equal(masterName(layoutForExport('EXPDAT%U.DMP', 'j')), 'EXPDAT01.DMP');
    assert.equal(masterName(layoutForExport('one.dmp', 'j')), 'one.dmp');
  });

  it('step all numbers together, and keep percent signs', () => {
    assert.equal(fileOfPattern('a%u-%U.dmp', 7), 'a07-07.dmp');
    assert.equal(fileOfPattern('%%U%U%%', 42), '%U42%');
    assert.equal(prefixOfPattern('100%%_%U.dmp'), '100%_');
    assert.equal(prefixOfPattern('%U'), '');
  });

  it('refuse names that leave the directory, by name of the field', () => {
    const faults: Readonly<Record<string, RegExp>> = {
      '': /is empty/,
      ' ': /is empty/,
      '../x.dmp': /leaves its directory/,
      'a/b.dmp': /leaves its directory/,
      'a\\b.dmp': /leaves its directory/,
      '/etc/x': /absolute/,
      'C:x': /absolute/,
      '..': /no file name/,
      '.': /no file name/,
      'a\nb': /no file name/,
      '.x%U.part': /no file name/,
      'manifest.json': /kept for the manifest/,
      '%X.dmp': /unknown substitution "%X"/,
      'x%': /unknown substitution "%"/,
      'x%%%': /unknown substitution "%"/,
      ['n'.repeat(201)]: /longer than 200 characters/,
      ['漢'.repeat(81)]: /longer than 240 bytes/,
    };
    for (const [pattern, message] of Object.entries(faults)) {
      assert.throws(() => layoutForExport(pattern, 'j'), {
        code: 'file-name-invalid',
        field: 'file_pattern',
        message,
      });
    }
  });

  it('a job of any name gets a folder below the base', () => {
    for (const name of ['..', 'a/b', 'ä', '.part']) {
      const layout = layoutForExport(null, name);
      checkFileName(masterName(layout));
      assert.ok(layout.form === 'folder' && !layout.folder.includes('/'));
    }
  });
});

const unitsOf = (sizes: readonly number[]) =>
  sizes.map((bytes, index) => ({
    id: `u${index}`,
    table: { schema: 's', name: `t${index % 3}` },
    part: Math.floor(index / 3) + 1,
    bytes,
  }));
const MiB = 1024 * 1024;

const options = { encoding: 'text', compression: 'zstd', isEncrypted: false, threads: 2 } as const;

describe('assignFiles', () => {
  it('folder: one file per unit', () => {
    const files = assignFiles({ form: 'folder', folder: 'job' }, unitsOf([5, 0, 7, 9]), {
      ...options,
      encoding: 'binary',
    });
    assert.deepEqual(files, [
      { file: 'job/data/s.t0.0001.binary.zst', units: ['u0'], bytes: 5 },
      { file: 'job/data/s.t1.0001.binary.zst', units: ['u1'], bytes: 0 },
      { file: 'job/data/s.t2.0001.binary.zst', units: ['u2'], bytes: 7 },
      { file: 'job/data/s.t0.0002.binary.zst', units: ['u3'], bytes: 9 },
    ]);
  });

  it('folder: without compression the names say so', () => {
    const [first] = assignFiles({ form: 'folder', folder: '' }, unitsOf([5]), {
      ...options,
      compression: 'none',
    });
    assert.equal(first?.file, 'data/s.t0.0001.text');
  });

  const folder = { form: 'folder', folder: 'job' } as const;
  const tables = (count: number, bytes: (index: number) => number) =>
    Array.from({ length: count }, (_, index) => ({
      id: `u${index}`,
      table: { schema: 'tables', name: `t${index}` },
      part: 1,
      bytes: bytes(index),
    }));

  it('folder: very many small tables share files, in order; large ones and parts of one stay alone', () => {
    const small = tables(701, (index) => index % 7);
    const large = { id: 'big', table: { schema: 's', name: 'big' }, part: 1, bytes: MiB };
    const parts = [1, 2].map((part) => ({
      id: `p${part}`,
      table: { schema: 's', name: 'p' },
      part,
      bytes: 3,
    }));
    const files = assignFiles(folder, [large, ...parts, ...small], options);
    assert.deepEqual(
      files.map(({ file, units }) => [file, units.length]),
      [
        ['job/data/s.big.0001.text.zst', 1],
        ['job/data/s.p.0001.text.zst', 1],
        ['job/data/s.p.0002.text.zst', 1],
        ['job/data/tables.0001.text.zst', 200],
        ['job/data/tables.0002.text.zst', 200],
        ['job/data/tables.0003.text.zst', 200],
        ['job/data/tables.0004.text.zst', 101],
      ],
    );
    assert.deepEqual(
      files.slice(3).flatMap(({ units }) => units),
      small.map(({ id }) => id),
    );
    assert.equal(
      files[3]?.bytes,
      small.slice(0, 200).reduce((sum, { bytes }) => sum + bytes, 0),
    );
  });

  it('folder: a shared file takes 32 MB at most, and 500 small tables have files of their own', () => {
    const sizes = assignFiles(
      folder,
      tables(501, () => MiB - 1),
      options,
    ).map(({ bytes }) => bytes);
    assert.ok(sizes.every((bytes) => bytes <= 32 * MiB) && sizes.length === 16, String(sizes));
    assert.equal(
      assignFiles(
        folder,
        tables(500, () => 1),
        options,
      ).length,
      500,
    );
  });

  it('folder: new files are named beside those that stay', () => {
    const beside = {
      files: new Set(['job/data/tables.0002.text.zst']),
      tables: [{ schema: 'tables', name: 'T0' }],
    };
    const names = assignFiles(
      folder,
      tables(501, () => 1),
      { ...options, beside },
    ).map(({ file }) => file);
    assert.deepEqual(
      names,
      [1, 3, 4].map((number) => `job/data/tables.000${number}.text.zst`),
    );
    const [alone] = assignFiles(
      folder,
      tables(1, () => 1),
      { ...options, beside },
    );
    assert.match(alone?.file ?? '', /tables\.t0~[0-9a-f]{16}\.0001/);
  });

  it('only a folder can do without compression', () => {
    checkCompression(folder, 'none');
    for (const layout of [{ form: 'file', file: 'x' } as const, pattern]) {
      checkCompression(layout, 'zstd');
      assert.throws(() => checkCompression(layout, 'none'), { code: 'field-invalid', field: 'compression' });
    }
  });

  it('only numbered files have a size', () => {
    for (const layout of [folder, { form: 'file', file: 'x' } as const]) {
      checkFileSize(layout, null);
      assert.throws(() => checkFileSize(layout, 2 ** 20), { code: 'field-invalid', field: 'file_size' });
    }
    checkFileSize(pattern, 2 ** 20);
  });

  it('file: one file with all units, also with none', () => {
    const layout = { form: 'file', file: 'one.dmp' } as const;
    assert.deepEqual(assignFiles(layout, unitsOf([5, 6]), options), [
      { file: 'one.dmp', units: ['u0', 'u1'], bytes: 11 },
    ]);
    assert.deepEqual(assignFiles(layout, [], options), [{ file: 'one.dmp', units: [], bytes: 0 }]);
  });

  const pattern = { form: 'pattern', pattern: 'E%U' } as const;

  it('pattern: with a size, kept files take numbers away, and what finds none is refused', () => {
    const kept = (count: number) => ({
      files: new Set(Array.from({ length: count }, (_, index) => `kept ${index}`)),
      tables: [],
    });
    const units = unitsOf(Array.from({ length: 10 }, () => 8));
    const files = (count: number) =>
      assignFiles(pattern, units, { ...options, fileSize: 10, beside: kept(count) }).length;
    assert.equal(files(0), 10);
    assert.equal(files(88), 10);
    for (const count of [89, 98]) assert.throws(() => files(count), { code: 'file-size-too-small' });
  });

  it('pattern: every unit once, from number 02, at most 98 files, none empty, and threads have work', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 300 * MiB }), { maxLength: 400 }),
        fc.integer({ min: 1, max: 200 }),
        (sizes, threads) => {
          const units = unitsOf(sizes);
          const files = assignFiles(pattern, units, { ...options, threads });
          assert.deepEqual(files.flatMap((file) => file.units).sort(), units.map(({ id }) => id).sort());
          assert.deepEqual(
            files.map(({ file }) => file),
            files.map((_, index) => `E${String(index + 2).padStart(2, '0')}`),
          );
          assert.ok(files.length <= 98);
          assert.ok(files.length >= Math.min(units.length, threads, 98));
          assert.ok(files.every((file) => file.units.length > 0));
          assert.deepEqual(files, assignFiles(pattern, units, { ...options, threads }));
          const total = sizes.reduce((sum, size) => sum + size, 0);
          assert.equal(
            files.reduce((sum, file) => sum + file.bytes, 0),
            total,
          );
        },
      ),
      { numRuns: 50 },
    );
  });

  it('pattern: big units go to different files, and units of a file keep their order', () => {
    const files = assignFiles(pattern, unitsOf([64 * MiB, 64 * MiB, 64 * MiB, 64 * MiB, 1, 1, 1]), options);
    assert.equal(files.length, 4);
    for (const { units } of files) {
      assert.equal(units.filter((id) => id < 'u4').length, 1);
      assert.deepEqual([...units], [...units].sort());
    }
  });
});
