import { exporting, importing, type Refusal, type Refusals, start } from './refusal.ts';

const expression = (text: string, says: RegExp): Refusal =>
  start(exporting({ name_expressions: [text] }), '400 expression-invalid name_expressions', says);
const pattern = (file_pattern: string, says: RegExp): Refusal =>
  start(exporting({ file_pattern }), '400 file-name-invalid file_pattern', says);
const threads = (value: unknown, says: RegExp): Refusal =>
  start(exporting({ threads: value }), '400 field-invalid threads', says);
const place = (location: string, says: RegExp): Refusal =>
  start(exporting({ location }), '400 location-invalid location', says);
const set = (more: object, answer: string, says: RegExp): Refusal =>
  start(importing(more), `${answer} file_pattern`, says);
const malformed = (body: unknown, says: RegExp): Refusal => start(body, '400 request-malformed', says);

/** Jobs that are not started. */
export const jobRequests: Refusals = {
  'malformed JSON': malformed('{"kind": "export",', /not valid JSON.*\n.*openapi\.json/),
  'a body that is no object': malformed('[]', /has to be an object.*\n.*openapi\.json/),
  'no body': malformed(undefined, /body.*\n.*openapi\.json/),
  'a body of another type': start('kind=export', '415 media-type-unsupported', /\n.*application\/json/, {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  }),
  'a body that is too large': start(
    exporting({ file_pattern: 'x'.repeat(1_200_000) }),
    '413 body-too-large',
    /\n.*smaller/,
  ),
  'an unknown kind': start(
    { kind: 'move' },
    '400 field-invalid kind',
    /kind.*\n.*export, import, copy, verify/,
  ),
  'a misspelt field': start(
    exporting({ theads: 2 }),
    '400 request-malformed theads',
    /theads is unknown.*\n.*threads/,
  ),
  'a missing field': start(
    { kind: 'export' },
    '400 request-malformed database',
    /database is missing.*\n.*Add database/,
  ),
  'an unknown database': start(
    exporting({ database: 'nope' }),
    '404 database-unknown database',
    /"nope".*\n.*pumphouse database add/,
  ),
  'an unknown mode': start(
    exporting({ mode: 'everything' }),
    '400 field-invalid mode',
    /full, schema, table or tablespace.*"everything"/,
  ),
  'a mode that the engine lacks': start(
    exporting({ mode: 'tablespace' }),
    '400 mode-invalid mode',
    /SQLite has no mode tablespace.*\n.*full, schema, table/,
  ),
  'an encoding that the engine lacks': start(
    exporting({ encoding: 'binary' }),
    '422 unsupported encoding',
    /SQLite has no encoding binary.*\n.*text/,
  ),
  'table mode over several schemas': start(
    exporting({ mode: 'table', schema_expressions: ["IN ('main', 'side')"] }),
    '400 mode-invalid schema_expressions',
    /single schema.*\n.*one schema/,
  ),
  'remaps where there are no schemas': start(
    importing({ directory: 'good', remap_schemas: [{ source: 'main', target: 'side' }] }),
    '422 unsupported remap_schemas',
    /SQLite has no schemas.*\n.*remap_schemas/,
  ),
  'a schema that is remapped twice': start(
    importing({ remap_schemas: ['a', 'b'].map((target) => ({ source: 'main', target })) }),
    '400 field-invalid remap_schemas',
    /main.*\n.*source/,
  ),
  'an idempotency key with a space': start(
    exporting({}),
    '400 field-invalid Idempotency-Key',
    /Idempotency-Key.*\n.*UUID/,
    { headers: { 'idempotency-key': 'a b' } },
  ),

  'an unknown directory': start(
    exporting({ directory: 'cellar' }),
    '404 directory-unknown directory',
    /"cellar".*\n.*pumphouse directory/,
  ),
  'a directory and a location': start(
    exporting({ directory: 'good', location: 'file:///tmp' }),
    '400 field-invalid location',
    /both.*\n.*directory.*location/,
  ),
  'a location of a scheme that is not there': place('gopher://hole/', /gopher.*\n.*file:/),
  'a location that is no URL': place('somewhere', /not a valid URL.*\n.*file:/),
  'a location with a password': place(
    'ftp://ann:Fender-rope-2@host/',
    /^(?!.*Fender).*password.*\n.*out of the URL/s,
  ),

  'threads 0': threads(0, /threads.*1 or more.*0.*\n.*1 or more/),
  'threads -1': threads(-1, /threads.*1 or more.*-1/),
  'threads 1.5': threads(1.5, /threads.*whole number.*1\.5/),
  'threads "4"': threads('4', /threads.*whole number/),
  'threads null': threads(null, /threads.*whole number.*null/),

  'an expression without a value': expression('LIKE', /"LIKE" has a syntax error.*\n.*LIKE 'A%'/),
  'an expression with an open parenthesis': expression("IN ('a'", /IN \('a'.* syntax error.*\n.*IN \('A'/),
  'an expression with a second statement': expression('; drop table t', /more than one statement.*\n.*LIKE/),
  'an expression that calls a function': expression(
    "= upper('x')",
    /upper\('x'\).*string constant.*\n.*LIKE/,
  ),
  'an expression with more than a predicate': expression("= 'a' OR 1 = 1", /OR.*not allowed.*\n.*LIKE/),
  'an expression with a query': expression('IN (select name from users)', /not allowed.*\n.*LIKE/),
  'an expression that is empty': expression(' ', /is empty.*\n.*LIKE/),
  'an expression that is no text': start(
    exporting({ name_expressions: [7] }),
    '400 field-invalid name_expressions[0]',
    /name_expressions\[0\].*string/,
  ),

  'a file name that climbs': pattern('../shop.dmp', /leaves its directory.*\n.*bare file name/),
  'a file name that is a path': pattern('below/shop.dmp', /slash.*\n.*bare file name/),
  'a file name that is absolute': pattern('/tmp/shop.dmp', /absolute.*\n.*bare file name/),
  'a file name with a backslash': pattern('..\\shop.dmp', /backslash.*\n.*bare file name/),
  'a file name of two points': pattern('..', /no file name.*\n.*bare file name/),
  'a file name with an unknown substitution': pattern('SHOP%D.DMP', /"%D".*\n.*%U/),
  'a file name that is empty': pattern('', /is empty.*\n.*bare file name/),
  'a dump file that exists': start(
    exporting({ directory: 'good', file_pattern: 'GOOD%U.DMP' }),
    '409 file-exists file_pattern',
    /GOOD01\.DMP exists already.*\n.*another file name/,
  ),

  'a set that is not there': set(
    { directory: 'good', file_pattern: 'LOST%U.DMP' },
    '404 file-missing',
    /LOST.*\n.*file pattern/,
  ),
  'a packed set without its master': set(
    { directory: 'headless' },
    '422 dump-incomplete',
    /GOOD01\.DMP.*\n.*Resume the export/,
  ),
  'a folder set without its manifest': set(
    { directory: 'unfinished', file_pattern: 'set' },
    '422 dump-incomplete',
    /manifest\.json.*\n.*Resume the export/,
  ),
  'a set with a file that is short': set(
    { directory: 'cut' },
    '422 dump-truncated',
    /GOOD02\.DMP.*\n.*Copy the file again/,
  ),
  'a set of a newer version': set(
    { directory: 'newer', file_pattern: 'set' },
    '422 dump-version',
    /99.*\n.*newer Pumphouse/,
  ),
  'a manifest of another program': set(
    { directory: 'foreign', file_pattern: 'set' },
    '422 dump-not-a-dump',
    /manifest\.json.*\n.*file pattern/,
  ),
  'an import into a database of another engine': start(
    importing({ database: 'down', directory: 'good' }),
    '422 unsupported database',
    /comes from sqlite, the target is PostgreSQL.*\n.*sqlite/,
  ),
};
