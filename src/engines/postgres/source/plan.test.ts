import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { ReadRules } from '../../../core/read-rules.ts';
import type { TableToRead } from '../../engine.ts';
import { planUnits } from './plan.ts';
import type { TableDetails, UnitRange } from './table-details.ts';

const blockBytes = 8192;

function table(
  name: string,
  blocks: number,
  outOfLineBytes = 0,
  condition: string | null = null,
): TableToRead {
  const details: TableDetails = { blocks, fileNode: '1', binarySafe: true, condition };
  return {
    schema: 'public',
    name,
    tablespace: null,
    columns: [{ name: 'a', type: 'integer' }],
    estimate: { rows: blocks * 10, bytes: blocks * blockBytes + outOfLineBytes },
    details,
    rules: null,
  };
}

describe('plan', () => {
  it('covers every block of every table exactly once, with units of about the size asked for', () => {
    const tables = fc.array(fc.record({ blocks: fc.nat(50_000), outOfLine: fc.nat(1e9) }), { maxLength: 5 });
    fc.assert(
      fc.property(tables, fc.integer({ min: 100_000, max: 100_000_000 }), (sizes, unitBytes) => {
        const units = planUnits(
          sizes.map(({ blocks, outOfLine }, i) => table(`t${i}`, blocks, outOfLine)),
          unitBytes,
          170_000,
        );
        assert.equal(new Set(units.map((unit) => unit.id)).size, units.length);
        sizes.forEach(({ blocks, outOfLine }, i) => {
          const parts = units.filter((unit) => unit.table.name === `t${i}`);
          const ranges = parts.map((unit) => unit.range as UnitRange);
          assert.equal(ranges[0]?.from, 0);
          assert.equal(ranges.at(-1)?.to, null);
          ranges.forEach((range, part) => {
            if (part > 0) assert.equal(range.from, ranges[part - 1]?.to);
            assert.ok(range.from < Math.max(1, blocks));
            assert.equal(parts[part]?.part, part + 1);
            assert.equal(parts[part]?.parts, parts.length);
          });
          // A block is never cut, however much its rows have out of line.
          const smallest = Math.max(unitBytes, (blocks * blockBytes + outOfLine) / Math.max(1, blocks));
          for (const { estimate } of parts) assert.ok(estimate.bytes <= smallest * 2);
        });
      }),
    );
  });

  it('begins with the largest table, and numbers tables and parts', () => {
    const units = planUnits([table('small', 1), table('big', 2_000), table('empty', 0)], 8_192_000, 170_000);
    assert.deepEqual(
      units.map((unit) => [unit.id, unit.table.name]),
      [
        ['0001-0001', 'big'],
        ['0001-0002', 'big'],
        ['0002-0001', 'small'],
        ['0003-0001', 'empty'],
      ],
    );
  });

  it('cuts tables of few blocks with much out of line', () => {
    assert.equal(planUnits([table('documents', 100, 1e9)], 64e6, 170_000).length, 16);
  });

  it('reads a sample as a whole, and expects less of it', () => {
    const rules: ReadRules = { filter: null, sample: { percent: 10, seed: 1 }, masks: [], hashKey: 'k' };
    const big = table('big', 10_000);
    const units = planUnits([{ ...big, rules }, table('other', 2_000)], 8_192_000, 170_000);
    assert.deepEqual(
      units.map(({ table: { name }, parts, estimate }) => [name, parts, estimate.rows]),
      [
        ['other', 2, 10_000],
        ['other', 2, 10_000],
        ['big', 1, 10_000],
      ],
    );
    assert.deepEqual(units[2]?.rules, rules);
  });

  it('keeps tables whole that cannot be read by ranges: on PostgreSQL 13, and those of extensions', () => {
    assert.equal(planUnits([table('big', 100_000)], 64e6, 130_000).length, 1);
    assert.equal(planUnits([table('big', 100_000, 0, 'WHERE custom')], 64e6, 170_000).length, 1);
  });
});
