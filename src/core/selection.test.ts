import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Catalogue, DdlObject, Table } from './catalogue.ts';
import { AppError } from './errors.ts';
import type { SelectionRequest } from './request.ts';
import {
  chooseObjects,
  chooseTables,
  compileSelection,
  ownSchemaOf,
  refuseEmpty,
  withAncestors,
} from './selection.ts';

const table = (schema: string, name: string, tablespace: string | null = null): Table => ({
  schema,
  name,
  tablespace,
  columns: [],
  estimate: { rows: 0, bytes: 0 },
  details: null,
});

const catalogue: Catalogue = {
  schemas: ['public', 'scott', 'hr'],
  tablespaces: ['pg_default', 'users'],
  tables: [
    table('scott', 'emp', 'users'),
    table('scott', 'emp_history', 'pg_default'),
    table('scott', 'dept', 'users'),
    table('hr', 'emp', 'pg_default'),
    table('public', 'note', 'pg_default'),
  ],
};

const object = (
  type: string,
  schema: string | null,
  name: string,
  owningTable: string | null = null,
): DdlObject => ({
  section: 'pre',
  type,
  schema,
  name,
  table: owningTable,
  owner: null,
  sql: `-- ${name};`,
});

const objects: readonly DdlObject[] = [
  object('EXTENSION', null, 'citext'),
  object('SCHEMA', null, 'scott'),
  object('SCHEMA', null, 'hr'),
  object('TYPE', 'scott', 'mood'),
  object('TABLE', 'scott', 'emp'),
  object('TABLE', 'scott', 'dept'),
  object('TABLE', 'hr', 'emp'),
  object('VIEW', 'scott', 'emp_names'),
  object('INDEX', 'scott', 'emp_ix', 'emp'),
  object('FK CONSTRAINT', 'scott', 'emp_dept_fk', 'emp'),
  object('INDEX', 'scott', 'dept_ix', 'dept'),
];

const request = (over: Partial<SelectionRequest>): SelectionRequest => ({
  mode: 'schema',
  nameExpressions: [],
  schemaExpressions: [],
  tablespaceExpressions: [],
  ...over,
});

async function choose(over: Partial<SelectionRequest>, ownSchema: string | null = 'scott') {
  const selection = await compileSelection(request(over));
  const chosen = chooseTables(selection, catalogue, ownSchema);
  return {
    tables: chosen.tables.map(({ schema, name }) => `${schema}.${name}`),
    objects: chooseObjects(selection, chosen, objects).map(
      ({ type, schema, name }) => `${type} ${schema ?? '-'}.${name}`,
    ),
    refuse: () => refuseEmpty(selection, chosen, chooseObjects(selection, chosen, objects), 'database x'),
  };
}

test('full mode takes everything', async () => {
  const { tables, objects: chosen } = await choose({ mode: 'full' });
  assert.equal(tables.length, 5);
  assert.equal(chosen.length, objects.length);
});

test('schema mode without expressions takes the schema of the caller', async () => {
  const { tables, objects: chosen } = await choose({});
  assert.deepEqual(tables, ['scott.emp', 'scott.emp_history', 'scott.dept']);
  assert.ok(chosen.includes('SCHEMA -.scott') && chosen.includes('TYPE scott.mood'));
  assert.ok(!chosen.includes('EXTENSION -.citext') && !chosen.includes('TABLE hr.emp'));
});

test('an import without schema expressions takes all schemas of the set', async () => {
  assert.equal((await choose({}, null)).tables.length, 5);
});

test('schema expressions are ANDed and compare without regard to case', async () => {
  const { tables } = await choose({ schemaExpressions: ["IN ('SCOTT', 'HR')", "<> 'HR'"] });
  assert.deepEqual(tables, ['scott.emp', 'scott.emp_history', 'scott.dept']);
});

test('case matters where two names differ in case alone', async () => {
  const selection = await compileSelection(request({ schemaExpressions: ["= 'SCOTT'"] }));
  const both: Catalogue = {
    ...catalogue,
    schemas: ['scott', 'SCOTT'],
    tables: [table('scott', 'a'), table('SCOTT', 'b')],
  };
  assert.deepEqual(
    chooseTables(selection, both, null).tables.map(({ name }) => name),
    ['b'],
  );
});

test('the published case P1: tables of SCOTT that begin with EMP, save EMP itself', async () => {
  const { tables } = await choose({
    mode: 'table',
    nameExpressions: ["!='EMP'", "LIKE 'EMP%'"],
    schemaExpressions: ["IN ('SCOTT')"],
  });
  assert.deepEqual(tables, ['scott.emp_history']);
});

test('what belongs to a table follows it, kept or dropped', async () => {
  const { objects: chosen } = await choose({ nameExpressions: ["= 'EMP'"] });
  assert.deepEqual(chosen, [
    'SCHEMA -.scott',
    'TABLE scott.emp',
    'INDEX scott.emp_ix',
    'FK CONSTRAINT scott.emp_dept_fk',
  ]);
});

test('table mode takes tables, what belongs to them and their schemas, nothing else', async () => {
  const { objects: chosen } = await choose({ mode: 'table' });
  assert.deepEqual(chosen, [
    'SCHEMA -.scott',
    'TABLE scott.emp',
    'TABLE scott.dept',
    'INDEX scott.emp_ix',
    'FK CONSTRAINT scott.emp_dept_fk',
    'INDEX scott.dept_ix',
  ]);
});

