import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dateText, elapsedText, sizeText, tableLine } from './log-lines.ts';

const size = (bytes: number): string => `${sizeText(bytes).figure} ${sizeText(bytes).unit}`;

describe('log lines', () => {
  it('align as Data Pump prints them', () => {
    const line = (schema: string, name: string, bytes: number, rows: number) =>
      tableLine({ operation: 'exported', schema, name, bytes, rows });
    assert.equal(
      line('HARBOR', 'BERTHS', 746.2 * 1024 * 1024, 6003632),
      '. . exported "HARBOR"."BERTHS"                            746.2 MB 6003632 rows',
    );
    assert.equal(
      line('HARBOR', 'BUOYS', 0, 0),
      '. . exported "HARBOR"."BUOYS"                                 0 KB       0 rows',
    );
    assert.equal(
      line('HARBOR', 'TIDES', 9344, 14),
      '. . exported "HARBOR"."TIDES"                             9.125 KB      14 rows',
    );
  });

  it('go on to the right of long names', () => {
    const line = tableLine({
      operation: 'imported',
      schema: 's',
      name: 'n'.repeat(63),
      bytes: 1024,
      rows: 1,
    });
    assert.ok(line.endsWith(`${'n'.repeat(63)}" 1.000 KB       1 rows`));
  });

  it('keep one line for one line, whatever the name holds', () => {
    const line = tableLine({ operation: 'exported', schema: 'a"b', name: 'x\ny', bytes: 1, rows: 1 });
    assert.ok(line.startsWith('. . exported "a""b"."x?y" '));
  });

  it('give sizes in four significant digits', () => {
    assert.equal(size(0), '0 KB');
    assert.equal(size(1), '0.001 KB');
    assert.equal(size(512), '0.500 KB');
    assert.equal(size(1024), '1.000 KB');
    assert.equal(size(1023.4 * 1024), '1023 KB');
    assert.equal(size(1024 * 1024 - 1), '1.000 MB');
    assert.equal(size(5 * 1024 ** 3), '5.000 GB');
    assert.equal(size(2000 * 1024 ** 4), '2000 TB');
  });

  it('tell times and durations', () => {
    assert.equal(dateText(Date.UTC(2026, 1, 14, 9, 33, 17)), 'Sat Feb 14 09:33:17 2026');
    assert.equal(dateText(Date.UTC(2026, 2, 4, 0, 0, 0)), 'Wed Mar 4 00:00:00 2026');
    assert.equal(elapsedText(190_000), '0 00:03:10');
    assert.equal(elapsedText(2 * 86_400_000 + 3_661_999), '2 01:01:01');
    assert.equal(elapsedText(-5), '0 00:00:00');
  });
});
