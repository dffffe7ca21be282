import { wholeBody } from './decode/body-cursor.ts';
import { decodeValue } from './decode/decode-value.ts';
import { knowsFieldExpiry } from './field-expiry.ts';
import type { RdbFamily, RdbFormat } from './format.ts';
import { damaged } from './rdb-error.ts';
import type { RdbEntry } from './read-rdb.ts';
import { hasFieldExpiry, valueType, valueTypeName } from './value-types.ts';

/** What a target can do, as far as values are concerned. */
export interface TargetTraits {
  readonly family: RdbFamily;
  /** `7.0.15`. */
  readonly version: string;
  /** Of its own RDBs: the one that {@link dumpVersion} finds. */
  readonly rdbVersion: number;
}

/** The RDB version that first had a type; types that are not here have been there since Redis 5 (RDB 9) or longer. */
const since: Readonly<Record<number, number>> = {
  [valueType.hashListpack]: 10,
  [valueType.zsetListpack]: 10,
  [valueType.listQuicklist2]: 10,
  [valueType.stream2]: 10,
  [valueType.setListpack]: 11,
  [valueType.stream3]: 11,
};

/**
 * Whether the target takes a value of this type as it is, under a footer of its own version. Of module values that depends on the module
 * too. False also for types that this version does not know.
 */
export function canRestore(type: number, source: RdbFormat, target: TargetTraits): boolean {
  if (valueTypeName(type) === 'unknown' || type === valueType.modulePreRelease) return false;
  if (hasFieldExpiry(type, source.family)) {
    return source.family === target.family && target.rdbVersion >= (source.family === 'valkey' ? 80 : 12);
  }
  return type < valueType.hashWithExpiry && (since[type] ?? 0) <= target.rdbVersion;
}

/** What a value of this type loses when it is written by commands to this target, as a sentence; null: nothing. */
export function lossByCommands(type: number, source: RdbFormat, target: TargetTraits): string | null {
  if (hasFieldExpiry(type, source.family) && !knowsFieldExpiry(target)) {
    return 'The times to live of hash fields are lost: the target has none.';
  }
  if (valueTypeName(type) === 'stream') {
    return 'Streams lose when their consumers were last seen, and pending entries whose messages are deleted.';
  }
  return null;
}

/**
 * The commands that make the value under `entry.key`, which must not exist; its expiry is the caller's. Some hundred elements a command; the
 * arguments are views of the entry where they can be. The name is the first argument; where the key is, {@link keyPosition} says. Throws
 * `unsupported`, naming type and key, for values of modules, and `dump-damaged`.
 */
export function* commandsOf(
  entry: RdbEntry,
  source: RdbFormat,
  target: TargetTraits,
): Generator<readonly Uint8Array[], void> {
  const cursor = wholeBody(entry.body);
  for (const made of decodeValue(entry.key, entry.type, cursor, source, target)) {
    if (made === null) throw damaged(`the value of a ${valueTypeName(entry.type)} ends too early`, cursor.at);
    yield made;
  }
  if (cursor.left > 0) throw damaged(`bytes follow the value of a ${valueTypeName(entry.type)}`, cursor.at);
}

const xgroup = Buffer.from('XGROUP');

/** Which argument of a command of {@link commandsOf} is the key. */
export const keyPosition = ([name]: readonly Uint8Array[]): number =>
  name !== undefined && xgroup.equals(name) ? 2 : 1;
