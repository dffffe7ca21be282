import assert from 'node:assert/strict';
import test from 'node:test';
import {
  type Action,
  type Caller,
  everyDatabase,
  isAllowed,
  type Role,
  roleOfWord,
  roles,
} from './permission.ts';

/** What each role may do on a database of his own grants and a job of his own: a total table. */
const allowed: Readonly<Record<Action, Readonly<Record<Role, boolean>>>> = {
  'export:start': { administrator: true, operator: true, developer: true, viewer: false },
  'import:start': { administrator: true, operator: true, developer: true, viewer: false },
  'verify:start': { administrator: true, operator: true, developer: true, viewer: false },
  'job:read': { administrator: true, operator: true, developer: true, viewer: true },
  'job:control': { administrator: true, operator: true, developer: true, viewer: false },
  'job:prioritise': { administrator: true, operator: true, developer: false, viewer: false },
  'dump:read': { administrator: true, operator: true, developer: true, viewer: true },
  'dump:manage': { administrator: true, operator: true, developer: true, viewer: false },
  'database:read': { administrator: true, operator: true, developer: true, viewer: true },
  'database:manage': { administrator: true, operator: false, developer: false, viewer: false },
  'database:configure': { administrator: true, operator: true, developer: true, viewer: false },
  'directory:read': { administrator: true, operator: true, developer: true, viewer: true },
  'directory:manage': { administrator: true, operator: false, developer: false, viewer: false },
  'credential:manage': { administrator: true, operator: true, developer: true, viewer: false },
  'credential:any': { administrator: true, operator: false, developer: false, viewer: false },
  'location:any': { administrator: true, operator: false, developer: false, viewer: false },
  'backup:read': { administrator: true, operator: true, developer: true, viewer: true },
  'backup:manage': { administrator: true, operator: true, developer: true, viewer: false },
  'definition:read': { administrator: true, operator: true, developer: true, viewer: true },
  'definition:manage': { administrator: true, operator: true, developer: true, viewer: false },
  'workspace:manage': { administrator: true, operator: false, developer: false, viewer: false },
  'user:manage': { administrator: true, operator: false, developer: false, viewer: false },
  'config:manage': { administrator: true, operator: false, developer: false, viewer: false },
};

const callerOf = (role: Role, databases: readonly string[]): Caller => ({ name: 'ann', role, databases });

for (const [action, byRole] of Object.entries(allowed) as [Action, Record<Role, boolean>][]) {
  for (const role of roles) {
    test(`${role} ${byRole[role] ? 'may' : 'may not'} ${action}`, () => {
      const caller = callerOf(role, ['orders']);
      assert.equal(isAllowed(caller, action), byRole[role]);
      assert.equal(isAllowed(caller, action, { database: 'orders', owner: 'ann' }), byRole[role]);
      // Only developers are held to databases and to their own jobs.
      const elsewhere = byRole[role] && role !== 'developer';
      assert.equal(isAllowed(caller, action, { database: 'stock' }), elsewhere);
      assert.equal(isAllowed(caller, action, { database: 'orders', owner: 'bob' }), elsewhere);
      assert.equal(isAllowed(caller, action, { owner: 'bob' }), elsewhere);
    });
  }
}

test('a developer with the grant on every database is held to his own jobs alone', () => {
  const caller = callerOf('developer', [everyDatabase]);
  assert.equal(isAllowed(caller, 'export:start', { database: 'stock' }), true);
  assert.equal(isAllowed(caller, 'job:read', { database: 'stock', owner: 'ann' }), true);
  assert.equal(isAllowed(caller, 'job:read', { database: 'stock', owner: 'bob' }), false);
});

test('a developer without grants has only what concerns no database', () => {
  const caller = callerOf('developer', []);
  assert.equal(isAllowed(caller, 'export:start', { database: 'orders' }), false);
  assert.equal(isAllowed(caller, 'verify:start', { database: '' }), true);
});

test('role words: our own and those of ORDS, without regard to case', () => {
  const words: Readonly<Record<string, Role | null>> = {
    administrator: 'administrator',
    Operator: 'operator',
    DEVELOPER: 'developer',
    viewer: 'viewer',
    'SQL Administrator': 'administrator',
    'SQL Developer': 'developer',
    ' sql developer ': 'developer',
    admin: null,
    '': null,
    constructor: null,
    __proto__x: null,
  };
  for (const [word, role] of Object.entries(words)) assert.equal(roleOfWord(word), role, word);
});
