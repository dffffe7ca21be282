/** The bytes of a word of commands, or of a number as commands have it. */
export const ascii = (text: string | number | bigint): Uint8Array => Buffer.from(String(text), 'latin1');

/** A score as ZADD takes it. */
export function scoreText(score: number): Uint8Array {
  if (score === Number.POSITIVE_INFINITY) return ascii('inf');
  if (score === Number.NEGATIVE_INFINITY) return ascii('-inf');
  return ascii(Object.is(score, -0) ? '-0' : score);
}
