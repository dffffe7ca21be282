import { type Body, textOf } from './members.ts';
import { codes, Refusal } from './refusal.ts';

const longestName = 128;
const longestResourceName = 32;

/**
 * The name of a thing in a body: letters of any script, digits, `_`, `.` and `-`; names of dots alone would be folders. Throws DLF.3004
 * where it is missing and DLF.3018 for any other.
 */
export function nameOf(body: Body, kind: 'job' | 'script' | 'resource' | 'connection'): string {
  const name = textOf(body, 'name')?.trim() ?? '';
  if (name === '') throw new Refusal(codes.nameBlank, `The ${kind} name cannot be blank.`);
  const longest = kind === 'resource' ? longestResourceName : longestName;
  if (name.length <= longest && isItemName(name)) return name;
  throw new Refusal(
    codes.nameInvalid,
    `The ${kind} name is invalid: it is 1 to ${longest} letters, digits, underscores, hyphens and periods.`,
  );
}

/** Whether a thing can be called so. */
export const isItemName = (name: string): boolean =>
  name.length <= longestName && /^[\p{L}\p{M}\p{N}_.-]+$/u.test(name) && !/^\.+$/.test(name);
