/**
 * Decodes LZF: `input[start, end)` into `target`, which it must fill exactly. False: it does not, or the bytes are no LZF.
 * A control byte below 32 is followed by that many literals and one more; any other names a distance back and a length.
 * http://oldhome.schmorp.de/marc/liblzf.html
 */
export function decodeLzf(
  input: Uint8Array,
  start: number,
  end: number,
  target: Uint8Array,
  size: number,
): boolean {
  let at = start;
  let out = 0;
  while (at < end) {
    const control = input[at++] as number;
    if (control < 32) {
      const count = control + 1;
      if (count > end - at || count > size - out) return false;
      for (let left = count; left > 0; left--) target[out++] = input[at++] as number;
      continue;
    }
    let length = control >> 5;
    if (length === 7) {
      if (at >= end) return false;
      length += input[at++] as number;
    }
    if (at >= end) return false;
    let from = out - (((control & 0x1f) << 8) | (input[at++] as number)) - 1;
    length += 2;
    if (from < 0 || length > size - out) return false;
    // Byte by byte: what is copied may be what this very copy has just written.
    for (; length > 0; length--) target[out++] = target[from++] as number;
  }
  return out === size;
}
