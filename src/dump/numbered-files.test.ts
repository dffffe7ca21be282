import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../core/errors.ts';
import { fileSizeTooSmall, leastFileSizeFor, mostNumberedFiles, spread } from './numbered-files.ts';

const unitsOf = (sizes: readonly number[]) =>
  sizes.map((bytes, index) => ({
    id: `u${index}`,
    table: { schema: 'hr', name: `t${index}` },
    part: 1,
    bytes,
  }));
const most = mostNumberedFiles;
const MiB = 1024 * 1024;

describe('numbered files of a size', () => {
  it('hold every unit once and no more than the size, or the least size that works is told, and works', () => {
    const sizes = fc.array(fc.nat(3 * MiB), { minLength: 1, maxLength: 300 });
    fc.assert(
      fc.property(
        sizes,
        fc.integer({ min: MiB, max: 8 * MiB }),
        fc.integer({ min: 1, max: 16 }),
        (bytes, fileSize, threads) => {
          const units = unitsOf(bytes);
          const check = (size: number): void => {
            const files = spread(units, { threads, most, fileSize: size });
            assert.ok(files.length <= most);
            assert.deepEqual(
              files.flat().sort((a, b) => a - b),
              units.map((_, index) => index),
            );
            for (const file of files) {
              assert.ok(file.reduce((sum, index) => sum + (units[index]?.bytes ?? 0), 0) <= size);
            }
          };
          const least = leastFileSizeFor(units);
          check(Math.max(least, 1));
          if (least <= fileSize) check(fileSize);
          else {
            assert.throws(
              () => check(fileSize),
              (error) => error instanceof AppError && error.hint.includes(` ${least} bytes`),
            );
          }
        },
      ),
    );
  });

  it('are few where few do, and as many as there are threads', () => {
    const units = unitsOf(Array.from({ length: 40 }, () => MiB));
    assert.equal(spread(units, { threads: 1, most, fileSize: 50 * MiB }).length, 1);
    assert.equal(spread(units, { threads: 4, most, fileSize: 50 * MiB }).length, 4);
    assert.equal(spread(units, { threads: 1, most, fileSize: 10 * MiB }).length, 5);
  });

  it('the message tells whether a piece or the number of files stands in the way', () => {
    const large = fileSizeTooSmall(unitsOf([9 * MiB, MiB]), 5 * MiB, 12 * MiB);
    assert.match(large.message, /"hr"\."t0" has a piece of about 9\.0 MB that cannot be cut/);
    assert.match(large.hint, /12582912 bytes/);
    const many = fileSizeTooSmall(unitsOf(Array.from({ length: 300 }, () => 2 * MiB)), 5 * MiB, 8 * MiB);
    assert.match(many.message, /About 600\.0 MB of rows do not fit into 98 files of 5\.0 MB/);
  });
});
