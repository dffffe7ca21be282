import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { TaskSpec } from '../jobs/job-store.ts';
import { type BatchPayload, inBatches } from './task-batches.ts';

const table = (number: number): string => `"s"."t${number}"`;
const task = (fields: Partial<TaskSpec> & Pick<TaskSpec, 'key' | 'kind' | 'group'>): TaskSpec => ({
  waitsFor: ['prepare'],
  payload: null,
  bytes: 1000,
  rows: 10,
  counted: false,
  ...fields,
});
const unit = (number: number, fields: Partial<TaskSpec> = {}): TaskSpec =>
  task({
    key: `data/${number}`,
    kind: 'data',
    group: `data:${table(number)}`,
    payload: { schema: 's', name: `t${number}` },
    counted: true,
    ...fields,
  });
const index = (number: number, waitsFor = [`data:${table(number)}`, 'prepare']): TaskSpec =>
  task({ key: `index/${number}`, kind: 'index', group: 'index', waitsFor });
const units = (count: number, fields: Partial<TaskSpec> = {}) =>
  Array.from({ length: count }, (_, number) => unit(number, fields));

const keysIn = ({ payload }: TaskSpec) => (payload as BatchPayload).tasks.map(({ key }) => key);
const ofKind = (tasks: readonly TaskSpec[], kind: string) => tasks.filter((one) => one.kind === kind);

describe('batches of tasks', () => {
  it('are not made of few', () => {
    const tasks = [...units(100), ...Array.from({ length: 100 }, (_, number) => index(number))];
    assert.deepEqual(inBatches(tasks), tasks);
  });

  it('take 64 tables, each table once, and sum up what they count', () => {
    const batched = inBatches(units(150));
    assert.deepEqual(
      batched.map((batch) => keysIn(batch).length),
      [64, 64, 22],
    );
    assert.deepEqual(
      batched.flatMap(keysIn),
      units(150).map(({ key }) => key),
    );
    const [first] = batched;
    assert.deepEqual(
      { ...first, payload: null },
      {
        key: 'batch/data/0',
        kind: 'data-batch',
        group: 'data:"s"."t0" and 63 more tables',
        waitsFor: ['prepare'],
        payload: null,
        bytes: 64_000,
        rows: 640,
        counted: true,
      },
    );
  });

  it('take 16 MB', () => {
    const megabyte = 1024 * 1024;
    const batched = inBatches(units(130, { bytes: megabyte - 1 }));
    assert.ok(batched.length > 0);
    assert.ok(batched.every(({ bytes }) => bytes <= 16 * megabyte));
    assert.ok(inBatches(units(130, { bytes: megabyte })).every(({ kind }) => kind === 'data'));
  });

  it('leave out tables of several units, and those whose rows wait or are waited for', () => {
    const parts = [unit(900), unit(900, { key: 'data/900-2' })];
    const child = unit(901, { waitsFor: ['prepare', `data:${table(3)}`] });
    const alone = ofKind(inBatches([...units(120), ...parts, child]), 'data');
    assert.deepEqual(alone.map(({ key }) => key).sort(), ['data/3', 'data/900', 'data/900-2', 'data/901']);
  });

  it('let what waits for a table wait for its batch and for the table', () => {
    const indexes = Array.from({ length: 120 }, (_, number) => index(number));
    const lone = index(500, [`data:${table(500)}`, 'prepare']);
    const batched = inBatches([...units(120), unit(500, { bytes: 2 ** 30 }), ...indexes, lone]);
    const batches = ofKind(batched, 'index-batch');
    assert.deepEqual(
      batches.flatMap(keysIn),
      indexes.map(({ key }) => key),
    );
    for (const batch of batches) {
      assert.equal(batch.group, 'index');
      for (const inside of (batch.payload as BatchPayload).tasks)
        for (const group of inside.waitsFor) assert.ok(batch.waitsFor.includes(group));
      const groups = new Set(ofKind(batched, 'data-batch').map(({ group }) => group));
      assert.equal(batch.waitsFor.filter((group) => groups.has(group)).length, 1);
    }
    assert.deepEqual(ofKind(batched, 'index'), [lone]);
  });

  it('take indexes of tables without rows, and checks', () => {
    const empty = Array.from({ length: 130 }, (_, number) => index(number, ['prepare']));
    const checks = Array.from({ length: 130 }, (_, number) =>
      task({ key: `verify/${number}`, kind: 'verify', group: 'verify', waitsFor: [] }),
    );
    const batched = inBatches([...checks, ...empty]);
    assert.deepEqual(
      ofKind(batched, 'index-batch').map((batch) => keysIn(batch).length),
      [64, 64, 2],
    );
    const ofChecks = ofKind(batched, 'verify-batch');
    assert.equal(ofChecks.length, 3);
    assert.ok(ofChecks.every(({ group, waitsFor }) => group === 'verify' && waitsFor.length === 0));
  });

  it('take foreign keys of nothing but batched tables', () => {
    const key = (number: number, name: string) =>
      task({
        key: `constraints/${number}`,
        kind: 'constraints',
        group: 'constraints',
        payload: { objects: [{ schema: 's', table: name }] },
      });
    const keys = Array.from({ length: 120 }, (_, number) => key(number, `t${number}`));
    const batched = inBatches([...units(120), ...keys, key(500, 'big')]);
    assert.equal(ofKind(batched, 'constraints-batch').flatMap(keysIn).length, 120);
    assert.deepEqual(
      ofKind(batched, 'constraints').map((one) => one.key),
      ['constraints/500'],
    );
  });
});
