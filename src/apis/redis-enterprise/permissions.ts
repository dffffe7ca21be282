import type { Role } from '../../core/permission.ts';

/** The management roles of the contract. */
export const managementRoles = [
  'none',
  'db_viewer',
  'db_member',
  'cluster_viewer',
  'cluster_member',
  'user_manager',
  'admin',
] as const;
export type ManagementRole = (typeof managementRoles)[number];

const changing: readonly ManagementRole[] = ['admin', 'cluster_member', 'db_member'];
const viewing: readonly ManagementRole[] = [...changing, 'cluster_viewer', 'db_viewer', 'user_manager'];

/** Which roles have which permission, as the contract prints it. */
const rolesWith = {
  create_bdb: changing,
  delete_bdb: changing,
  reset_bdb_current_backup_status: changing,
  reset_bdb_current_export_status: changing,
  reset_bdb_current_import_status: changing,
  start_bdb_export: changing,
  start_bdb_import: changing,
  update_bdb: changing,
  update_bdb_with_action: changing,
  view_all_bdbs_info: viewing,
  view_bdb_info: viewing,
  view_cluster_modules: viewing,
  view_logged_events: ['admin', 'cluster_member', 'db_member', 'cluster_viewer', 'user_manager'],
  view_redis_pass: [...changing, 'user_manager'],
  view_status_of_cluster_action: viewing,
} as const satisfies Readonly<Record<string, readonly ManagementRole[]>>;
export type Permission = keyof typeof rolesWith;

const rolesOf = (permission: Permission): readonly ManagementRole[] => rolesWith[permission];

/** What our roles are called here. The databases of a developer are the `resources` of a db_member; viewers see every database. */
const roleWords: Readonly<Record<Role, ManagementRole>> = {
  administrator: 'admin',
  operator: 'cluster_member',
  developer: 'db_member',
  viewer: 'cluster_viewer',
};
export const managementRole = (role: Role): ManagementRole => roleWords[role];

/** @param permission null: the contract states none, and any role but `none` will do */
export const hasPermission = (role: ManagementRole, permission: Permission | null): boolean =>
  permission === null ? role !== 'none' : rolesOf(permission).includes(role);

/** The permissions of a role, in the order of their names. */
export const permissionsOf = (role: ManagementRole): readonly Permission[] =>
  (Object.keys(rolesWith) as Permission[]).filter((permission) => rolesOf(permission).includes(role));
