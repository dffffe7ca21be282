import { exporting, importing, type Refusal, type Refusals, start } from './refusal.ts';

/** An export of a database whose engine has all options; nobody listens there, and nobody is asked. */
const reading = (more: object, answer: string, says: RegExp): Refusal =>
  start(exporting({ database: 'down', ...more }), answer, says);
const writing = (more: object, answer: string, says: RegExp): Refusal =>
  start(importing({ database: 'down', directory: 'good', ...more }), answer, says);
const copying = (more: object, answer: string, says: RegExp): Refusal =>
  start({ kind: 'copy', database: 'down', target: 'hung', mode: 'full', ...more }, answer, says);

const filter = (where: unknown, says: RegExp): Refusal =>
  reading({ query: [{ table: 'emp', where }] }, '400 expression-invalid query[0].where', says);
const table = (name: string): Refusal =>
  reading(
    { query: [{ table: name, where: 'a = 1' }] },
    '400 field-invalid query[0].table',
    /table.*\n.*quotes|Name a table/,
  );
const percent = (value: unknown, says: RegExp): Refusal =>
  reading({ sample: [{ percent: value }] }, '400 field-invalid sample[0].percent', says);
const mask = (more: object, answer: string, says: RegExp): Refusal =>
  reading({ mask: [{ table: 'hr.emp', column: 'email', method: 'hash', ...more }] }, answer, says);
const remap = (field: string, says: RegExp): Refusals => ({
  [`${field} that is no list`]: writing(
    { [field]: { source: 'a', target: 'b' } },
    `400 field-invalid ${field}`,
    /list.*\n/,
  ),
  [`${field} without a target`]: writing(
    { [field]: [{ source: 'a' }] },
    `400 request-malformed ${field}[0].target`,
    /missing.*\n.*Add/,
  ),
  [`${field} with an empty name`]: writing(
    { [field]: [{ source: '', target: 'b' }] },
    `400 field-invalid ${field}[0].source`,
    /is empty.*\n.*source/,
  ),
  [`${field} with two targets`]: writing(
    { [field]: ['b', 'c'].map((target) => ({ source: 'a', target })) },
    `400 field-invalid ${field}`,
    /"a" more than one target.*\n.*once/,
  ),
  [`${field} where the engine has none`]: start(
    importing({ directory: 'good', [field]: [{ source: 'main', target: 'side' }] }),
    `422 unsupported ${field}`,
    says,
  ),
});

