import { AppError } from '../../core/errors.ts';
import { type Caller, localAdministrator } from '../../core/permission.ts';
import type { CallContext, Service } from '../../service/service.ts';
import type { ApiRequest } from '../api.ts';
import type { Place } from './links.ts';

/** What the segments before `/_/` stand for. */
export interface Address extends Place {
  /** The pool: name of a registered database. */
  readonly database: string;
  /** The user name in the address; null for the pool itself. */
  readonly alias: string | null;
}

export interface AddressBook {
  readonly service: Pick<Service, 'listDatabases' | 'listUsers'>;
  /** The database of addresses that name no pool; null: there is none. */
  readonly defaultDatabase: () => string | null;
  /** Pools that the configuration has and that cannot be used, with the reason; default none. */
  readonly unusable?: ReadonlyMap<string, string>;
}

const same = (left: string, right: string): boolean => left.toLowerCase() === right.toLowerCase();

/** The name meant by a segment: the very same, else the only one that differs in case alone. */
export function nameMeant(names: readonly string[], segment: string): string | null {
  if (names.includes(segment)) return segment;
  const alike = names.filter((name) => same(name, segment));
  return alike.length === 1 ? (alike[0] ?? null) : null;
}

/** `/ords/wharf/harbor/_/db-api/latest/...` -> the base of links, in the spelling of the request. */
export function baseOf(request: Pick<ApiRequest, 'base' | 'url'>): string {
  const path = request.url.split('?', 1)[0] as string;
  return `${request.base}${path.slice(0, path.indexOf('/_/db-api/'))}/_/db-api/stable`;
}

/**
 * Finds out which pool and alias a request is about.
 *
 *     /ords/{pool}/{alias}/_/   both
 *     /ords/{first}/_/          a pool of that name wins, else the alias of a user on the default pool
 *     /ords/_/                  the default pool
 *
 * Throws `database-unknown` for an address that maps to no pool, and `unauthenticated` for a database user (developer, viewer) on any
 * address but his own alias's; administrators and operators are mid-tier users, whom every address takes.
 */
export async function resolveAddress(book: AddressBook, request: ApiRequest): Promise<Address> {
  // Looking up who is meant is the service's own work: what the caller may do there is decided by the service afterwards.
  const context: CallContext = {
    caller: localAdministrator,
    requestId: request.requestId,
    signal: request.signal,
  };
  refuseUnusable(book, request.params.pool);
  const pools = (await book.service.listDatabases(context)).map(({ name }) => name);
  const { pool: first, alias: second } = request.params;
  const found = await (first === undefined
    ? defaultPool(book, pools)
    : second === undefined
      ? oneSegment(book, pools, first, context)
      : { database: poolNamed(pools, first), alias: second });
  if (request.caller !== null) checkAlias(request.caller, found.alias);
  return { ...found, base: baseOf(request) };
}

/** Throws `database-away`: what else is called so is not what the address means. */
function refuseUnusable(
  { unusable = new Map(), defaultDatabase }: AddressBook,
  segment: string | undefined,
): void {
  const meant = segment ?? defaultDatabase();
  const name = meant === null ? null : nameMeant([...unusable.keys()], meant);
  if (name === null) return;
  throw new AppError('database-away', {
    field: 'database',
    message: `The pool ${name} cannot be used: ${unusable.get(name)}`,
    hint: 'Correct its settings, then start the service again.',
  });
}

function poolNamed(pools: readonly string[], segment: string): string {
  const pool = nameMeant(pools, segment);
  if (pool === null) throw unknownPool(segment);
  return pool;
}

const unknownPool = (segment: string): AppError =>
  new AppError('database-unknown', {
    message: `The address maps to no pool: there is no database ${JSON.stringify(segment)}.`,
    field: 'pool',
  });

function defaultPool(book: AddressBook, pools: readonly string[]): Pick<Address, 'database' | 'alias'> {
  const name = book.defaultDatabase();
  if (name === null) {
    throw new AppError('database-unknown', {
      message: 'The address names no pool, and no default pool is configured.',
      hint: 'Name the pool in the address (/ords/{pool}/_/db-api/...), or configure the default database.',
      field: 'pool',
    });
  }
  return { database: poolNamed(pools, name), alias: null };
}

async function oneSegment(
  book: AddressBook,
  pools: readonly string[],
  segment: string,
  context: CallContext,
): Promise<Pick<Address, 'database' | 'alias'>> {
  const pool = nameMeant(pools, segment);
  if (pool !== null) return { database: pool, alias: null };
  // Only a known user is an alias here, lest a misspelt pool lead to the default one.
  const users = (await book.service.listUsers(context)).map(({ name }) => name);
  if (book.defaultDatabase() === null || !users.some((name) => same(name, segment)))
    throw unknownPool(segment);
  return { ...defaultPool(book, pools), alias: segment };
}

function checkAlias(caller: Caller, alias: string | null): void {
  const midTier = caller.role === 'administrator' || caller.role === 'operator';
  if (midTier || (alias !== null && same(alias, caller.name))) return;
  throw new AppError('unauthenticated', {
    message: `These credentials are valid only at the alias of their own user: /ords/{pool}/${encodeURIComponent(caller.name)}/_/db-api/...`,
    hint: 'Use the address of your own alias, or the credentials of the alias in the address.',
  });
}
