import { createPageTokens } from '../blocks/page-tokens.ts';
import type { StoredFile } from '../storage.ts';
import type { SwiftContainer } from './container.ts';
import type { SwiftLocation } from './location.ts';
import { segmentRoot } from './segment-names.ts';

/** After everything below the root of segments, as far as names go. */
const behindSegments = `${segmentRoot}\u{10ffff}`;

/** The files below the location whose name begins with `prefix`, in byte order, page by page; segments are passed over. */
export async function* listFiles(
  container: SwiftContainer,
  { base, description }: SwiftLocation,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<StoredFile> {
  const checkToken = createPageTokens(description);
  let marker = '';
  for (;;) {
    // A short page is not the end everywhere, an empty one is.
    checkToken(marker);
    const page = await container.page(base + prefix, marker, signal);
    if (page.length === 0) return;
    for (const { name, bytes } of page) {
      if (name.startsWith(segmentRoot)) {
        marker = behindSegments;
        break;
      }
      marker = name;
      const file = name.slice(base.length);
      // Other programs mark folders by empty objects with a slash at the end.
      if (file !== '' && !file.endsWith('/')) yield { name: file, bytes };
    }
  }
}
