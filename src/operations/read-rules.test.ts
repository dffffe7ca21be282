import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { Table } from '../core/catalogue.ts';
import { databaseSchema } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import { checkReadRules, type ReadRuleOptions, resolveReadRules } from './read-rules.ts';

const now = new Date('2024-02-29T12:00:00Z');
const none: ReadRuleOptions = { queries: [], samples: [], excludeColumns: [], masks: [] };

function table(name: string, columns: readonly string[], facts: Partial<Table> = {}): Table {
  return {
    schema: 'hr',
    name,
    tablespace: null,
    columns: columns.map((column) => ({ name: column, type: 'text' })),
    estimate: { rows: 100, bytes: 1_000 },
    details: null,
    ...facts,
  };
}

const emp = table('emp', ['id', 'name', 'salary'], {
  notNull: ['id', 'name'],
  required: ['name'],
  keys: [['id'], ['name', 'salary']],
  generated: ['yearly'],
});
const partition = (name: string): Table =>
  table(name, ['id', 'placed'], {
    partOf: [{ schema: 'hr', name: 'orders' }],
    partitionKey: ['placed'],
  });
const tables = [emp, table('dept', ['id', 'Name']), partition('orders_1'), partition('orders_2')];

const resolve = (request: Partial<ReadRuleOptions>, among = tables) =>
  resolveReadRules({ ...none, ...request }, among, 'key', now);

async function refusal(request: Partial<ReadRuleOptions>): Promise<AppError> {
  const error = await resolve(request).then(
    () => assert.fail(JSON.stringify(request)),
    (reason: unknown) => reason,
  );
  assert.ok(error instanceof AppError, String(error));
  return error;
}

