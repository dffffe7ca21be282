import { AppError } from '../../../core/errors.ts';
import type { ReadRules } from '../../../core/read-rules.ts';
import type { Mask } from '../../../core/request.ts';
import { quoteLiteral } from '../names.ts';
import type { Connection } from '../wire/connection.ts';
import { type MaskType, maskTypeOf, permutedDigits } from './mask-type.ts';

/** The setting of the session that the key of hashes is in, so that no statement shows it (pg_stat_activity, pg_stat_statements). */
const keySetting = 'pumphouse.hash_key';

/** Makes `hashKey` known to the expressions of {@link writeMask}, until the transaction ends. */
export async function setHashKey(
  connection: Connection,
  rules: ReadRules,
  signal: AbortSignal,
): Promise<void> {
  if (rules.masks.every(({ mask }) => mask.method !== 'hash')) return;
  const sql = `SELECT pg_catalog.set_config('${keySetting}', $1, true)`;
  await connection.queryWith(sql, [rules.hashKey], signal);
}

/** The key with `tail` as a text; a sub-select of its own, so that a query works it out once. */
const keyed = (tail: string): string => `(SELECT pg_catalog.current_setting('${keySetting}') || '${tail}')`;

/** The same as bytes. */
const keyBytes = (tail: string): string =>
  `(SELECT pg_catalog.convert_to(pg_catalog.current_setting('${keySetting}') || '${tail}', 'UTF8'))`;

/**
 * The SQL expression that stands in for `column` (an expression already) in a query that is read: of the column's own type, so that text
 * and binary both mean the same to who imports them. Nulls stay null under `hash` and `partial`.
 * @param type as the server spells it: it goes into the statement
 */
export function writeMask(column: string, type: string, mask: Mask): string {
  switch (mask.method) {
    case 'null':
      return `CAST(NULL AS ${type})`;
    case 'constant':
      return `CAST(${quoteLiteral(mask.value)} AS ${type})`;
    case 'partial': {
      const value = `CAST(${column} AS pg_catalog.text)`;
      return `CAST(${partial(value, count(mask.keepFirst), count(mask.keepLast))} AS ${type})`;
    }
    case 'hash':
      return `CAST(${hashed(column, maskTypeOf(type))} AS ${type})`;
  }
}

/** A value that is no longer than what would be kept of it is hidden as a whole. */
function partial(value: string, first: number, last: number): string {
  const length = `pg_catalog.length(${value})`;
  const stars = `pg_catalog.repeat('*', ${length} - ${first + last})`;
  return `CASE WHEN ${length} <= ${first + last} THEN pg_catalog.repeat('*', ${length}) \
ELSE pg_catalog.left(${value}, ${first}) || ${stars} || pg_catalog.right(${value}, ${last}) END`;
}

function hashed(column: string, type: MaskType): string {
  const hex = (text: string): string => `pg_catalog.encode(${digest(`${keyed(':')} || ${text}`)}, 'hex')`;
  switch (type.family) {
    case 'text': {
      const text = `CAST(${column} AS pg_catalog.text)`;
      const digits = hex(type.foldsCase ? `pg_catalog.lower(${text})` : text);
      return type.limit === null || type.limit >= 64 ? digits : `pg_catalog.left(${digits}, ${type.limit})`;
    }
    case 'uuid':
      return `pg_catalog.left(${hex(`CAST(${column} AS pg_catalog.text)`)}, 32)`;
    case 'bytes':
      return `pg_catalog.sha256(${keyBytes(':')} || ${column})`;
    case 'integer':
      return permutedInteger(column, type.bits);
    case 'numeric':
      return type.digits !== null && type.digits <= permutedDigits
        ? permutedNumeric(column, type.digits, type.scale)
        : // 1.0 and 1.00 are equal.
          scaled(
            number(hex(`CAST(pg_catalog.trim_scale(${column}) AS pg_catalog.text)`), `${10n ** 18n}`),
            -type.scale,
          );
    case 'other':
      throw new AppError('internal', { message: 'A mask was planned for a type that has none.' });
  }
}

const digest = (text: string): string => `pg_catalog.sha256(pg_catalog.convert_to(${text}, 'UTF8'))`;

/** A number from 0 to below `bound`, from hexadecimal digits: of 60 bits, so that all remainders are about as likely. */
const number = (hex: string, bound: string): string =>
  `(CAST(CAST('x' || pg_catalog.left(${hex}, 15) AS pg_catalog.bit(60)) AS pg_catalog.int8) % ${bound})`;

