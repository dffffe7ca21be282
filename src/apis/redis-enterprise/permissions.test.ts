import assert from 'node:assert/strict';
import { test } from 'node:test';
import { roles } from '../../core/permission.ts';
import {
  hasPermission,
  managementRole,
  managementRoles,
  type Permission,
  permissionsOf,
} from './permissions.ts';

test('who has which permission is as the contract prints it', () => {
  const changing = ['admin', 'cluster_member', 'db_member'];
  const viewing = ['admin', 'cluster_member', 'cluster_viewer', 'db_member', 'db_viewer', 'user_manager'];
  const printed: Readonly<Record<string, readonly string[]>> = {
    start_bdb_export: changing,
    start_bdb_import: changing,
    reset_bdb_current_export_status: changing,
    reset_bdb_current_import_status: changing,
    reset_bdb_current_backup_status: changing,
    update_bdb: changing,
    update_bdb_with_action: changing,
    create_bdb: changing,
    delete_bdb: changing,
    view_all_bdbs_info: viewing,
    view_bdb_info: viewing,
    view_status_of_cluster_action: viewing,
    view_redis_pass: [...changing, 'user_manager'],
    view_logged_events: viewing.filter((role) => role !== 'db_viewer'),
  };
  for (const [permission, expected] of Object.entries(printed)) {
    const have = managementRoles.filter((role) => hasPermission(role, permission as Permission));
    assert.deepEqual(have.toSorted(), expected.toSorted(), permission);
  }
});

test('no role is nobody', () => {
  assert.deepEqual(permissionsOf('none'), []);
  assert.equal(hasPermission('none', null), false);
  assert.equal(hasPermission('db_viewer', null), true);
});

test('the permissions of a role come in the order of their names', () => {
  const names = permissionsOf('admin');
  assert.deepEqual(names, names.toSorted());
});

test('each of our roles is one of theirs', () => {
  assert.deepEqual(roles.map(managementRole), ['admin', 'cluster_member', 'db_member', 'cluster_viewer']);
});
