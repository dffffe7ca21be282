import type { DdlObject, DdlSection } from '../core/catalogue.ts';
import type { ManifestObject } from '../core/manifest.ts';

/** The raw text of each section, in pieces. Can be iterated again. */
export type SectionTexts = Readonly<Record<DdlSection, Iterable<Uint8Array>>>;

const separator = '\n\n';

/** Joins the statements of each section to one text, objects in their order with an empty line between, and says where each lies. */
export function layOutObjects(objects: readonly DdlObject[]): {
  readonly objects: readonly ManifestObject[];
  readonly texts: SectionTexts;
} {
  const position: Record<DdlSection, number> = { pre: 0, post: 0 };
  const placed = objects.map(({ sql, ...facts }) => {
    const start = position[facts.section];
    const end = start + Buffer.byteLength(sql);
    position[facts.section] = end + separator.length;
    return { ...facts, start, end };
  });
  const text = (section: DdlSection): Iterable<Uint8Array> => ({
    *[Symbol.iterator]() {
      for (const object of objects) {
        if (object.section === section) yield Buffer.from(object.sql + separator);
      }
    },
  });
  return { objects: placed, texts: { pre: text('pre'), post: text('post') } };
}
