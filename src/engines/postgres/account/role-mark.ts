const before = 'Made by Pumphouse for its database ';

/** The comment by which a later installation knows a role that it made. */
export const markOf = (label: string): string => `${before}${label}.`;

/** The names of all roles that installations made. */
export const markedRolesQuery = `SELECT rolname FROM pg_catalog.pg_roles
WHERE pg_catalog.starts_with(pg_catalog.shobj_description(oid, 'pg_authid'), '${before}')`;
