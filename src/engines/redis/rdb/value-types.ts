import type { RdbFamily } from './format.ts';

/** Numbers of the types of values in an RDB. https://github.com/redis/redis/blob/8.0/src/rdb.h */
export const valueType = {
  string: 0,
  list: 1,
  set: 2,
  zsetAscii: 3,
  hash: 4,
  zset: 5,
  modulePreRelease: 6,
  module: 7,
  hashZipmap: 9,
  listZiplist: 10,
  setIntset: 11,
  zsetZiplist: 12,
  hashZiplist: 13,
  listQuicklist: 14,
  stream: 15,
  hashListpack: 16,
  zsetListpack: 17,
  listQuicklist2: 18,
  stream2: 19,
  setListpack: 20,
  stream3: 21,
  /** Valkey 9: with the moment of expiry of each field. Under a Redis magic: a pre-release of 7.4. */
  hashWithExpiry: 22,
  hashListpackWithExpiryPreRelease: 23,
  /** Redis 7.4: fields with times to live, relative to the lowest. */
  hashMetadata: 24,
  hashListpackWithExpiry: 25,
} as const;

const words: Readonly<Record<number, string>> = {
  0: 'string',
  1: 'list',
  2: 'set',
  3: 'zset',
  4: 'hash',
  5: 'zset',
  6: 'module',
  7: 'module',
  9: 'hash',
  10: 'list',
  11: 'set',
  12: 'zset',
  13: 'hash',
  14: 'list',
  15: 'stream',
  16: 'hash',
  17: 'zset',
  18: 'list',
  19: 'stream',
  20: 'set',
  21: 'stream',
  22: 'hash',
  23: 'hash',
  24: 'hash',
  25: 'hash',
};

/** The word that the command TYPE has for it (`hash`, `zset`), `module` for those of modules, `unknown` for what this version does not know. */
export const valueTypeName = (type: number): string => words[type] ?? 'unknown';

/** Whether fields of such a hash can have a time to live of their own. */
export const hasFieldExpiry = (type: number, family: RdbFamily): boolean =>
  family === 'valkey'
    ? type === valueType.hashWithExpiry
    : type === valueType.hashMetadata || type === valueType.hashListpackWithExpiry;

const oneString: ReadonlySet<number> = new Set([0, 9, 10, 11, 12, 13, 16, 17, 20]);

/** Whether the body of such a value is a single string, so that its length is known from its first bytes. */
export const isOneString = (type: number): boolean => oneString.has(type);
