import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { tableKey } from '../core/catalogue.ts';
import type { Job } from '../core/job.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import { besideKept, keepExportedFiles, renamedUnits, shapeOf, usableFiles } from './export-restart.ts';
import type { ExportDataPayload } from './plan-types.ts';

const table = (name: string, type = 'int') => ({
  schema: 's',
  name,
  tablespace: null,
  columns: [{ name: 'id', type }],
  estimate: { rows: 1, bytes: 1 },
  details: null,
});
const unit = (name: string, part: number, parts: number) => ({
  id: `${name}-${part}`,
  table: { schema: 's', name },
  part,
  parts,
  columns: ['id'],
  estimate: { rows: 1, bytes: 1 },
  range: null,
  rules: null,
});
/** A data task whose file holds parts given as `t 1/2`. */
function file(name: string, parts: readonly string[], changes: Partial<TaskRecord> = {}): TaskRecord {
  const units = parts.map((text) => {
    const [, of = '', part, count] = /^(\w+) (\d)\/(\d)$/.exec(text) ?? [];
    return unit(of, Number(part), Number(count));
  });
  const payload: ExportDataPayload = {
    file: name,
    units,
    bytes: 1,
    shapes: Object.fromEntries(units.map((one) => [tableKey(one.table), shapeOf(table(one.table.name))])),
  };
  return {
    key: `data/${name}`,
    kind: 'data',
    group: name,
    state: 'done',
    payload,
    result: { written: null, failed: [] },
    error: null,
    ...changes,
  };
}
const jobWith = (consistency: string) => ({ request: { kind: 'export', consistency } }) as unknown as Job;
const keptOf = (tasks: readonly TaskRecord[]) => keepExportedFiles(jobWith('table'), tasks);

describe('the files that stay when a snapshot is lost', () => {
  it('are none with consistency snapshot', () => {
    assert.deepEqual(keepExportedFiles(jobWith('snapshot'), [file('a', ['t 1/1'])]), []);
  });

  it('are those of tables whose units are all done', () => {
    const tasks = [
      file('a', ['t 1/2']),
      file('b', ['t 2/2']),
      file('c', ['u 1/2']),
      file('d', ['u 2/2'], { state: 'ready', result: null }),
    ];
    assert.deepEqual(keptOf(tasks), ['data/a', 'data/b']);
  });

  it('hold no part of an unfinished table, at any remove', () => {
    const tasks = [
      file('a', ['t 1/2', 'v 1/1']),
      file('b', ['t 2/2', 'u 1/2']),
      file('c', ['u 2/2'], { state: 'running', result: null }),
      file('d', ['w 1/1']),
    ];
    assert.deepEqual(keptOf(tasks), ['data/d']);
  });

  it('lost no unit', () => {
    const failed = {
      written: null,
      failed: [{ id: 't-1', error: { code: 'internal', message: '', hint: '' } }],
    };
    assert.deepEqual(keptOf([file('a', ['t 1/1'], { result: failed })]), []);
  });

  it('hold no piece of a stream, which begins again as a whole', () => {
    const piece = file('s', ['t 1/1', 'u 1/2']);
    const { units, ...rest } = piece.payload as ExportDataPayload;
    const payload = { ...rest, units: units.map((one) => ({ ...one, stream: 'shard-1' })) };
    assert.deepEqual(keptOf([{ ...piece, payload }, file('b', ['u 2/2']), file('c', ['w 1/1'])]), ['data/c']);
  });

  it('are of use only while their tables have the same columns', () => {
    const kept = [file('a', ['t 1/1']), file('b', ['u 1/1']), file('c', ['gone 1/1'])];
    assert.deepEqual(
      usableFiles(kept, [table('t'), table('u', 'bigint')]).map(({ key }) => key),
      ['data/a'],
    );
  });
});

describe('the files beside those', () => {
  const pattern = { form: 'pattern', pattern: 'X%U' } as const;
  const assigned = (...units: readonly string[]) => units.map((id) => ({ file: '', units: [id], bytes: 1 }));

  it('get the numbers that are left', () => {
    const files = besideKept(pattern, assigned('a', 'b'), new Set(['X02', 'X04']));
    assert.deepEqual(
      files?.map(({ file: name }) => name),
      ['X03', 'X05'],
    );
  });

  it('share numbers where few are left', () => {
    const taken = new Set(Array.from({ length: 96 }, (_, index) => `X${String(index + 4).padStart(2, '0')}`));
    assert.deepEqual(besideKept(pattern, assigned('a', 'b', 'c'), taken), [
      { file: 'X02', units: ['a', 'c'], bytes: 2 },
      { file: 'X03', units: ['b'], bytes: 1 },
    ]);
    const all = new Set([...taken, 'X02', 'X03']);
    assert.equal(besideKept(pattern, assigned('a'), all), null);
    assert.deepEqual(besideKept(pattern, [], all), []);
  });

  it('hold units under names that no other snapshot gave', () => {
    assert.deepEqual(
      renamedUnits([unit('t', 1, 1)], 2).map(({ id }) => id),
      ['r2-t-1'],
    );
  });
});
