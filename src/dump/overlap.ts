import { fileOfBare, filesOfPattern, isBareName } from './file-pattern.ts';
import type { ExportLayout } from './layout.ts';

/** A dump set, or files without a manifest, that are or will be at a place. */
export interface PlacedSet {
  /** Printed form of the place: `file:///var/dumps`. */
  readonly place: string;
  readonly layout: ExportLayout;
}

/** Whether two sets could have files of the same name: equal names, or a number of one pattern that another name spells. */
export function setsOverlap(a: PlacedSet, b: PlacedSet): boolean {
  const [namesOfA, namesOfB] = [topNames(a), topNames(b)];
  const names = new Set(namesOfA);
  return (
    namesOfB.some((name) => names.has(name) || hasBare(a, name)) || namesOfA.some((name) => hasBare(b, name))
  );
}

/** What the names of its files begin with, where they are numbered; else the name of its file or folder. Sets that overlap share that beginning. */
export function namesOfSet({ place, layout }: PlacedSet): {
  readonly top: string;
  readonly isPattern: boolean;
} {
  const [first = ''] = topNames({ place, layout });
  if (layout.form === 'folder' || layout.form === 'file') return { top: first, isPattern: false };
  const literal = layout.pattern.slice(0, layout.pattern.indexOf('%'));
  return { top: `${baseOf(place)}/${literal}`, isPattern: true };
}

/** How many files without a manifest there will be is not known before they are. */
function hasBare({ place, layout }: PlacedSet, name: string): boolean {
  const folder = `${baseOf(place)}/`;
  return (
    layout.form === 'bare' && name.startsWith(folder) && isBareName(layout.pattern, name.slice(folder.length))
  );
}

const baseOf = (place: string): string => place.replace(/\/+$/, '');

/** The names of its files (of those without a manifest one), or of its folder, with the place before them: a folder may also be the place itself. */
function topNames({ place, layout }: PlacedSet): readonly string[] {
  const base = baseOf(place);
  switch (layout.form) {
    case 'folder':
      return [layout.folder === '' ? base : `${base}/${layout.folder}`];
    case 'pattern':
      return filesOfPattern(layout.pattern).map((name) => `${base}/${name}`);
    case 'file':
      return [`${base}/${layout.file}`];
    case 'bare':
      return [`${base}/${fileOfBare(layout.pattern, 1, 1)}`];
  }
}
