import assert from 'node:assert/strict';
import { test } from 'node:test';
import { newId } from '../../base/id.ts';
import { actionUid, jobIdOf } from './action-uid.ts';

const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/;

test('every id has a UUID of its own, and comes back from it', () => {
  const ids = [...Array.from({ length: 200 }, newId), '0'.repeat(20), 'z'.repeat(20), `0${'z'.repeat(19)}`];
  const uids = ids.map(actionUid);
  for (const [index, uid] of uids.entries()) {
    assert.match(uid, uuid);
    assert.equal(jobIdOf(uid), ids[index]);
    assert.equal(jobIdOf(uid.toUpperCase()), ids[index]);
  }
  assert.equal(new Set(uids).size, new Set(ids).size);
});

test('what is of another form stays as it is', () => {
  assert.equal(actionUid('id-7'), 'id-7');
  assert.equal(jobIdOf('5f0c1d7e-3a55-4c0e-9a57-0d6f3f2b7a10'), '5f0c1d7e-3a55-4c0e-9a57-0d6f3f2b7a10');
});
