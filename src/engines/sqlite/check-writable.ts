import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { AppError } from '../../core/errors.ts';

/** Says what is wrong with the path of a database that is to be written, as far as that can be seen without opening it. */
export async function checkWritable(path: string): Promise<void> {
  const folder = dirname(path);
  const state = await stat(path).catch(() => null);
  if (state !== null && !state.isFile()) {
    throw new AppError('database-not-a-database', { message: `${path} is not a file.` });
  }
  const folderState = await stat(folder).catch(() => null);
  if (folderState === null || !folderState.isDirectory()) {
    throw new AppError('database-missing', {
      message: `There is no folder ${folder} to make the database file in.`,
      hint: 'Create the folder, or correct the path in the database URL.',
    });
  }
  for (const each of state === null ? [folder] : [folder, path]) {
    await access(each, constants.W_OK).catch((error: Error) => {
      throw new AppError('database-privilege', {
        message: `${each} cannot be written: ${error.message}.`,
        hint: 'Let the user that Pumphouse runs as write the file and its folder, where SQLite keeps its journal.',
      });
    });
  }
}
