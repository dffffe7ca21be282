const shownBytes = 100;

/** A key as messages show it: text where it is text, other bytes as `\x1f`, cut to a length that a line can bear. */
export function shownKey(key: Uint8Array): string {
  const head = key.subarray(0, shownBytes);
  const isCut = key.length > shownBytes;
  const shown = printable(head, isCut) ?? escaped(head);
  return isCut ? `${shown}... (${key.length} bytes)` : shown;
}

/** Null for what is no text. A character that was cut off in its middle is left out. */
function printable(bytes: Uint8Array, isCut: boolean): string | null {
  try {
    const text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes, { stream: isCut });
    return /\p{C}/u.test(text) ? null : text;
  } catch {
    return null;
  }
}

const escaped = (bytes: Uint8Array): string =>
  Array.from(bytes, (byte) =>
    byte >= 0x20 && byte < 0x7f ? String.fromCharCode(byte) : `\\x${byte.toString(16).padStart(2, '0')}`,
  ).join('');
