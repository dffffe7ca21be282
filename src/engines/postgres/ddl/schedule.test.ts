import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { type DdlObject, tableKey } from '../../../core/catalogue.ts';
import { schedule } from './schedule.ts';

const make = (
  section: 'pre' | 'post',
  type: string,
  name: string,
  table: string | null,
  sql = '',
): DdlObject => ({
  section,
  type,
  schema: 'app',
  name,
  table,
  owner: null,
  sql,
});
const pre = (type: string, name: string, sql = '', table: string | null = null): DdlObject =>
  make('pre', type, name, table, sql);
const post = (type: string, name: string, table: string | null = null, sql = ''): DdlObject =>
  make('post', type, name, table, sql);
const partitioned = (name: string): DdlObject =>
  pre('TABLE', name, `CREATE TABLE app.${name} (\n    a integer\n)\nPARTITION BY RANGE (a);`);
const attach = (parent: string, child: string): DdlObject =>
  pre('TABLE ATTACH', child, `ALTER TABLE ONLY app.${parent} ATTACH PARTITION app.${child} DEFAULT;`, child);
const foreignKey = (from: string, to: string): DdlObject =>
  post(
    'FK CONSTRAINT',
    `${from}->${to}`,
    from,
    `ALTER TABLE ONLY app.${from}\n    ADD CONSTRAINT " REFERENCES x.y(" FOREIGN KEY ("a REFERENCES b") REFERENCES app.${to}(a);`,
  );
const namesOf = (objects: readonly DdlObject[]): string[] =>
  objects.map(({ type, name }) => `${type} ${name}`);
const key = (name: string): string => tableKey({ schema: 'app', name });

describe('schedule', () => {
  test('each index is a list of its own, all constraints are one, the last', () => {
    const { before, perTable, constraints, after } = schedule([
      pre('TABLE', 't'),
      post('CONSTRAINT', 't_pkey', 't'),
      post('CHECK CONSTRAINT', 't_check', 't'),
      post('INDEX', 'i', 't'),
      post('INDEX', 'j', 't'),
      post('STATISTICS', 's', 't'),
      post('CLUSTER ON', 'i', 't'),
      post('COMMENT', 'i', 't'),
      post('TRIGGER', 'g', 't'),
      post('CHECK CONSTRAINT', 'domain'),
    ]);
    assert.deepEqual(namesOf(before), ['TABLE t']);
    assert.deepEqual(perTable.get(key('t'))?.map(namesOf), [
      ['INDEX i'],
      ['INDEX j'],
      ['STATISTICS s'],
      ['CONSTRAINT t_pkey', 'CHECK CONSTRAINT t_check'],
    ]);
    assert.deepEqual(constraints, []);
    assert.deepEqual(namesOf(after), ['CLUSTER ON i', 'COMMENT i', 'TRIGGER g', 'CHECK CONSTRAINT domain']);
  });

  test('partitioned indexes come before the data, and each partition is attached with its index', () => {
    const { before, perTable } = schedule([
      partitioned('p'),
      pre('TABLE', 'c', "CREATE TABLE app.c (\n    a text DEFAULT '\nPARTITION BY RANGE ('\n);"),
      attach('p', 'c'),
      post('CONSTRAINT', 'p_pkey', 'p'),
      post('CONSTRAINT', 'c_pkey', 'c'),
      post('INDEX', 'p_i', 'p'),
      post('INDEX', 'c_i', 'c'),
      post('INDEX ATTACH', 'c_i', 'c'),
      post('INDEX ATTACH', 'c_pkey', 'c'),
    ]);
    assert.deepEqual(namesOf(before), [
      'TABLE p',
      'TABLE c',
      'TABLE ATTACH c',
      'CONSTRAINT p_pkey',
      'INDEX p_i',
    ]);
    assert.deepEqual(perTable.get(key('c'))?.map(namesOf), [
      ['INDEX c_i', 'INDEX ATTACH c_i'],
      ['CONSTRAINT c_pkey', 'INDEX ATTACH c_pkey'],
    ]);
  });

  test('materialized views are filled before they are indexed, and event triggers come last', () => {
    const { perTable, after } = schedule([
      pre('MATERIALIZED VIEW', 'v'),
      post('INDEX', 'v_i', 'v'),
      post('COMMENT', 'v_i', 'v'),
      post('ACL', 'v'),
      post('EVENT TRIGGER', 'e'),
      post('OWNER', 'e'),
      post('SEQUENCE SET', 's'),
      post('MATERIALIZED VIEW DATA', 'v'),
    ]);
    assert.equal(perTable.size, 0);
    assert.deepEqual(namesOf(after), [
      'ACL v',
      'SEQUENCE SET s',
      'MATERIALIZED VIEW DATA v',
      'INDEX v_i',
      'COMMENT v_i',
      'EVENT TRIGGER e',
      'OWNER e',
    ]);
  });

  test('foreign keys of one table are one task, and so are those of a circle', () => {
    const groups = (...objects: DdlObject[]) =>
      schedule(objects).constraints.map((group) => group.map(({ name }) => name));
    assert.deepEqual(groups(foreignKey('a', 'b'), foreignKey('c', 'b'), foreignKey('a', 'a')), [
      ['a->a', 'a->b'],
      ['c->b'],
    ]);
    assert.deepEqual(
      groups(foreignKey('a', 'b'), foreignKey('b', 'c'), foreignKey('c', 'b'), foreignKey('c', 'd')),
      [['a->b'], ['b->c', 'c->b', 'c->d']],
    );
    // A partition is locked with the whole table.
    assert.deepEqual(
      groups(
        partitioned('p'),
        pre('TABLE', 'c'),
        attach('p', 'c'),
        foreignKey('c', 'x'),
        foreignKey('p', 'y'),
      ),
      [['c->x', 'p->y']],
    );
  });

  test('tables referred to are locked in the same order by all', () => {
    const chain = [
      foreignKey('x', 'b'),
      foreignKey('x', 'a'),
      foreignKey('a', 'b'),
      foreignKey('y', 'a'),
      foreignKey('y', 'b'),
    ];
    const { constraints } = schedule(chain);
    const ofX = constraints.find((group) => group[0]?.table === 'x')?.map(({ name }) => name);
    const ofY = constraints.find((group) => group[0]?.table === 'y')?.map(({ name }) => name);
    assert.deepEqual(
      [ofX, ofY],
      [
        ['x->a', 'x->b'],
        ['y->a', 'y->b'],
      ],
    );
  });

  test('a very long chain of tables', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => foreignKey(`t${i}`, `t${i + 1}`));
    assert.equal(schedule(chain).constraints.length, 20_000);
  });

  test('what belongs to a table that is not there comes after', () => {
    const { after } = schedule([post('INDEX', 'i', 'missing'), post('CHECK CONSTRAINT', 'c', 'foreign')]);
    assert.deepEqual(namesOf(after), ['INDEX i', 'CHECK CONSTRAINT c']);
  });
});
