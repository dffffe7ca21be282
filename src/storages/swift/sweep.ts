import { createPageTokens } from '../blocks/page-tokens.ts';
import { isWriterGone } from '../blocks/part-name.ts';
import type { ListedObject, SwiftContainer } from './container.ts';
import { removeAll, segmentsOf } from './remove.ts';
import { segmentRoot, type UploadName, uploadOf } from './segment-names.ts';

/** The objects of one upload. */
interface FoundUpload extends UploadName {
  readonly objects: ListedObject[];
}

/**
 * Removes the segments of uploads below `prefix` (of object names) that nobody will finish, unless the file that they were for is made of
 * them: then its upload has ended well.
 */
export async function sweepSegments(
  container: SwiftContainer,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
  for await (const found of uploadsBelow(container, prefix, signal)) {
    if (!isGivenUp(found) || (await isFileMadeOf(container, found, signal))) continue;
    const places = found.objects.map(({ name }) => ({ container: container.name, name }));
    await removeAll(container, places, signal);
    // The last request of a process that has died may have been carried out only now: a file without its segments is none.
    if (await isFileMadeOf(container, found, signal)) {
      await container.remove(container.name, found.object, signal);
    }
  }
}

async function* uploadsBelow(
  container: SwiftContainer,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<FoundUpload> {
  let found: FoundUpload | null = null;
  const checkToken = createPageTokens(`swift://${container.name}`);
  for (let marker = ''; ; ) {
    checkToken(marker);
    const page = await container.page(segmentRoot + prefix, marker, signal);
    if (page.length === 0) break;
    for (const object of page) {
      marker = object.name;
      const name = uploadOf(object.name);
      if (name === null) continue;
      if (found?.folder === name.folder) {
        found.objects.push(object);
        continue;
      }
      if (found !== null) yield found;
      found = { ...name, objects: [object] };
    }
  }
  if (found !== null) yield found;
}

function isGivenUp({ tag, objects }: FoundUpload): boolean {
  const modifiedMs = Math.max(...objects.map((object) => object.modifiedMs));
  return isWriterGone(tag, modifiedMs, Date.now());
}

async function isFileMadeOf(
  container: SwiftContainer,
  { object, tag, folder }: UploadName,
  signal: AbortSignal,
): Promise<boolean> {
  const facts = await container.head(object, signal);
  if (facts?.isManifest !== true) return false;
  // Whoever changes an object's metadata takes the tag away; the manifest stays.
  if (facts.tag === tag) return true;
  const segments = await segmentsOf(container, object, signal);
  return segments.some(({ container: where, name }) => where === container.name && name.startsWith(folder));
}
