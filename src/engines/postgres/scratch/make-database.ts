import { quoteIdentifier, quoteLiteral } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { ServerError } from '../wire/messages.ts';

/** What CREATE DATABASE must be told so that the new one is like the one that it is made from. */
interface Likeness {
  /** Null: the user may not give databases to the owner. */
  readonly owner: string | null;
  readonly encoding: string;
  readonly collate: string;
  readonly ctype: string;
  /** `c`, `i` or `b`: libc, ICU or built in. */
  readonly provider: string;
  readonly locale: string | null;
  readonly icuRules: string | null;
  readonly tablespace: string;
}

/** The catalogue learned of providers with 15, and renamed the column with 17. */
function likenessQuery(version: number): string {
  const locale = version >= 170_000 ? 'd.datlocale' : version >= 150_000 ? 'd.daticulocale' : 'NULL';
  return `
SELECT pg_catalog.json_build_object(
  'owner', CASE WHEN pg_catalog.pg_has_role(d.datdba, '${version >= 160_000 ? 'SET' : 'MEMBER'}') THEN pg_catalog.pg_get_userbyid(d.datdba) END,
  'encoding', pg_catalog.pg_encoding_to_char(d.encoding), 'collate', d.datcollate, 'ctype', d.datctype,
  'provider', ${version >= 150_000 ? 'd.datlocprovider' : `'c'`}, 'locale', ${locale},
  'icuRules', ${version >= 160_000 ? 'd.daticurules' : 'NULL'}, 'tablespace', t.spcname)
FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
WHERE d.datname = pg_catalog.current_database()`;
}

/** duplicate_database, and what two get that make the same one at the same time. */
const takenStates: readonly string[] = ['42P04', '23505'];

/** Makes an empty database like the one that `connection` is in, or leaves the one of that name. */
export async function makeDatabase(connection: Connection, name: string, signal: AbortSignal): Promise<void> {
  await connection.query('SET statement_timeout = 0', signal);
  // A DROP DATABASE that was cut off leaves one that nobody can use, and marks it so.
  const [found] = await connection.queryWith(
    'SELECT datconnlimit = -2 FROM pg_catalog.pg_database WHERE datname = $1',
    [name],
    signal,
  );
  if (found !== undefined && found[0] !== 't') return;
  if (found !== undefined) await connection.query(`DROP DATABASE ${quoteIdentifier(name)}`, signal);
  const version = connection.raw.serverVersionNum;
  const [row] = await connection.query(likenessQuery(version), signal);
  const likeness = JSON.parse(row?.[0] as string) as Likeness;
  try {
    await connection.query(createStatement(name, likeness, version), signal);
  } catch (error) {
    if (!(error instanceof ServerError) || !takenStates.includes(error.sqlState)) throw error;
  }
}

function createStatement(name: string, likeness: Likeness, version: number): string {
  const { owner, encoding, collate, ctype, provider, locale, icuRules, tablespace } = likeness;
  const words = { c: 'libc', i: 'icu', b: 'builtin' };
  const options = [
    ...(owner === null ? [] : [`OWNER ${quoteIdentifier(owner)}`]),
    // Nobody has put anything into this one.
    'TEMPLATE template0',
    `ENCODING ${quoteLiteral(encoding)}`,
    `LC_COLLATE ${quoteLiteral(collate)}`,
    `LC_CTYPE ${quoteLiteral(ctype)}`,
    ...(version < 150_000 ? [] : [`LOCALE_PROVIDER ${words[provider as keyof typeof words]}`]),
    ...(locale === null ? [] : [`${provider === 'b' ? 'BUILTIN' : 'ICU'}_LOCALE ${quoteLiteral(locale)}`]),
    ...(icuRules === null ? [] : [`ICU_RULES ${quoteLiteral(icuRules)}`]),
    ...(tablespace === 'pg_default' ? [] : [`TABLESPACE ${quoteIdentifier(tablespace)}`]),
  ];
  return `CREATE DATABASE ${quoteIdentifier(name)} ${options.join(' ')}`;
}
