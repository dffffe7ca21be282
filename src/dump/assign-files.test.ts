import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { assignFiles, type UnitToPlace } from './assign-files.ts';

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

  it('folder: names say gzip, and encryption', () => {
    const [first] = assignFiles({ form: 'folder', folder: '' }, unitsOf([5]), {
      ...options,
      compression: 'gzip',
      isEncrypted: true,
    });
    assert.equal(first?.file, 'data/s.t0.0001.text.gz.enc');
  });

  it('folder: a stream is one file of its name, small or not', () => {
    const pieces = ['shard-1', 'shard/2', 'shard-1'].map((stream, index) => ({
      id: `p${index}`,
      table: { schema: `db${index}`, name: 'keys' },
      part: 1,
      bytes: index,
      stream,
    }));
    assert.deepEqual(assignFiles(folder, [...pieces, ...tables(501, () => 1)], options).slice(0, 2), [
      { file: 'job/data/shard-1.text.zst', units: ['p0', 'p2'], bytes: 2 },
      { file: 'job/data/shard%2F2.text.zst', units: ['p1'], bytes: 1 },
    ]);
  });

  it('bare: one file per stream or unit, each with its number and their count', () => {
    const units = [
      ...unitsOf([5, 6]),
      ...unitsOf([7, 8]).map((unit) => ({ ...unit, id: `s${unit.id}`, stream: 's' })),
    ];
    assert.deepEqual(assignFiles({ form: 'bare', pattern: 'c-%I_of_%N.rdb' }, units, options), [
      { file: 'c-1_of_3.rdb', units: ['u0'], bytes: 5 },
      { file: 'c-2_of_3.rdb', units: ['u1'], bytes: 6 },
      { file: 'c-3_of_3.rdb', units: ['su0', 'su1'], bytes: 15 },
    ]);
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

  const layouts = [folder, pattern, { form: 'file', file: 'x' }, { form: 'bare', pattern: '%I-%N' }] as const;

  it('the pieces of a stream lie in one file, one after the other, in their order; no unit is lost or there twice', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            bytes: fc.integer({ min: 0, max: 300 * MiB }),
            stream: fc.option(fc.constantFrom('shard-1', 'shard-2', 'shard-3'), { nil: undefined }),
          }),
          { maxLength: 60 },
        ),
        fc.constantFrom(...layouts),
        fc.integer({ min: 1, max: 8 }),
        (shapes, layout, threads) => {
          const units: UnitToPlace[] = unitsOf(shapes.map(({ bytes }) => bytes)).map((unit, index) => {
            const stream = shapes[index]?.stream;
            return stream === undefined ? unit : { ...unit, stream };
          });
          const files = assignFiles(layout, units, { ...options, threads });
          const ids = units.map(({ id }) => id);
          assert.deepEqual(files.flatMap((file) => file.units).sort(), ids.toSorted());
          assert.equal(new Set(files.map(({ file }) => file)).size, files.length);
          for (const stream of ['shard-1', 'shard-2', 'shard-3']) {
            const pieces = units.filter((unit) => unit.stream === stream).map(({ id }) => id);
            if (pieces.length === 0) continue;
            const inFile = files.find((file) => file.units.includes(pieces[0] ?? ''))?.units ?? [];
            const at = inFile.indexOf(pieces[0] ?? '');
            assert.deepEqual(inFile.slice(at, at + pieces.length), pieces);
          }
        },
      ),
      { numRuns: 200 },
    );
  });
});
