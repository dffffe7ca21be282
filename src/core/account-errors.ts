import { entry } from './error-entry.ts';

/** What happens to users that installations make in databases: part of the catalogue. */
export const accountErrors = {
  'account-taken': entry(
    'conflict',
    'The database server has a user of that name, which was not made for this database.',
    'Choose another name with --user, or give the password of that user to have it taken over.',
  ),
  'account-in-use': entry(
    'conflict',
    'The user that was made for a database is needed elsewhere on its server.',
    'Take its rights and objects there away first.',
  ),
  'not-installed': entry(
    'conflict',
    'The database was registered by hand: no user was made for it.',
    'Use pumphouse database install to have one made, or pumphouse database remove to forget the database.',
  ),
} as const;
