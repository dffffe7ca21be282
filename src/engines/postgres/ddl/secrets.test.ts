import assert from 'node:assert/strict';
import { before, describe, it } from 'node:test';
import { connectionWithoutPasswords } from './connection-string.ts';
import { withoutSecrets } from './secrets.ts';
import { loadSqlParser, readStatements } from './statements.ts';

describe('connectionWithoutPasswords', () => {
  for (const [text, expected] of [
    ['host=a dbname=b', 'host=a dbname=b'],
    ['host=a password=geheim dbname=b', 'host=a dbname=b'],
    ["host = a password = 'ge\\'he im' user='x y'", "host = a user='x y'"],
    ['host=a PASSWORD=ge\\ heim', 'host=a'],
    ["password='", ''],
    ['geheim', ''],
    ['', ''],
    ['postgresql://user:geheim@host:5432,other:1/db', 'postgresql://user@host:5432,other:1/db'],
    ['postgres://user:ge@heim@host/db', 'postgres://user@host/db'],
    ['postgres://host:5432/db?user=x', 'postgres://host:5432/db?user=x'],
    ['postgres:///db?password=geheim&host=/tmp', 'postgres:///db?host=/tmp'],
    ['postgres://u@h/db?a=%zz&%zz=geheim', 'postgres://u@h/db?a=%zz'],
    ['postgres://u@h/db?p%61ssword=geheim', 'postgres://u@h/db'],
  ] as const) {
    it(`reads ${JSON.stringify(text)}`, () => {
      assert.equal(connectionWithoutPasswords(text), expected);
    });
  }
});

describe('withoutSecrets', () => {
  before(loadSqlParser);

  const left = (type: string, sql: string): string => withoutSecrets({ type, sql }).sql;

  it('keeps statements without passwords as they are, and those of other types', () => {
    const mapping =
      "CREATE USER MAPPING FOR me SERVER s OPTIONS (\n    \"user\" 'x',\n    password_required 'false',\n    sslkey '/k'\n);";
    assert.equal(left('USER MAPPING', mapping), mapping);
    const view = "CREATE VIEW v AS SELECT 'password=x';";
    assert.equal(left('VIEW', view), view);
  });

  it('leaves the secret options of a user mapping out', () => {
    const sql = left(
      'USER MAPPING',
      `CREATE USER MAPPING FOR "Odd ""one""" SERVER "S s" OPTIONS ("user" 'it''s', password 'geheim', "aws_Secret_access" 'geheim');`,
    );
    assert.doesNotMatch(sql, /geheim/);
    const [statement] = readStatements(sql) ?? [];
    assert.equal(
      statement?.sql,
      `CREATE USER MAPPING FOR "Odd ""one""" SERVER "S s" OPTIONS (\n    "user" 'it''s'\n);`,
    );
    assert.match(
      left('USER MAPPING', "CREATE USER MAPPING FOR PUBLIC SERVER s OPTIONS (password 'geheim');"),
      /^-- .*\nCREATE USER MAPPING FOR PUBLIC SERVER "s";\n$/,
    );
  });

  it("leaves the password of a subscription's connection out", () => {
    const sql = left(
      'SUBSCRIPTION',
      "CREATE SUBSCRIPTION \"ä\" CONNECTION 'host=h password=''geheim'' dbname=d' PUBLICATION p WITH (connect = false, slot_name = 's');",
    );
    assert.equal(
      sql,
      "-- A password was left out.\nCREATE SUBSCRIPTION \"ä\" CONNECTION 'host=h dbname=d' PUBLICATION p WITH (connect = false, slot_name = 's');\n",
    );
  });
});
