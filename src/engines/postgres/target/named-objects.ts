import type { DdlObject } from '../../../core/catalogue.ts';

/** Catalogues whose objects have a plain name: `[catalogue, column of the name, column of the schema]`; without the last, outside of schemas. */
const catalogues: Readonly<Record<string, readonly [string, string, string?]>> = {
  SCHEMA: ['pg_namespace', 'nspname'],
  EXTENSION: ['pg_extension', 'extname'],
  'PROCEDURAL LANGUAGE': ['pg_language', 'lanname'],
  'ACCESS METHOD': ['pg_am', 'amname'],
  'FOREIGN DATA WRAPPER': ['pg_foreign_data_wrapper', 'fdwname'],
  SERVER: ['pg_foreign_server', 'srvname'],
  'EVENT TRIGGER': ['pg_event_trigger', 'evtname'],
  PUBLICATION: ['pg_publication', 'pubname'],
  ROLE: ['pg_roles', 'rolname'],
  TABLESPACE: ['pg_tablespace', 'spcname'],
  COLLATION: ['pg_collation', 'collname', 'collnamespace'],
  CONVERSION: ['pg_conversion', 'conname', 'connamespace'],
  'OPERATOR CLASS': ['pg_opclass', 'opcname', 'opcnamespace'],
  'OPERATOR FAMILY': ['pg_opfamily', 'opfname', 'opfnamespace'],
  'TEXT SEARCH CONFIGURATION': ['pg_ts_config', 'cfgname', 'cfgnamespace'],
  'TEXT SEARCH DICTIONARY': ['pg_ts_dict', 'dictname', 'dictnamespace'],
  'TEXT SEARCH PARSER': ['pg_ts_parser', 'prsname', 'prsnamespace'],
  'TEXT SEARCH TEMPLATE': ['pg_ts_template', 'tmplname', 'tmplnamespace'],
};

/** Types that have no name of their own: rows (type, schema or '', name), the name as pg_dump makes it up. */
const described: Readonly<Record<string, string>> = {
  CAST: `SELECT 'CAST', '', 'CAST (' || pg_catalog.format_type(c.castsource, NULL) || ' AS ' || pg_catalog.format_type(c.casttarget, NULL) || ')'
  FROM pg_catalog.pg_cast c`,
  TRANSFORM: `SELECT 'TRANSFORM', '', 'TRANSFORM FOR ' || pg_catalog.format_type(t.trftype, NULL) || ' LANGUAGE ' || l.lanname
  FROM pg_catalog.pg_transform t JOIN pg_catalog.pg_language l ON l.oid = t.trflang`,
  'USER MAPPING': `SELECT 'USER MAPPING', '', 'USER MAPPING ' || m.usename || ' SERVER ' || m.srvname FROM pg_catalog.pg_user_mappings m`,
  SUBSCRIPTION: `SELECT 'SUBSCRIPTION', '', s.subname::text FROM pg_catalog.pg_subscription s
  JOIN pg_catalog.pg_database d ON d.oid = s.subdbid WHERE d.datname = pg_catalog.current_database()`,
  OPERATOR: `SELECT 'OPERATOR', n.nspname, o.oprname || '(' || ${typeOrNone('o.oprleft')} || ', ' || ${typeOrNone('o.oprright')} || ')'
  FROM pg_catalog.pg_operator o JOIN pg_catalog.pg_namespace n ON n.oid = o.oprnamespace`,
};

function typeOrNone(column: string): string {
  return `CASE ${column} WHEN 0 THEN 'NONE' ELSE pg_catalog.format_type(${column}, NULL) END`;
}

/** The name that {@link namedObjectsQuery} has for an object: operators, which share their names, have their arguments in it. */
export function soughtName({ type, name, sql }: DdlObject): string {
  if (type !== 'OPERATOR') return name;
  const argument = (side: string): string =>
    new RegExp(`\\n\\s*${side} = ([^\\n]+?),?\\n`).exec(sql)?.[1] ?? 'NONE';
  return `${name}(${argument('LEFTARG')}, ${argument('RIGHTARG')})`;
}

/** The types of objects that {@link namedObjectsQuery} finds. */
export const namedObjectTypes: ReadonlySet<string> = new Set([
  ...Object.keys(catalogues),
  ...Object.keys(described),
]);

/** Those of them that lie outside of schemas. */
export const namedGlobalTypes: ReadonlySet<string> = new Set(
  [...namedObjectTypes].filter((type) => type !== 'OPERATOR' && catalogues[type]?.[2] === undefined),
);

/** Rows (type, schema or '', name) of all objects of these types. */
export const namedObjectsQuery: string = [
  ...Object.entries(catalogues).map(([type, [catalogue, name, schema]]) =>
    schema === undefined
      ? `SELECT '${type}', '', c.${name}::text FROM pg_catalog.${catalogue} c`
      : `SELECT '${type}', n.nspname, c.${name}::text FROM pg_catalog.${catalogue} c JOIN pg_catalog.pg_namespace n ON n.oid = c.${schema}`,
  ),
  ...Object.values(described),
].join('\n  UNION ALL\n  ');
