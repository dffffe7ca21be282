import { loadedLater } from '../blocks/loaded-later.ts';
import type { Storage, StorageDriver, StoragePlace } from '../storage.ts';
import { descriptionOf, placeOptions, s3Address } from './address.ts';
import { obsDialect, type S3Dialect, s3Dialect } from './dialect.ts';
import { checkKeys, keysOption } from './keys.ts';

/** A bucket of Amazon S3, or of any server that speaks its protocol: `s3://bucket/prefix?endpoint=https://host`. */
export const s3Driver: StorageDriver = {
  schemes: ['s3'],
  example: 's3://bucket/prefix?region=eu-west-1',
  options: placeOptions,
  credentialTypes: [
    {
      id: 's3',
      idName: 'access key id',
      secretName: 'secret access key',
      needs: 'choice',
      options: [keysOption],
    },
  ],
  open: (place) => s3Storage(place, s3Dialect),
};

/** A bucket of Huawei OBS: `obs://bucket/prefix?region=eu-west-101`. */
export const obsDriver: StorageDriver = {
  schemes: ['obs'],
  example: 'obs://bucket/prefix?region=eu-west-101',
  options: placeOptions,
  credentialTypes: [
    {
      id: 'obs',
      idName: 'access key id (AK)',
      secretName: 'secret access key (SK)',
      needs: 'choice',
      options: [keysOption],
    },
  ],
  open: (place) => s3Storage(place, obsDialect),
};

/** The client library is loaded with the first call: it takes longer than starting does without it. */
function s3Storage(place: StoragePlace, dialect: S3Dialect): Storage {
  checkKeys(place);
  s3Address(place, dialect);
  return loadedLater({ description: descriptionOf(place), keeps: true, lists: true }, async () =>
    (await import('./bucket.ts')).s3Bucket(place, dialect),
  );
}
