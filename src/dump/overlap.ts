import { filesOfPattern } from './file-pattern.ts';
import type { DumpLayout } from './layout.ts';

/** A dump set that is or will be at a place. */
export interface PlacedSet {
  /** Printed form of the place: `file:///var/dumps`. */
  readonly place: string;
  readonly layout: DumpLayout;
}

/** Whether two sets could have files of the same name: equal names, or a number of one pattern that another name spells. */
export function setsOverlap(a: PlacedSet, b: PlacedSet): boolean {
  const names = new Set(topNames(a));
  return topNames(b).some((name) => names.has(name));
}

/** The names of its files, or of its folder, with the place before them: a folder may also be the place itself. */
function topNames({ place, layout }: PlacedSet): readonly string[] {
  const base = place.replace(/\/+$/, '');
  switch (layout.form) {
    case 'folder':
      return [layout.folder === '' ? base : `${base}/${layout.folder}`];
    case 'pattern':
      return filesOfPattern(layout.pattern).map((name) => `${base}/${name}`);
    case 'file':
      return [`${base}/${layout.file}`];
  }
}
