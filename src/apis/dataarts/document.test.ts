import assert from 'node:assert/strict';
import { it } from 'node:test';
import { newId } from '../../base/id.ts';
import { readDocument, withMembers } from './document.ts';
import { keepDependJobs } from './keep-depend-jobs.ts';
import { jobIdOf, taskIdOf } from './task-id.ts';

it('members are added to a text that lacks them, and the rest of it stays', () => {
  const text = '{ "a": 1.50, "version":"7" , "z" : 1e400 }';
  assert.equal(
    withMembers(text, { id: 3, version: '1' }),
    '{ "a": 1.50, "version":"7" , "z" : 1e400,"id":3 }',
  );
  assert.equal(withMembers('{}', { a: [1], b: null }), '{"a":[1],"b":null}');
  assert.equal(withMembers('{ }', {}), '{ }');
});

it('a document is a JSON object', () => {
  assert.equal(readDocument(' {"a":1}\n', 'It').text, '{"a":1}');
  for (const text of ['', '{', '[]', '1', 'null']) assert.throws(() => readDocument(text, 'It'), /It /, text);
});

it('a change keeps the jobs that a schedule depends on, unless it says which', () => {
  const old = '{"schedule":{"type":"CRON","cron":{"dependJobs":{"jobs":[ "a" , "b" ],"dependPeriod":"X"}}}}';
  const keeps = (changed: string, kept: string): void =>
    assert.equal(keepDependJobs(changed, old), kept, changed);
  keeps('{"schedule":{"cron":{"x":1}}}', '{"schedule":{"cron":{"x":1,"dependJobs":{"jobs":[ "a" , "b" ]}}}}');
  keeps('{"schedule":{"cron":{}}}', '{"schedule":{"cron":{"dependJobs":{"jobs":[ "a" , "b" ]}}}}');
  keeps(
    '{"schedule":{"cron":{"dependJobs":{"y":1}}}}',
    '{"schedule":{"cron":{"dependJobs":{"y":1,"jobs":[ "a" , "b" ]}}}}',
  );
  for (const same of [
    '{"schedule":{"cron":{"dependJobs":{"jobs":[]}}}}',
    '{"schedule":{"cron":{"dependJobs":null}}}',
    '{"schedule":{"type":"EXECUTE_ONCE"}}',
    '{}',
  ])
    keeps(same, same);
  assert.equal(keepDependJobs('{"schedule":{"cron":{}}}', '{}'), '{"schedule":{"cron":{}}}');
});

it('the id of a task is 32 hexadecimal digits, and leads back to its job', () => {
  for (const id of [newId(), '0'.repeat(20), 'z'.repeat(20)]) {
    assert.match(taskIdOf(id), /^[0-9a-f]{32}$/);
    assert.equal(jobIdOf(taskIdOf(id)), id);
    assert.equal(jobIdOf(taskIdOf(id).toUpperCase()), id);
  }
  for (const other of ['', 'x', 'f'.repeat(32), '0'.repeat(31)]) assert.equal(jobIdOf(other), other);
});