/** `value` as a numeric times a power of ten, without a trace of rounding. */
function scaled(value: string, power: number): string {
  const factor = power >= 0 ? `1${'0'.repeat(power)}` : `0.${'0'.repeat(-power - 1)}1`;
  return `(CAST(${value} AS pg_catalog.numeric) * ${factor})`;
}

/**
 * An integer of the same sign, by a permutation of the numbers that have that sign: keys stay keys. Numbers below 2^31 stay below and
 * are the same in int4 and int8, so that references between the two hold.
 */
function permutedInteger(column: string, bits: 15 | 31 | 63): string {
  const value = `CAST(${column} AS pg_catalog.int8)`;
  const x = `CASE WHEN ${value} < 0 THEN -1 - ${value} ELSE ${value} END`;
  const [low, high] = bits === 15 ? ['128', '256'] : ['32768', '65536'];
  const small = { value: x, m: low, n: high, offset: '0' };
  const large = `pg_catalog.int8 '2147483648'`;
  const domain =
    bits === 63
      ? {
          value: `${x} - CASE WHEN ${x} < ${large} THEN 0 ELSE ${large} END`,
          m: `CASE WHEN ${x} < ${large} THEN 32768 ELSE 4294967295 END`,
          n: `CASE WHEN ${x} < ${large} THEN 65536 ELSE ${large} END`,
          offset: `CASE WHEN ${x} < ${large} THEN 0 ELSE ${large} END`,
        }
      : small;
  return permuted(domain, (result) => `CASE WHEN ${value} < 0 THEN -1 - ${result} ELSE ${result} END`);
}

/** A number of as many digits at most, with the same sign, by a permutation. */
function permutedNumeric(column: string, digits: number, scale: number): string {
  const half = Math.floor(digits / 2);
  const domain = {
    value: `CAST(${scaled(`pg_catalog.abs(${column})`, scale)} AS pg_catalog.int8)`,
    m: `1${'0'.repeat(digits - half)}`,
    n: `1${'0'.repeat(half)}`,
    offset: '0',
  };
  const back = permuted(
    domain,
    (result) => `${scaled(result, -scale)} * CASE WHEN ${column} < 0 THEN -1 ELSE 1 END`,
  );
  return `CASE WHEN ${column} = 'NaN' THEN ${column} ELSE ${back} END`;
}

/** Rounds of the permutation. Each half is changed four times by a keyed digest of the other. */
const rounds = 8;

/**
 * A Feistel network on the numbers from 0 to below m * n: a pair of numbers, `a` below `m` and `b` below `n`, each in turn moved around its
 * circle by a digest of the other. Every step can be undone, so different values stay different. OFFSET 0 keeps the planner from writing
 * each step out in the next one, where it would double.
 */
function permuted(
  domain: { readonly value: string; readonly m: string; readonly n: string; readonly offset: string },
  finish: (result: string) => string,
): string {
  const { value, m, n, offset } = domain;
  const moved = (round: number, one: string, by: string, bound: string): string => {
    const digits = `pg_catalog.encode(pg_catalog.sha256(${keyBytes(`:${round}:`)} || pg_catalog.int8send(${by})), 'hex')`;
    return `(${one} + ${number(digits, bound)}) % ${bound}`;
  };
  const int8 = (text: string): string => `CAST(${text} AS pg_catalog.int8)`;
  let steps = `SELECT ${int8(value)} AS v, ${int8(m)} AS m, ${int8(n)} AS n, ${int8(offset)} AS o OFFSET 0`;
  steps = `SELECT v / n AS a, v % n AS b, m, n, o FROM (${steps}) AS r OFFSET 0`;
  for (let round = 1; round <= rounds; round++) {
    const [a, b] = round % 2 === 1 ? [moved(round, 'a', 'b', 'm'), 'b'] : ['a', moved(round, 'b', 'a', 'n')];
    steps = `SELECT ${a} AS a, ${b} AS b, m, n, o FROM (${steps}) AS r OFFSET 0`;
  }
  return `(SELECT ${finish('(a * n + b + o)')} FROM (${steps}) AS r)`;
}

/** Masks come back from a store, so what goes into a statement is looked at. */
function count(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0) return value;
  throw new AppError('internal', { message: `The mask keeps ${String(value)} characters.` });
}
