import * as fc from 'fast-check';
import type { DefinitionJson, NodeJson } from '../../src/apis/native/definition-schema.ts';
import type { NodeJobBody } from '../../src/apis/native/job-body.ts';

/* Definitions of any shape that the native API takes, valid ones. */

/** What names are made of: letters of several scripts, and what else is allowed. */
const nameLetter = fc.constantFrom(...'abzAZ059_-.', 'é', 'ß', '订', '单', 'न', 'ि', '𐐷');

/** Names of things of a workspace. */
export const itemName: fc.Arbitrary<string> = fc
  .string({ unit: nameLetter, minLength: 1, maxLength: 40 })
  .filter((name) => name !== '.' && name !== '..');

const text = fc.oneof(
  fc.string({ unit: 'grapheme', maxLength: 40 }),
  fc.constantFrom('', 'a\nb\r\n', '"quoted"', "it's", '\\', '  ', '__proto__', '\u2028'),
);
/** Texts of a request hold no NUL. */
const plainText = text.map((each) => each.replaceAll('\0', ''));
const filled = plainText.filter((each) => each !== '');
const word = fc.string({
  unit: fc.constantFrom(...'abcdefghijklmnopqrstuvwxyz_'),
  minLength: 1,
  maxLength: 12,
});

/** An object with some of the members. */
const some = <T extends Record<string, fc.Arbitrary<unknown>>>(members: T) =>
  fc.record(members, { requiredKeys: [] });

const filters = fc.array(fc.record({ type: word, name_expression: filled }, { requiredKeys: ['type'] }), {
  maxLength: 2,
});
const remaps = fc.array(fc.record({ source: filled, target: filled }), { maxLength: 2 });
const selection = {
  mode: fc.constantFrom('full', 'schema', 'table', 'tablespace'),
  name_expressions: fc.array(filled, { maxLength: 2 }),
  content: fc.constantFrom('all', 'data_only', 'metadata_only'),
  include: filters,
  exclude: filters,
  threads: fc.integer({ min: 1, max: 9 }),
};
const reading = {
  consistency: fc.constantFrom('snapshot', 'table'),
  query: fc.array(fc.record({ table: filled, where: filled }), { maxLength: 2 }),
  sample: fc.array(
    fc.record({ table: filled, percent: fc.integer({ min: 1, max: 100 }) }, { requiredKeys: ['percent'] }),
    {
      maxLength: 2,
    },
  ),
  exclude_columns: fc.array(
    fc.record({ table: filled, columns: fc.array(filled, { minLength: 1, maxLength: 2 }) }),
    {
      maxLength: 2,
    },
  ),
  mask: fc.array(
    fc.oneof(
      fc.record({ table: filled, column: filled, method: fc.constantFrom('hash', 'null') }),
      fc.record({ table: filled, column: filled, method: fc.constant('constant'), value: plainText }),
      fc.record(
        {
          table: filled,
          column: filled,
          method: fc.constant('partial'),
          keep_first: fc.nat(9),
          keep_last: fc.nat(9),
        },
        { requiredKeys: ['table', 'column', 'method'] },
      ),
    ),
    { maxLength: 2 },
  ),
};
const writing = {
  remap_schemas: remaps,
  remap_tablespaces: remaps,
  remap_owner: remaps,
  remap_keys: remaps,
  remap_tables: fc.array(fc.record({ table: filled, target: filled }), { maxLength: 2 }),
  table_exists_action: fc.constantFrom('skip', 'append', 'truncate', 'replace'),
  globals: fc.boolean(),
};
const place = fc.oneof(
  fc.constant({}),
  fc.record({ directory: word }),
  fc.record({ location: word.map((path) => `s3://bucket/${path}`) }),
  fc.record({ location: word.map((path) => `s3://bucket/${path}`), credential: word }),
);
const files = {
  file_pattern: fc.oneof(filled, fc.constant(null)),
  encryption_key: word,
};

/** With these members, and some of those. */
const job = (
  must: Record<string, fc.Arbitrary<unknown>>,
  may: Record<string, fc.Arbitrary<unknown>>,
  where: fc.Arbitrary<object> = fc.constant({}),
): fc.Arbitrary<NodeJobBody> =>
  fc.tuple(fc.record(must), some(may), where).map((parts) => Object.assign({}, ...parts) as NodeJobBody);

