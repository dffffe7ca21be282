import { AppError } from './errors.ts';

/** What databases, directories and users may be called: it fits a URL segment, a file name and an environment variable. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/**
 * A new name as given, checked.
 * @param field the request field to name in the error
 * @throws AppError name-invalid
 */
export function checkNewName(name: unknown, field: string): string {
  if (typeof name === 'string' && namePattern.test(name)) return name;
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 100)) : 'not a text';
  throw new AppError('name-invalid', {
    field,
    message: `The name ${shown} cannot be used.`,
    hint: 'Choose a name of 1 to 63 letters, digits, _ or -, beginning with a letter or digit.',
  });
}
