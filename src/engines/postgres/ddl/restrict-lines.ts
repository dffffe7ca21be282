/**
 * pg_dump's package deletes every line that begins with `\restrict` or `\unrestrict` from the text, since psql would run it: also those that
 * stand inside of a function's body, a comment or a name. So such a line begins with another byte while pg_dump has it: in what the server
 * answers, in what pg_dump asks it for, and in the text until the package has looked at it.
 */
const standIn = '\x01';

/** Line ends as the package understands them; U+2028 and U+2029 as bytes of UTF-8. */
const lineStart = /(?<=[\n\r]|\xe2\x80[\xa8\xa9])/.source;
const command = '(?=(?:un)?restrict)';
const real = new RegExp(`${lineStart}\\\\${command}`, 'gi');
const hidden = new RegExp(`${lineStart}${standIn}${command}`, 'gi');

/** What the server answers, as pg_dump is to have it: of the same length. */
export const hideRestrictLines = (bytes: Uint8Array): Uint8Array => exchange(bytes, real, standIn);

/** What pg_dump sends, as the server knows it. */
export const showRestrictLines = (bytes: Uint8Array): Uint8Array => exchange(bytes, hidden, '\\');

/** The text that the package gives, as pg_dump wrote it, but for the lines that pg_dump adds for psql. */
export const restoreRestrictLines = (text: string): string =>
  text.replace(new RegExp(`^${standIn}${command}`, 'gim'), '\\');

function exchange(bytes: Uint8Array, pattern: RegExp, byte: string): Uint8Array {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const text = buffer.toString('latin1');
  const changed = text.replace(pattern, byte);
  return changed === text ? bytes : Buffer.from(changed, 'latin1');
}
