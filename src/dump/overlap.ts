import { filesOfPattern } from './file-pattern.ts';
import type { DumpLayout } from './layout.ts';

/** Whether two sets at one place could write files of the same name: equal names, or a number of one pattern that another name spells. */
export function layoutsOverlap(a: DumpLayout, b: DumpLayout): boolean {
  const names = new Set(topNames(a));
  return topNames(b).some((name) => names.has(name));
}

/** The names at the top of the place that a layout can make. */
function topNames(layout: DumpLayout): readonly string[] {
  switch (layout.form) {
    case 'folder':
      return [layout.folder];
    case 'pattern':
      return filesOfPattern(layout.pattern);
    case 'file':
      return [layout.file];
  }
}
