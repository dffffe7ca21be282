import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { call, code, ordsApiOver } from '../../../test/harness/ords-fixture.ts';
import type { Page } from './paging.ts';

describe('the tables of a database', () => {
  const table = (schema: string, name: string, rows: number) => ({
    schema,
    name,
    tablespace: name === 'BOB' ? null : 'pg_default',
    columns: [{ name: 'id', type: 'integer' }],
    estimate: { rows, bytes: 8192 },
    details: null,
  });
  const made = ordsApiOver({
    inspectDatabase: async () => ({
      schemas: ['scott', 'Mixed', 'mixed'],
      tablespaces: ['pg_default'],
      tables: [
        table('scott', 'emp', 14),
        table('Mixed', 'a', 1),
        table('mixed', 'b', -1),
        table('scott', 'BOB', 3),
      ],
    }),
  });
  const list = async (filter: unknown) => {
    const query = filter === undefined ? {} : { q: JSON.stringify(filter) };
    const { body } = await call(made, 'listTables', { query });
    return (body as Page<{ owner: string; table_name: string }>).items.map(
      (t) => `${t.owner}.${t.table_name}`,
    );
  };

  const cases: readonly [unknown, readonly string[]][] = [
    [undefined, ['Mixed.a', 'mixed.b', 'scott.BOB', 'scott.emp']],
    // Capitals mean the name that there is, unless two differ in case alone.
    [{ owner: 'SCOTT' }, ['scott.BOB', 'scott.emp']],
    [{ owner: 'SCOTT', table_name: 'EMP' }, ['scott.emp']],
    [{ owner: 'MIXED' }, []],
    [{ owner: 'Mixed' }, ['Mixed.a']],
    [{ $or: [{ table_name: ['EMP', 'bob'] }] }, ['scott.BOB', 'scott.emp']],
    [{ table_name: { $like: 'EM%' } }, []],
    [{ tablespace_name: { $null: null } }, ['scott.BOB']],
    [{ num_rows: { $gte: 3 }, $orderby: { num_rows: 'desc' } }, ['scott.emp', 'scott.BOB']],
  ];
  for (const [filter, expected] of cases) {
    it(JSON.stringify(filter) ?? 'all', async () => assert.deepEqual(await list(filter), expected));
  }
  it('has no column of jobs', () => assert.rejects(list({ job_name: 'X' }), code('filter-invalid')));
});
