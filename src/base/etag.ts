import { createHash } from 'node:crypto';

/**
 * A strong entity tag of a JSON representation: the quoted base64 of its SHA-512, 88 characters between the quotes.
 * Equal representations have equal tags on every instance and after every restart.
 */
export function etagOf(representation: unknown): string {
  const text = typeof representation === 'string' ? representation : JSON.stringify(representation);
  return `"${createHash('sha512').update(text).digest('base64')}"`;
}

const withoutWeakMark = (tag: string): string => (tag.startsWith('W/') ? tag.slice(2) : tag);

/**
 * Whether `etag` is among the tags of an If-Match or If-None-Match header (`"a", W/"b"` or `*`).
 * A proxy that compresses may weaken a tag, so that `W/` is ignored on both sides.
 */
export function etagMatches(header: string, etag: string): boolean {
  if (header.trim() === '*') return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  return tags.some((tag) => withoutWeakMark(tag) === withoutWeakMark(etag));
}
