import { exporting, type Refusal } from './ords-refusal.ts';

/** The engine of that pool has all options; nobody listens there, and nobody is asked. */
const option = (body: object, member: string, says: RegExp): Refusal =>
  exporting(body, `400 BadRequest ${member}`, says, { pool: 'down' });
const importOption = (body: object, member: string, says: RegExp): Refusal => ({
  path: 'import',
  pool: 'down',
  body: { datapump_dir: 'good', file_name: 'GOOD%U.DMP', ...body },
  answer: `400 BadRequest ${member}`,
  says,
});
const mask = (more: object, member: string, says: RegExp): Refusal =>
  option({ mask: [{ table: 'EMP', column: 'EMAIL', method: 'HASH', ...more }] }, `mask[0].${member}`, says);

/** Members that ORDS does not have, given wrongly. */
export const optionRefusals: Readonly<Record<string, Refusal>> = {
  'an unknown content': option({ content: 'ROWS' }, 'content', /DATA_ONLY.*"ROWS".*\n/),
  'an unknown consistency': option({ consistency: 'NONE' }, 'consistency', /SNAPSHOT or TABLE.*\n/),
  'an unknown compression': option({ compression: 'GZIP' }, 'compression', /ZSTD.*\n/),
  'a filter of an unknown type': option(
    { include: [{ type: 'BOAT' }] },
    'include[0].type',
    /"BOAT".*\n.*INDEX/,
  ),
  'a filter with a bad expression': option(
    { exclude: [{ type: 'INDEX', expression: 'LIKE' }] },
    'exclude[0].expression',
    /syntax error.*\n.*LIKE/,
  ),
  'a predicate that is not complete': option(
    { query: [{ table: 'EMP', where: 'SALARY >' }] },
    'query[0].where',
    /cannot be parsed.*\n.*WHERE/,
  ),
  'a predicate with a query in it': option(
    { query: [{ table: 'EMP', where: 'ID IN (SELECT 1)' }] },
    'query[0].where',
    /\n.*WHERE/,
  ),
  'a predicate on an impossible table': option(
    { query: [{ table: 'A.B.C', where: 'ID = 1' }] },
    'query[0].table',
    /not the name of a table.*\n.*quotes/,
  ),
  'a sample of more than all': option({ sample: [{ percent: 101 }] }, 'sample[0].percent', /at most 100.*\n/),
  'no columns to leave out': option(
    { exclude_columns: [{ table: 'EMP', columns: [] }] },
    'exclude_columns[0].columns',
    /no column.*\n/,
  ),
  'a mask of an unknown method': mask({ method: 'ROT13' }, 'method', /HASH.*\n/),
  'a constant mask without its text': mask({ method: 'CONSTANT' }, 'value', /is missing.*\n.*text/),
  'a hash mask with a text': mask({ value: 'X' }, 'value', /constant.*\n.*Leave value out/),
  'a partial mask that keeps a half': mask(
    { method: 'PARTIAL', keep_first: 0.5 },
    'keep_first',
    /whole number.*\n/,
  ),
  'a mask where no rows are read': option(
    { content: 'METADATA_ONLY', mask: [{ table: 'EMP', column: 'A', method: 'NULL' }] },
    'mask',
    /metadata_only.*\n/,
  ),
  'a predicate for an engine that has none': exporting(
    { query: [{ table: 'ORDERS', where: 'ID = 1' }] },
    '400 BadRequest query',
    /SQLite.*\n.*Leave query out/,
  ),
  'an option of imports on an export': option({ dry_run: true }, 'dry_run', /not accepted on an export.*\n/),
  'an option of exports on an import': importOption({ mask: [] }, 'mask', /not accepted on an import.*\n/),
  'an owner with two targets': importOption(
    { remap_owner: ['B', 'C'].map((target) => ({ source: 'A', target })) },
    'remap_owner',
    /"A" more than one target.*\n.*once/,
  ),
  'a tablespace without a target': importOption(
    { remap_tablespaces: [{ source: 'A' }] },
    'remap_tablespaces[0].target',
    /missing/,
  ),
  'a new name for an impossible table': importOption(
    { remap_tables: [{ table: 'A;', target: 'B' }] },
    'remap_tables',
    /not the name of a table.*\n/,
  ),
  'an unknown action for tables that exist': importOption(
    { table_exists_action: 'DROP' },
    'table_exists_action',
    /SKIP, APPEND, TRUNCATE or REPLACE.*\n/,
  ),
  'an action that leaves no row to import': importOption(
    { content: 'DATA_ONLY', table_exists_action: 'SKIP' },
    'table_exists_action',
    /no table could get a row.*\n/,
  ),
  'globals that are a text': importOption({ globals: 'ALL' }, 'globals', /true or false.*\n/),
};
