import { AppError } from '../../../core/errors.ts';

/** Who wrote an RDB: some numbers of types and opcodes mean different things in the two families. */
export type RdbFamily = 'redis' | 'valkey';

/** What the first nine bytes of an RDB say. */
export interface RdbFormat {
  readonly family: RdbFamily;
  /** 9 of Redis 6.2, 10 of 7.0, 11 of 7.2 and Valkey 8, 12 of 7.4 and 8.0; 80 of Valkey 9. */
  readonly version: number;
  /** Nine characters: `REDIS0012`, `VALKEY080`. */
  readonly magic: string;
}

/** Bytes of a magic. */
export const magicBytes = 9;
/** From here on an RDB ends with a CRC-64. */
export const firstVersionWithChecksum = 5;

/** The format that the first nine bytes name. Throws `dump-damaged` when they are not an RDB's. */
export const parseMagic = (bytes: Uint8Array): RdbFormat =>
  formatOf(Buffer.from(bytes.subarray(0, magicBytes)).toString('latin1'));

/** As {@link parseMagic}, of the nine characters (a unit's variant). */
export function formatOf(magic: string): RdbFormat {
  const match = /^(?:REDIS(\d{4})|VALKEY(\d{3}))$/.exec(magic);
  const version = Number(match?.[1] ?? match?.[2] ?? 0);
  if (match === null || version === 0) {
    throw new AppError('dump-damaged', {
      // Not what they begin with: it may be another's, fetched from where the asker cannot go himself.
      message: 'These bytes are no RDB: they do not begin with REDIS and a version.',
      hint: 'Give a file that a Redis or Valkey server, or an export, has written.',
      operation: 'read an RDB',
    });
  }
  return { family: match[1] === undefined ? 'valkey' : 'redis', version, magic };
}
