/**
 * A moment as the expiry of a key, in milliseconds since 1970. Servers take times up to 2^63 - 1, which some programs give to keys that are to
 * stay: such a key expires in the year 287396, the last that our numbers have exactly. A time before 1970 is the first moment of it.
 */
export const expiryAt = (moment: number): number => Math.min(Math.max(moment, 0), Number.MAX_SAFE_INTEGER);