test('tablespace mode takes the tables of the tablespace in every schema', async () => {
  const { tables, objects: chosen } = await choose({
    mode: 'tablespace',
    tablespaceExpressions: ["= 'USERS'"],
  });
  assert.deepEqual(tables, ['scott.emp', 'scott.dept']);
  assert.ok(!chosen.includes('VIEW scott.emp_names'));
});

for (const schemaExpressions of [["IN ('A','B')"], ["LIKE 'A%'"], ["= 'A'", "= 'B'"]]) {
  test(`table mode refuses ${schemaExpressions.join(' and ')}`, async () => {
    await assert.rejects(
      compileSelection(request({ mode: 'table', schemaExpressions })),
      (error: unknown) =>
        error instanceof AppError && error.code === 'mode-invalid' && error.field === 'schema_expressions',
    );
  });
}

test('tablespace mode needs a tablespace', async () => {
  await assert.rejects(
    compileSelection(request({ mode: 'tablespace' })),
    (error: unknown) => error instanceof AppError && error.field === 'tablespace_expressions',
  );
});

test('an empty selection is an error that says what was looked for', async () => {
  const { refuse } = await choose({ schemaExpressions: ["= 'NOBODY'"], nameExpressions: ["LIKE 'X%'"] });
  assert.throws(refuse, (error: unknown) => {
    assert.ok(error instanceof AppError);
    assert.equal(error.code, 'selection-empty');
    assert.match(error.message, /schema = 'NOBODY' and name LIKE 'X%'/);
    return true;
  });
});

test('the schema of a caller is the one of the same name, whatever its case, else the default', () => {
  assert.equal(ownSchemaOf('PDBADMIN', ['pdbadmin', 'public'], 'public'), 'pdbadmin');
  assert.equal(ownSchemaOf('Hr', ['hr', 'Hr'], 'public'), 'Hr');
  assert.equal(ownSchemaOf('nobody', ['hr'], 'public'), 'public');
});

test('the partitions of a table that is named come with it, and it comes with its partitions', async () => {
  const leaf = {
    ...table('scott', 'event_2025_a', 'users'),
    partOf: [
      { schema: 'scott', name: 'event_2025' },
      { schema: 'scott', name: 'event' },
    ],
  };
  const parts: Catalogue = { ...catalogue, tables: [...catalogue.tables, leaf] };
  const definitions = [
    object('TABLE', 'scott', 'event'),
    object('INDEX', 'scott', 'event_ix', 'event'),
    object('TABLE', 'scott', 'event_2025'),
    object('TABLE', 'scott', 'event_2025_a'),
    object('TABLE', 'scott', 'emp'),
  ];
  for (const over of [
    { mode: 'table', nameExpressions: ["= 'EVENT'"] },
    { mode: 'table', nameExpressions: ["= 'EVENT_2025_A'"] },
    { mode: 'schema', nameExpressions: ["= 'EVENT_2025'"] },
    {
      mode: 'tablespace',
      nameExpressions: ["LIKE 'EVENT%'"],
      schemaExpressions: ["= 'SCOTT'"],
      tablespaceExpressions: ["= 'USERS'"],
    },
  ] as const) {
    const selection = await compileSelection(request(over));
    const chosen = chooseTables(selection, parts, 'scott');
    assert.deepEqual(chosen.tables, [leaf]);
    assert.deepEqual(
      chooseObjects(selection, chosen, definitions).map(({ name }) => name),
      ['event', 'event_ix', 'event_2025', 'event_2025_a'],
    );
    assert.deepEqual(withAncestors(chosen.tables), [
      { schema: 'scott', name: 'event_2025_a' },
      ...leaf.partOf,
    ]);
  }
});

test('what belongs to the database as a whole comes with a full selection of every name, and with no other', async () => {
  const contents = table('pg_catalog', 'pg_largeobject');
  const whole: Catalogue = { ...catalogue, tables: [...catalogue.tables, contents] };
  const definitions = [
    object('BLOB', null, '16401'),
    object('ACL', 'pg_catalog', 'TABLE pg_authid'),
    object('TABLE', 'scott', 'emp'),
  ];
  const everything = async (over: Partial<SelectionRequest>) => {
    const selection = await compileSelection(request(over));
    const chosen = chooseTables(selection, whole, 'scott');
    return [
      chosen.tables.includes(contents),
      ...definitions.slice(0, 2).map((one) => chooseObjects(selection, chosen, definitions).includes(one)),
    ];
  };
  assert.deepEqual(await everything({ mode: 'full' }), [true, true, true]);
  for (const over of [
    { mode: 'full', nameExpressions: ["NOT LIKE 'X%'"] },
    { mode: 'schema' },
    { mode: 'schema', schemaExpressions: ["LIKE '%'"] },
    { mode: 'table', nameExpressions: ["= 'PG_LARGEOBJECT'"] },
    { mode: 'tablespace', tablespaceExpressions: ["LIKE '%'"] },
  ] as const) {
    assert.deepEqual(await everything(over), [false, false, false]);
  }
});
