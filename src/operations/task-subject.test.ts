import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { DdlObject } from '../core/catalogue.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import { applySubject, exportSubject } from './task-subject.ts';

const task = (kind: string, payload: unknown): TaskSpec => ({
  key: 'k',
  kind,
  group: 'g',
  waitsFor: [],
  payload,
  bytes: 0,
  rows: 0,
  counted: false,
});
const index = (name: string): DdlObject => ({
  section: 'post',
  type: 'INDEX',
  schema: 'hr',
  name,
  table: 'emp',
  owner: null,
  sql: '',
});

describe('what a task is about', () => {
  it('is the object that it makes, and how many more', () => {
    assert.equal(applySubject(task('index', { objects: [index('a')] })), 'Index hr.a');
    assert.equal(
      applySubject(task('constraints', { objects: [index('a'), index('b'), index('c')] })),
      'Index hr.a and 2 more objects',
    );
    assert.equal(applySubject(task('index', { objects: [] })), null);
  });

  it('is the file that it checks', () => {
    assert.equal(applySubject(task('verify', { file: { name: 'set/data/x.zst' } })), 'File set/data/x.zst');
  });

  it('is the table of the units that it exports, once', () => {
    const unit = (name: string) => ({ table: { schema: 'hr', name } });
    assert.equal(exportSubject(task('data', { units: [unit('emp'), unit('emp')] })), '"hr"."emp"');
    assert.equal(
      exportSubject(task('data', { units: [unit('emp'), unit('dept')] })),
      '"hr"."emp" and 1 more tables',
    );
    assert.equal(exportSubject(task('finish', {})), null);
  });
});
