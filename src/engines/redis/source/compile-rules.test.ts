import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../../core/errors.ts';
import { parseRowFilter } from '../../../core/row-filter-parser.ts';
import type { TableToRead } from '../../engine.ts';
import { keyColumns } from '../logical-database.ts';
import { checkKeyRules, compileKeyRules } from './compile-rules.ts';

const rules = async (where: string) => ({
  filter: await parseRowFilter(where, 'query[0].where'),
  filterField: 'query[0].where',
  sample: null,
  masks: [],
  hashKey: '',
});

const row = (key: string, type: string, ttl: number | null) => ({ key, type, ttl });

describe('filters on keys', () => {
  const forServer: readonly (readonly [
    where: string,
    match: string | null,
    type: string | null,
    isDone: boolean,
  ])[] = [
    ["key LIKE 'user:%'", 'user:*', null, true],
    ["key LIKE '%a*b?[c]\\\\d%'", '*a\\*b\\?\\[c\\]\\\\d*', null, true],
    ["key LIKE '50!%%' ESCAPE '!'", '50%*', null, true],
    ["key = 'a*'", 'a\\*', null, true],
    ["type = 'hash'", null, 'hash', true],
    ["key LIKE 'u%' AND type = 'zset'", 'u*', 'zset', true],
    ["key LIKE 'u%' AND key LIKE '%x'", 'u*', null, false],
    ["key LIKE 'u_'", null, null, false],
    ["key NOT LIKE 'u%'", null, null, false],
    ["key ILIKE 'u%'", null, null, false],
    ["key LIKE 'u%' OR type = 'hash'", null, null, false],
    ['ttl IS NULL', null, null, false],
  ];
  for (const [where, match, type, isDone] of forServer) {
    it(`${where}: what SCAN decides`, async () => {
      const compiled = compileKeyRules(await rules(where));
      assert.deepEqual([compiled.match, compiled.type, compiled.accepts === null], [match, type, isDone]);
    });
  }

  const decided: readonly (readonly [where: string, row: ReturnType<typeof row>, accepted: boolean])[] = [
    ['ttl IS NULL', row('a', 'string', null), true],
    ['ttl IS NULL', row('a', 'string', 5), false],
    ['ttl > 1000', row('a', 'string', null), false],
    ['NOT ttl > 1000', row('a', 'string', null), false],
    ['ttl > 1000 OR TRUE', row('a', 'string', null), true],
    ['ttl BETWEEN 1 AND 10', row('a', 'string', 10), true],
    ['ttl NOT BETWEEN 1 AND 10', row('a', 'string', 10), false],
    ["type IN ('hash', 'set')", row('a', 'set', null), true],
    ["type NOT IN ('hash', 'set')", row('a', 'set', null), false],
    ["type IN ('hash', NULL)", row('a', 'set', null), false],
    ["key LIKE 'u_er:%'", row('user:1\n2', 'set', null), true],
    ["key LIKE 'u_er:%'", row('uuser:1', 'set', null), false],
    ["key LIKE 'ü_'", row('ü鍵', 'set', null), true],
    ["key ILIKE 'USER%'", row('user', 'set', null), true],
    ["key NOT LIKE 'a.c'", row('abc', 'set', null), true],
    ["lower(key) = 'abc'", row('ABC', 'set', null), true],
    ['length(key) = 2', row('ü鍵', 'set', null), true],
    ['coalesce(ttl, 0) < 5', row('a', 'set', null), true],
    ['ttl IS DISTINCT FROM NULL', row('a', 'set', null), false],
    ['(ttl > 5) IS UNKNOWN', row('a', 'set', null), true],
    ["key > 'b' AND -ttl < -3", row('c', 'set', 4), true],
  ];
  for (const [where, key, accepted] of decided) {
    it(`${where}: ${JSON.stringify(key)} is ${accepted ? 'in' : 'out'}`, async () => {
      const { accepts } = compileKeyRules(await rules(where));
      assert.equal(accepts?.(key), accepted);
    });
  }

  const refused: readonly (readonly [where: string, message: RegExp])[] = [
    ["value = 'x'", /not for "value"/],
    ["ttl = 'x'", /compares number with text/],
    ['key > 5', /compares text with number/],
    ['key', /text where boolean/],
    ["date_trunc('day', now()) = now()", /date_trunc|clock/],
    ['key LIKE type', /must be a constant/],
    ["key LIKE 'a\\'", /escape character/],
    ['ttl + 1 > 2', /arithmetic/],
  ];
  for (const [where, message] of refused) {
    it(`refuses ${where}`, async () => {
      const filter = await rules(where);
      assert.throws(
        () => compileKeyRules(filter),
        (error: unknown) =>
          error instanceof AppError &&
          error.code === 'field-invalid' &&
          error.field === 'query[0].where' &&
          message.test(error.message),
      );
    });
  }

  const table: TableToRead = {
    schema: 'db0',
    name: 'keys',
    tablespace: null,
    columns: keyColumns,
    estimate: { rows: 1, bytes: 1 },
    details: null,
    rules: null,
  };

  it('go with whole keys only', () => {
    const columns = keyColumns.filter(({ name }) => name !== 'ttl');
    assert.throws(() => checkKeyRules({ ...table, columns }), /ttl of db0\.keys cannot be left out/);
  });

  it('and without masks', () => {
    const masks = [{ column: 'value', mask: { method: 'null' } as const, field: 'mask[0]' }];
    const masked = { filter: null, sample: null, masks, hashKey: '' };
    assert.throws(() => checkKeyRules({ ...table, rules: masked }), {
      field: 'mask[0]',
      code: 'field-invalid',
    });
  });
});
