/** A media type without its parameters, in lower case: `Text/Plain; charset=utf-8` -> `text/plain`. */
export const essenceOf = (mediaType: string): string =>
  (mediaType.split(';', 1)[0] as string).trim().toLowerCase();

/** True for `application/json` and everything that ends in `+json`. */
export function isJson(mediaType: string): boolean {
  const essence = essenceOf(mediaType);
  return essence === 'application/json' || essence.endsWith('+json');
}

interface Range {
  readonly type: string;
  readonly quality: number;
}

function parseAccept(header: string): readonly Range[] {
  return header.split(',').map((part) => {
    const quality = /;\s*q=([0-9.]+)/i.exec(part)?.[1];
    return { type: essenceOf(part), quality: quality === undefined ? 1 : Number.parseFloat(quality) || 0 };
  });
}

/** How much the ranges want `offered`: the most specific range that covers it decides (RFC 9110, 12.5.1). */
function qualityOf(offered: string, ranges: readonly Range[]): number {
  const family = `${offered.split('/', 1)[0]}/*`;
  for (const candidate of [offered, family, '*/*']) {
    const range = ranges.find((each) => each.type === candidate);
    if (range !== undefined) return range.quality;
  }
  return 0;
}

/**
 * The one of `offered` (best first) that an Accept header wants most; the first when there is no header,
 * null when it accepts none of them.
 */
export function negotiate(accept: string | undefined, offered: readonly string[]): string | null {
  if (accept === undefined || accept.trim() === '') return offered[0] ?? null;
  const ranges = parseAccept(accept);
  let best: string | null = null;
  let bestQuality = 0;
  for (const type of offered) {
    const quality = qualityOf(essenceOf(type), ranges);
    if (quality > bestQuality) {
      best = type;
      bestQuality = quality;
    }
  }
  return best;
}
