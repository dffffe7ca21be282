import assert from 'node:assert/strict';
import { test } from 'node:test';
import { formatBytes, formatCount, formatCounted, formatDuration, formatTable } from './format.ts';

test('bytes', () => {
  const shown = [0, 279.27, 1023, 1024, 1_572_864, 782_443_315, 5 * 1024 ** 5].map(formatBytes);
  assert.deepEqual(shown, ['0 B', '279 B', '1023 B', '1.0 KB', '1.5 MB', '746.2 MB', '5.0 PB']);
});

test('counts and durations', () => {
  assert.equal(formatCount(6_003_632), '6,003,632');
  assert.deepEqual(
    [0, 1, 6_003_632].map((count) => formatCounted(count, 'row')),
    ['0 rows', '1 row', '6,003,632 rows'],
  );
  assert.deepEqual([null, Number.POSITIVE_INFINITY, 0, 9.4, 123, 3723].map(formatDuration), [
    '-',
    '-',
    '0:00',
    '0:09',
    '2:03',
    '1:02:03',
  ]);
});

test('a table: columns of figures stand to the right', () => {
  const rows = [
    ['orders', '1,200'],
    ['a', '7'],
  ];
  assert.equal(
    formatTable(['table', 'rows'], rows),
    ['table    rows', '------  -----', 'orders  1,200', 'a           7'].join('\n'),
  );
  assert.equal(formatTable(['name', 'size'], []), 'name  size\n----  ----');
});
