import type { DefElem } from 'libpg-query';
import type { DdlObject } from '../../../core/catalogue.ts';
import { quoteIdentifier, quoteLiteral } from '../names.ts';
import { connectionWithoutPasswords } from './connection-string.ts';
import { defElems } from './identify.ts';
import { type Node, parseOne, readTokens } from './statements.ts';

/** What stands where something was left out; nobody parses it. */
const note = '-- A password was left out.\n';
const secretWords: ReadonlySet<string> = new Set([
  'key',
  'passphrase',
  'passwd',
  'password',
  'pwd',
  'secret',
  'sslpassword',
  'token',
]);

/**
 * The object without the passwords that its statement would carry into a dump set: those of a user mapping's options and of a subscription's
 * connection. The parser must be loaded.
 */
export function withoutSecrets<T extends Pick<DdlObject, 'type' | 'sql'>>(object: T): T {
  if (object.type !== 'USER MAPPING' && object.type !== 'SUBSCRIPTION') return object;
  const node = parseOne(object.sql);
  const sql = node === null ? null : (mappingWithout(node) ?? subscriptionWithout(node, object.sql));
  return sql === null ? object : { ...object, sql: `${note}${sql}\n` };
}

/** `aws_secret_access_key` is a secret, `password_required` and `sslkey` (a file) are not. */
function isSecret({ defname = '' }: DefElem): boolean {
  const words = defname.toLowerCase().split('_');
  return words.at(-1) !== 'required' && words.some((word) => secretWords.has(word));
}

/** Null: nothing is left out. */
function mappingWithout(node: Node): string | null {
  if (!('CreateUserMappingStmt' in node)) return null;
  const { user, servername = '', options } = node.CreateUserMappingStmt;
  const all = defElems(options);
  const kept = all.filter((option) => !isSecret(option));
  if (kept.length === all.length) return null;
  const role = user?.roletype === 'ROLESPEC_CSTRING' ? quoteIdentifier(user.rolename ?? '') : 'PUBLIC';
  const list = kept.map(({ defname = '', arg }) => {
    const value = arg !== undefined && 'String' in arg ? (arg.String.sval ?? '') : '';
    return `    ${quoteIdentifier(defname)} ${quoteLiteral(value)}`;
  });
  const tail = list.length === 0 ? '' : ` OPTIONS (\n${list.join(',\n')}\n)`;
  return `CREATE USER MAPPING FOR ${role} SERVER ${quoteIdentifier(servername)}${tail};`;
}

/** Null: nothing is left out. */
function subscriptionWithout(node: Node, sql: string): string | null {
  if (!('CreateSubscriptionStmt' in node)) return null;
  const { conninfo = '' } = node.CreateSubscriptionStmt;
  const clean = connectionWithoutPasswords(conninfo);
  if (clean === conninfo) return null;
  const tokens = readTokens(sql) ?? [];
  // The name of the subscription comes before it, in quotes if it is a word of the grammar.
  const place = tokens.findIndex((token) => token.text.toUpperCase() === 'CONNECTION');
  const constant = place === -1 ? undefined : tokens[place + 1];
  // Rather a statement that cannot be run than one with a password.
  if (constant?.tokenName !== 'SCONST') return '-- The subscription could not be read.';
  const bytes = Buffer.from(sql);
  return `${bytes.toString('utf8', 0, constant.start)}${quoteLiteral(clean)}${bytes.toString('utf8', constant.end)}`.trimEnd();
}