/** Jobs that are not started, because of an option that says what is read, hidden, renamed or kept. */
export const optionRequests: Refusals = {
  'an unknown content': reading(
    { content: 'rows' },
    '400 field-invalid content',
    /all, data_only or metadata_only.*"rows"/,
  ),
  'an unknown consistency': reading(
    { consistency: 'none' },
    '400 field-invalid consistency',
    /snapshot or table.*"none"/,
  ),
  'an unknown compression': reading(
    { compression: 'lz4' },
    '400 field-invalid compression',
    /zstd, gzip or none.*"lz4"/,
  ),
  'an estimate that is a text': reading({ estimate: 'yes' }, '400 field-invalid estimate', /true or false/),
  'an export that is tried': reading(
    { dry_run: true },
    '400 request-malformed dry_run',
    /dry_run is unknown/,
  ),
  'an import that is estimated': writing(
    { estimate: true },
    '400 request-malformed estimate',
    /estimate is unknown/,
  ),

  'a filter of an unknown type': reading(
    { include: [{ type: 'SUBMARINE' }] },
    '400 field-invalid include[0].type',
    /"SUBMARINE".*\n.*INDEX.*VIEW/,
  ),
  'a filter without a type': reading({ exclude: [{}] }, '400 request-malformed exclude[0].type', /missing/),
  'a filter that is a text': reading({ include: ['INDEX'] }, '400 field-invalid include[0]', /object/),
  'a filter with a bad expression': reading(
    { exclude: [{ type: 'INDEX', name_expression: 'LIKE' }] },
    '400 expression-invalid exclude[0].name_expression',
    /syntax error.*\n.*LIKE/,
  ),
  'a filter of an import with a bad expression': writing(
    { include: [{ type: 'INDEX', name_expression: '= now()' }] },
    '400 expression-invalid include[0].name_expression',
    /string constant/,
  ),

  'a predicate that is not complete': filter('salary >', /cannot be parsed.*\n.*WHERE/),
  'a predicate with a second statement': filter('true; drop table emp', /more than one statement/),
  'a predicate with a query in it': filter('id IN (SELECT 1)', /not allowed|SELECT|sub/i),
  'a predicate that calls what it must not': filter(
    "pg_read_file('/etc/passwd') = ''",
    /pg_read_file.*\n.*lower/,
  ),
  'a predicate that goes on': filter('true ORDER BY 1', /goes on after the predicate/),
  'a predicate that is too long': reading(
    { query: [{ table: 'emp', where: `a = '${'x'.repeat(33_000)}'` }] },
    '400 field-invalid query[0].where',
    /longer than 32768 characters/,
  ),
  'a predicate that is empty': reading(
    { query: [{ table: 'emp', where: '' }] },
    '400 field-invalid query[0].where',
    /is empty.*\n.*predicate/,
  ),
  'a predicate without a table': reading(
    { query: [{ where: 'a = 1' }] },
    '400 request-malformed query[0].table',
    /missing/,
  ),
  'a predicate on a name with a blank': table('my table'),
  'a predicate on a name with an open quote': table('"emp'),
  'a predicate on a name of three parts': table('a.b.c'),
  'more predicates than anybody needs': reading(
    { query: Array.from({ length: 1001 }, () => ({ table: 'emp', where: 'a = 1' })) },
    '400 field-invalid query',
    /more than 1000 entries/,
  ),

  'a sample of nothing': percent(0, /more than 0.*\n/),
  'a sample of more than all': percent(101, /100 or less/),
  'a sample below nothing': percent(-5, /more than 0/),
  'a sample that is a text': percent('10', /number/),
  'a sample without a size': reading(
    { sample: [{ table: 'emp' }] },
    '400 request-malformed sample[0].percent',
    /missing/,
  ),
  'two samples of all tables': reading(
    { sample: [{ percent: 5 }, { percent: 6 }] },
    '400 field-invalid sample[1].table',
    /Two samples.*\n.*once/,
  ),
  'no columns to leave out': reading(
    { exclude_columns: [{ table: 'emp', columns: [] }] },
    '400 field-invalid exclude_columns[0].columns',
    /at least 1/,
  ),
  'columns of an impossible table': reading(
    { exclude_columns: [{ table: 'emp;', columns: ['a'] }] },
    '400 field-invalid exclude_columns[0].table',
    /"emp;" is not the name of a table.*\n.*quotes/,
  ),

  'a mask of an unknown method': mask(
    { method: 'rot13' },
    '400 field-invalid mask[0].method',
    /hash.*partial/,
  ),
  'a mask without a method': reading(
    { mask: [{ table: 'emp', column: 'a' }] },
    '400 request-malformed mask[0].method',
    /missing/,
  ),
  'a mask without a column': mask({ column: '' }, '400 field-invalid mask[0].column', /is empty.*\n.*column/),
  'a constant mask without its text': mask(
    { method: 'constant' },
    '400 field-invalid mask[0].value',
    /is missing.*\n.*text/,
  ),
  'a hash mask with a text': mask(
    { value: 'x' },
    '400 field-invalid mask[0].value',
    /method constant.*\n.*Leave value out/,
  ),
  'a partial mask that keeps less than nothing': mask(
    { method: 'partial', keep_first: -1 },
    '400 field-invalid mask[0].keep_first',
    /0 or more/,
  ),
  'a partial mask that keeps everything': mask(
    { method: 'partial', keep_last: 1001 },
    '400 field-invalid mask[0].keep_last',
    /0 to 1000/,
  ),
  'a mask with a misspelt member': mask(
    { keepfirst: 1 },
    '400 request-malformed mask[0].keepfirst',
    /keepfirst is unknown/,
  ),
  'a mask where no rows are read': reading(
    { content: 'metadata_only', mask: [{ table: 'emp', column: 'a', method: 'hash' }] },
    '400 field-invalid mask',
    /metadata_only.*\n.*Leave mask out/,
  ),
  'a predicate for an engine that has none': start(
    exporting({ query: [{ table: 'orders', where: 'id = 1' }] }),
    '422 unsupported query',
    /SQLite.*\n.*Leave query out/,
  ),

  ...remap('remap_schemas', /SQLite.*\n.*remap_schemas/),
  ...remap('remap_tablespaces', /SQLite.*\n.*remap_tablespaces/),
  ...remap('remap_owner', /SQLite.*\n.*remap_owner/),
  'remap_tables without a target': writing(
    { remap_tables: [{ table: 'emp' }] },
    '400 request-malformed remap_tables[0].target',
    /missing/,
  ),
  'remap_tables of an impossible table': writing(
    { remap_tables: [{ table: 'a.b.c', target: 'd' }] },
    '400 field-invalid remap_tables',
    /"a\.b\.c" is not the name of a table/,
  ),
  'remap_tables with two targets': writing(
    { remap_tables: ['b', 'c'].map((target) => ({ table: 'a', target })) },
    '400 field-invalid remap_tables',
    /"a" more than one target/,
  ),
  'an unknown action for tables that exist': writing(
    { table_exists_action: 'drop' },
    '400 field-invalid table_exists_action',
    /skip, append, truncate or replace.*"drop"/,
  ),
  'an action that leaves no row to import': writing(
    { content: 'data_only', table_exists_action: 'skip' },
    '400 field-invalid table_exists_action',
    /no table could get a row.*\n.*append or truncate/,
  ),
  'an action that the engine lacks': start(
    importing({ directory: 'good', table_exists_action: 'append' }),
    '422 unsupported table_exists_action',
    /SQLite cannot append.*\n.*Leave table_exists_action out/,
  ),
  'globals where there are none': start(
    importing({ directory: 'good', globals: true }),
    '422 unsupported globals',
    /SQLite.*\n.*Leave globals out/,
  ),
  'own files where the engine has none': start(
    { kind: 'import', database: 'down', own_files: [{ directory: 'good', file: 'dump.rdb' }] },
    '422 unsupported own_files',
    /has no files of its own.*\n.*dump set/,
  ),
  'own files and a dump set': writing(
    { directory: 'good', own_files: [{ file: 'dump.rdb' }] },
    '400 field-invalid location',
    /together with own_files/,
  ),
  'no own file': writing({ own_files: [] }, '400 field-invalid own_files', /at least 1 item/),
  'an own file at two places': writing(
    { own_files: [{ directory: 'good', location: 'file:///x', file: 'dump.rdb' }] },
    '400 field-invalid own_files[0].location',
    /both given/,
  ),
  'erase where the engine cannot': start(
    importing({ directory: 'good', erase: true }),
    '422 unsupported erase',
    /SQLite databases cannot be erased.*\n.*table_exists_action/,
  ),
  'remap_keys where rows have none': start(
    importing({ directory: 'good', remap_keys: [{ source: '', target: 'a' }] }),
    '422 unsupported remap_keys',
    /SQLite has no keys to remap/,
  ),
  'globals that are a text': writing({ globals: 'all' }, '400 field-invalid globals', /true or false/),
  'a dry run that is a number': writing({ dry_run: 1 }, '400 field-invalid dry_run', /true or false/),

  'a copy without a target': start(
    { kind: 'copy', database: 'down' },
    '400 request-malformed target',
    /missing.*\n.*Add target/,
  ),
  'a copy to a database that is not there': copying(
    { target: 'nope' },
    '404 database-unknown target',
    /"nope".*\n.*pumphouse database/,
  ),
  'a copy to another engine': copying({ target: 'copy' }, '422 unsupported target', /PostgreSQL.*SQLite.*\n/),
  'a copy of an engine that cannot': copying(
    { database: 'shop', target: 'copy' },
    '422 unsupported database',
    /SQLite.*\n.*export and an import/,
  ),
  'a copy onto itself': copying(
    { target: 'down' },
    '400 field-invalid target',
    /the source.*\n.*remap_schemas/,
  ),
  'a copy that appends': copying(
    { table_exists_action: 'append' },
    '422 unsupported table_exists_action',
    /cannot append.*\n.*truncate/,
  ),
  'a copy with dump files': copying(
    { directory: 'good' },
    '400 request-malformed directory',
    /directory is unknown/,
  ),
  'a copy of a database that is not granted': start(
    { kind: 'copy', database: 'shop', target: 'copy', mode: 'full' },
    '403 forbidden',
    /stranger has no grant on database shop/,
    { as: 'stranger' },
  ),
};
