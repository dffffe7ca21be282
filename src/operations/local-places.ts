import { stat } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { AppError } from '../core/errors.ts';
import type { Engine } from '../engines/engine.ts';

/*
 * What is of one machine, where jobs run on several: the processes that share a job's work would each see something else under the same path.
 */

export const localDirectory = (name: string, url: URL): AppError =>
  new AppError('not-shared', {
    field: 'directory',
    message: `The directory ${name} is the folder ${fileURLToPath(url)}, which each instance has for itself, and a job may run on any of them.`,
    hint: `Mount the same folder on all instances and add the directory again (pumphouse directory remove ${name}; pumphouse directory add ${name} ${fileURLToPath(url)} --shared), or name a storage that all of them reach, such as s3://bucket/prefix.`,
  });

export const localUrl = (): AppError =>
  new AppError('not-shared', {
    field: 'location',
    message: 'The location is a folder that each instance has for itself, and a job may run on any of them.',
    hint: 'Mount the same folder on all instances and name it as a directory (pumphouse directory add NAME PATH --shared), or name a storage that all of them reach, such as s3://bucket/prefix.',
  });

export const localDatabase = (name: string, { title }: Engine): AppError =>
  new AppError('not-shared', {
    field: 'database',
    message: `The ${title} database ${name} is a file that each instance has for itself, and a job may run on any of them.`,
    hint: `Mount the folder of the file on all instances and register the database again (pumphouse database remove ${name}; pumphouse database add ${name} URL --shared).`,
  });

/**
 * Throws `not-shared` where the folder of a shared directory is not there on this machine: it would be made, and what is written there would be seen by
 * nobody else.
 */
export async function checkMounted(url: URL, instance: string): Promise<void> {
  const folder = fileURLToPath(url);
  const found = await stat(folder).catch((error: unknown) => error as NodeJS.ErrnoException);
  if (!(found instanceof Error) && found.isDirectory()) return;
  throw new AppError('not-shared', {
    field: 'directory',
    message: `The shared folder ${folder} cannot be seen on the instance ${instance}${found instanceof Error && found.code !== 'ENOENT' ? `: ${found.message}` : ''}.`,
    hint: `Mount it at ${folder} on ${instance}, as on the other instances.`,
  });
}
