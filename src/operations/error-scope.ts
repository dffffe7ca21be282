import type { ErrorCode } from '../core/error-catalogue.ts';
import { type ErrorRecord, errorKindOf } from '../core/errors.ts';

const ofThePlace: readonly ErrorCode[] = [
  'storage-unreachable',
  'storage-timeout',
  'storage-throttled',
  'storage-denied',
  'storage-full',
  'bucket-missing',
  'host-key-changed',
  'address-refused',
  'credential-unknown',
  'directory-unknown',
  'location-invalid',
  'not-shared',
  'encryption-key-missing',
  'encryption-key-wrong',
];

/** Whether an error is of the storage as a whole, of its credential or key, so that every other file there would meet it too. */
export const isOfThePlace = ({ code }: ErrorRecord): boolean => ofThePlace.includes(code);

/** Whether an error tells that a set that is read is not what it was when it was written: a file of it is gone, cut or changed. */
export const isOfTheBackup = ({ code }: Pick<ErrorRecord, 'code'>): boolean =>
  code === 'file-missing' || errorKindOf(code) === 'corrupt';
