import { AppError } from './errors.ts';
import { isMailAddress } from './mail-address.ts';

/** What databases, directories and users may be called (users also by an e-mail address): it fits a URL segment, a file name and an environment variable. */
const namePattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,62}$/;

/**
 * A new name as given, checked.
 * @param field the request field to name in the error
 * @throws AppError name-invalid
 */
export function checkNewName(name: unknown, field: string): string {
  if (typeof name === 'string' && namePattern.test(name)) return name;
  throw unusable(name, field, 'a name of 1 to 63 letters, digits, _ or -, beginning with a letter or digit');
}

/** The same for the name of a user, which may be an e-mail address too. */
export function checkNewUserName(name: unknown, field: string): string {
  if (typeof name === 'string' && (namePattern.test(name) || isMailAddress(name))) return name;
  throw unusable(
    name,
    field,
    'a name of 1 to 63 letters, digits, _ or -, beginning with a letter or digit, or an e-mail address',
  );
}

/** What definitions may be called, and what they are made of. Not `.` and `..`, which mean something else in addresses and paths. */
const itemNamePattern = /^(?!\.{1,2}$)[\p{L}\p{M}\p{N}_.-]{1,128}$/u;

/** The same for the name of a definition, script, resource or connection: letters are those of any script. */
export function checkNewItemName(name: unknown, field: string): string {
  if (typeof name === 'string' && itemNamePattern.test(name)) return name;
  throw unusable(name, field, 'a name of 1 to 128 letters, digits, _, - or .');
}

function unusable(name: unknown, field: string, choice: string): AppError {
  const shown = typeof name === 'string' ? JSON.stringify(name.slice(0, 100)) : 'not a text';
  return new AppError('name-invalid', {
    field,
    message: `The name ${shown} cannot be used.`,
    hint: `Choose ${choice}.`,
  });
}
