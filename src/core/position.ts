/*
 * Positions in the history of a database, as Manifest.position has them: two hexadecimal numbers of up to 32 bits with a slash between them, of which
 * the first counts for more (`0/1A2B3C4`).
 */
const form = /^([0-9a-f]{1,8})\/([0-9a-f]{1,8})$/i;

/** Whether a text is a position that can be compared. */
export const isPosition = (text: string): boolean => form.test(text);

/** Whether `one` is later than `other`. Throws a RangeError for texts that are no positions; positions of different servers say nothing about each other. */
export const isAfter = (one: string, other: string): boolean => numberOf(one) > numberOf(other);

function numberOf(text: string): bigint {
  const [, high, low] = form.exec(text) ?? [];
  if (high === undefined || low === undefined) throw new RangeError(`${text} is no position`);
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`);
}