describe('read rules', () => {
  it('hold for the tables that inherit, which have columns of their own besides', async () => {
    const person = table('person', ['id', 'email', 'phone']);
    const employee = table('employee', ['id', 'email', 'phone', 'salary'], {
      inherits: [{ schema: 'hr', name: 'person' }],
    });
    const boss = table('boss', ['id', 'email', 'phone', 'salary', 'car'], {
      inherits: [
        { schema: 'hr', name: 'employee' },
        { schema: 'hr', name: 'person' },
      ],
    });
    const hash = { method: 'hash' } as const;
    const { tables: resolved, notes } = await resolve(
      {
        queries: [{ table: 'person', where: 'person.id > 1' }],
        samples: [{ table: 'hr.person', percent: 50 }],
        excludeColumns: [{ table: 'person', columns: ['phone'] }],
        masks: [
          { table: 'person', column: 'email', mask: hash },
          { table: 'employee', column: 'salary', mask: { method: 'null' } },
        ],
      },
      [boss, employee, person],
    );
    assert.deepEqual(
      resolved.map(({ name, columns, rules }) => [
        name,
        columns.map((column) => column.name),
        rules?.masks.map(({ column }) => column),
        rules?.filter !== null,
        rules?.sample?.percent,
      ]),
      [
        ['boss', ['id', 'email', 'salary', 'car'], ['email', 'salary'], true, 50],
        ['employee', ['id', 'email', 'salary'], ['email', 'salary'], true, 50],
        ['person', ['id', 'email'], ['email'], true, 50],
      ],
    );
    assert.deepEqual(notes, [
      'What is said of person holds for the tables that inherit from it: hr.boss, hr.employee.',
      'What is said of hr.person holds for the tables that inherit from it: hr.boss, hr.employee.',
      'What is said of employee holds for the tables that inherit from it: hr.boss.',
    ]);
    const one = await resolve({ masks: [{ table: 'boss', column: 'email', mask: hash }] }, [
      boss,
      employee,
      person,
    ]);
    assert.deepEqual(
      one.tables.map(({ rules }) => rules === null),
      [false, true, true],
    );
    assert.deepEqual(one.notes, []);
  });

  it('are null where nothing is said of a table', async () => {
    const { tables: resolved, warnings } = await resolve({ queries: [{ table: 'emp', where: 'id > 1' }] });
    assert.deepEqual(
      resolved.map(({ name, rules }) => [name, rules === null]),
      [
        ['emp', false],
        ['dept', true],
        ['orders_1', true],
        ['orders_2', true],
      ],
    );
    assert.deepEqual(warnings, []);
  });

  it('hold filters with the columns as the table spells them, and with the clock stopped', async () => {
    const { tables: resolved } = await resolve({
      queries: [
        { table: 'HR.Emp', where: 'EMP.SALARY > 1 and yearly < 5' },
        { table: 'emp', where: 'name = current_date' },
        { table: 'dept', where: 'name is null' },
      ],
    });
    const filter = resolved[0]?.rules?.filter;
    assert.equal(filter?.kind, 'and');
    const text = JSON.stringify(filter);
    assert.match(text, /"table":null,"name":"salary"/);
    assert.match(text, /"name":"yearly"/);
    assert.match(text, /2024-02-29/);
    assert.doesNotMatch(text, /clock/);
    assert.match(JSON.stringify(resolved[1]?.rules?.filter), /"name":"Name"/);
  });

  it('apply to every part of a partitioned table', async () => {
    const { tables: resolved } = await resolve({
      queries: [
        { table: 'orders', where: 'orders.id = 1' },
        { table: 'orders_2', where: 'id = 2' },
      ],
      masks: [{ table: 'orders', column: 'id', mask: { method: 'hash' } }],
    });
    assert.equal(resolved[2]?.rules?.filter?.kind, 'compare');
    assert.equal(resolved[3]?.rules?.filter?.kind, 'and');
    assert.deepEqual(resolved[3]?.rules?.masks, [
      { column: 'id', mask: { method: 'hash' }, field: 'mask[0]' },
    ]);
    assert.equal(resolved[2]?.rules?.filterField, 'query[0].where');
    assert.equal(resolved[3]?.rules?.filterField, 'query');
  });

  it('draw a sample of all tables, another one of a table that is named, and the same again', async () => {
    const samples = [
      { table: null, percent: 10 },
      { table: 'emp', percent: 0.5 },
      { table: 'dept', percent: 100 },
    ];
    const { tables: resolved } = await resolve({ samples });
    assert.deepEqual(
      resolved.map(({ rules }) => rules?.sample?.percent),
      [0.5, undefined, 10, 10],
    );
    const seeds = resolved.flatMap(({ rules }) => rules?.sample?.seed ?? []);
    assert.equal(new Set(seeds).size, 3);
    assert.ok(seeds.every((seed) => Number.isInteger(seed) && seed >= 0 && seed < 2 ** 31));
    assert.deepEqual((await resolve({ samples })).tables, resolved);
    const other = await resolveReadRules({ ...none, samples }, tables, 'another key', now);
    assert.notEqual(other.tables[0]?.rules?.sample?.seed, seeds[0]);
  });

  it('take excluded columns away, and warn of those that must have a value', async () => {
    const { tables: resolved, warnings } = await resolve({
      excludeColumns: [
        { table: 'emp', columns: ['NAME', 'salary'] },
        { table: 'dept', columns: ['Name'] },
      ],
    });
    assert.deepEqual(resolved[0]?.columns, [{ name: 'id', type: 'text' }]);
    assert.equal(resolved[0]?.rules, null);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', /hr\.emp goes out without name, which must have a value/);
  });

  it('warn of a partial mask of a key', async () => {
    const mask = { method: 'partial', keepFirst: 1, keepLast: 0 } as const;
    const { warnings } = await resolve({ masks: [{ table: 'emp', column: 'id', mask }] });
    assert.match(warnings.join(), /id of hr\.emp is a unique key, and a partial mask/);
    assert.deepEqual((await resolve({ masks: [{ table: 'emp', column: 'name', mask }] })).warnings, []);
  });

  it('leave what belongs to the whole database alone', async () => {
    const objects = table('pg_largeobject', ['loid'], { schema: databaseSchema });
    const { tables: resolved } = await resolve({ samples: [{ table: null, percent: 1 }] }, [objects, emp]);
    assert.deepEqual(resolved[0], { ...objects, rules: null, reduced: [] });
    assert.equal(resolved[1]?.rules?.sample?.percent, 1);
    await assert.rejects(
      resolve({ samples: [{ table: 'pg_largeobject', percent: 1 }] }, [objects, emp]),
      AppError,
    );
  });

  it('are refused with the field and the remedy', async () => {
    const hash = { method: 'hash' } as const;
    const cases: readonly (readonly [Partial<ReadRuleOptions>, string, RegExp])[] = [
      [{ queries: [{ table: 'nope', where: 'a' }] }, 'query[0].table', /No table nope .* There are hr\.emp/],
      [{ queries: [{ table: 'a b', where: 'a' }] }, 'query[0].table', /not the name of a table/],
      [{ queries: [{ table: 'emp', where: 'a =' }] }, 'query[0].where', /syntax error/],
      [{ queries: [{ table: 'emp', where: 'ctid = 1' }] }, 'query[0].where', /no column ctid/],
      [
        { queries: [{ table: 'emp', where: 'dept.id = 1' }] },
        'query[0].where',
        /dept\.id, a column of something else/,
      ],
      [{ samples: [{ table: null, percent: 0 }] }, 'sample[0].percent', /0 percent/],
      [{ samples: [{ table: null, percent: 100.1 }] }, 'sample[0].percent', /100\.1/],
      [{ samples: [{ table: null, percent: Number.NaN }] }, 'sample[0].percent', /NaN/],
      [{ samples: [{ table: 'nope', percent: 1 }] }, 'sample[0].table', /No table nope/],
      [
        {
          samples: [
            { table: null, percent: 1 },
            { table: null, percent: 2 },
          ],
        },
        'sample[1].table',
        /Two samples/,
      ],
      [
        {
          samples: [
            { table: 'orders', percent: 1 },
            { table: 'orders_1', percent: 2 },
          ],
        },
        'sample[1].table',
        /Two samples are for the table hr\.orders_1/,
      ],
      [{ excludeColumns: [{ table: 'emp', columns: [] }] }, 'exclude_columns[0].columns', /No column/],
      [{ excludeColumns: [{ table: 'emp', columns: ['x'] }] }, 'exclude_columns[0].columns', /no column x/],
      [
        { excludeColumns: [{ table: 'emp', columns: ['yearly'] }] },
        'exclude_columns[0].columns',
        /no column yearly/,
      ],
      [{ excludeColumns: [{ table: 'emp', columns: ['id', 'ID'] }] }, 'exclude_columns[0].columns', /twice/],
      [
        { excludeColumns: [{ table: 'dept', columns: ['id', 'name'] }] },
        'exclude_columns[0].columns',
        /Every column of the table hr\.dept/,
      ],
      [{ masks: [{ table: 'emp', column: 'x', mask: hash }] }, 'mask[0].column', /no column x/],
      [
        {
          masks: [
            { table: 'emp', column: 'id', mask: hash },
            { table: 'hr.emp', column: 'ID', mask: hash },
          ],
        },
        'mask[1].column',
        /two masks/,
      ],
      [
        {
          excludeColumns: [{ table: 'emp', columns: ['salary'] }],
          masks: [{ table: 'emp', column: 'salary', mask: hash }],
        },
        'mask[0].column',
        /left out, so it cannot be masked/,
      ],
      [{ masks: [{ table: 'emp', column: 'name', mask: { method: 'null' } }] }, 'mask[0].method', /NOT NULL/],
      [
        { masks: [{ table: 'emp', column: 'id', mask: { method: 'constant', value: '1' } }] },
        'mask[0].method',
        /unique key/,
      ],
      [{ masks: [{ table: 'orders', column: 'placed', mask: hash }] }, 'mask[0].column', /which partition/],
      [
        { masks: [{ table: 'emp', column: 'salary', mask: { method: 'constant', value: 'a\0' } }] },
        'mask[0].value',
        /NUL/,
      ],
      [
        {
          masks: [
            { table: 'emp', column: 'salary', mask: { method: 'partial', keepFirst: -1, keepLast: 0 } },
          ],
        },
        'mask[0].keep_first',
        /-1/,
      ],
      [
        {
          masks: [
            { table: 'emp', column: 'salary', mask: { method: 'partial', keepFirst: 0, keepLast: 1.5 } },
          ],
        },
        'mask[0].keep_last',
        /1\.5/,
      ],
    ];
    for (const [request, field, message] of cases) {
      const error = await refusal(request);
      assert.equal(error.field, field, error.message);
      assert.match(error.message, message);
      assert.ok(error.hint.length > 0);
    }
  });
});

it('two masks of one column are refused before a job is made', async () => {
  const of = (table: string, column: string) => ({ table, column, mask: { method: 'null' } as const });
  await checkReadRules({ ...none, masks: [of('hr.emp', 'a'), of('hr.emp', 'b'), of('emp', 'a')] });
  await assert.rejects(
    checkReadRules({ ...none, masks: [of('hr.emp', 'a'), of('"hr".emp', 'a')] }),
    (error: AppError) => error.code === 'field-invalid' && error.field === 'mask[1].column',
  );
});