const nodeJob = fc.oneof(
  job(
    { kind: fc.constant('export'), database: word },
    {
      ...selection,
      ...reading,
      ...files,
      encoding: word,
      compression: fc.constantFrom('zstd', 'gzip', 'none'),
      file_size: fc.integer({ min: 1024 * 1024, max: 2 ** 40 }),
      estimate: fc.boolean(),
    },
    place,
  ),
  job(
    { kind: fc.constant('import'), database: word },
    {
      ...selection,
      ...writing,
      ...files,
      erase: fc.boolean(),
      dry_run: fc.boolean(),
      own_files: fc.array(
        fc.tuple(fc.record({ file: filled }), place).map(([file, where]) => ({ ...where, ...file })),
        { minLength: 1, maxLength: 2 },
      ),
    },
    place,
  ),
  job({ kind: fc.constant('copy'), database: word, target: word }, { ...selection, ...reading, ...writing }),
);

const headerName = fc
  .string({ unit: fc.constantFrom(...'abcXYZ-'), minLength: 1, maxLength: 10 })
  .map((name) => `x-${name}`);
const action = fc.oneof(
  fc.record(
    {
      type: fc.constant('sql'),
      connection: fc.oneof(itemName, fc.constant(null)),
      script: fc.oneof(fc.record({ name: itemName }), fc.record({ text: plainText })),
    },
    { requiredKeys: ['type', 'script'] },
  ),
  fc.record({ type: fc.constant('job'), job: nodeJob }),
  fc.record(
    {
      type: fc.constant('http'),
      method: fc.constantFrom('GET', 'POST', 'DELETE'),
      url: word.map((path) => `https://example.net/${path}`),
      headers: fc.dictionary(headerName, word, { maxKeys: 3, noNullPrototype: true }),
      body: fc.oneof(plainText, fc.constant(null)),
    },
    { requiredKeys: ['type', 'method', 'url'] },
  ),
  fc.record({ type: fc.constant('none') }),
  fc.record({ type: fc.constant('foreign'), word: filled }),
) as unknown as fc.Arbitrary<NodeJson['action']>;

/** Nodes that come after some of those before them. */
const nodes = fc.uniqueArray(itemName, { maxLength: 5 }).chain((names) =>
  fc.tuple(
    ...names.map((name, at) =>
      fc
        .tuple(
          fc.record({ name: fc.constant(name), action }),
          some({
            retries: fc.nat(100),
            retry_delay_seconds: fc.nat(86_400),
            timeout_seconds: fc.oneof(fc.integer({ min: 1, max: 86_400 }), fc.constant(null)),
            on_failure: fc.constantFrom('fail', 'ignore', 'suspend', 'skip_dependents'),
          }),
          fc.subarray(names.slice(0, at)),
          // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that parameters have
          fc.constantFrom('succeeded', 'failed', 'always', '${day} == "x"'),
          fc.boolean(),
        )
        .map(([node, options, after, expression, isConditional]) => ({
          ...node,
          ...options,
          ...(after.length === 0 ? {} : { after }),
          ...(isConditional && after[0] !== undefined
            ? { conditions: [{ after: after[0], expression }] }
            : {}),
        })),
    ),
  ),
) as unknown as fc.Arbitrary<NodeJson[]>;

const time = fc
  .date({ min: new Date(0), max: new Date(Date.UTC(2100, 0)), noInvalidDate: true })
  .map((at) => at.toISOString());
const schedule = fc.record(
  {
    cron: fc.constantFrom('30 2 * * *', '0 */5 * ? * *', '0 0 1 1 MON'),
    time_zone: fc.constantFrom('UTC', 'Europe/Zurich', 'Asia/Shanghai'),
    start_at: fc.oneof(time, fc.constant(null)),
    missed: fc.constantFrom('skip', 'once', 'all'),
    overlap: fc.constantFrom('skip', 'queue'),
  },
  { requiredKeys: ['cron'] },
);

export const definitionJson = fc.record(
  {
    description: plainText,
    params: fc.uniqueArray(fc.record({ name: word, value: plainText }), {
      maxLength: 3,
      selector: ({ name }) => name,
    }),
    nodes,
    schedule: fc.oneof(schedule, fc.constant(null)),
    timeout_seconds: fc.oneof(fc.integer({ min: 1, max: 86_400 }), fc.constant(null)),
  },
  { requiredKeys: ['nodes'] },
) as unknown as fc.Arbitrary<DefinitionJson>;

/** The text of a script: any, line ends of every kind among it. */
export const scriptText = fc.array(plainText, { maxLength: 6 }).map((lines) => lines.join('\n'));
