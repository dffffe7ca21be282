import type { Storage, StorageDriver, StoragePlace } from '../storage.ts';
import { webAddress } from '../web/address.ts';
import { authoriseBy, kindOf } from '../web/authorisation.ts';
import { webCalls } from '../web/calls.ts';
import { httpCredentialType } from '../web/http-credential.ts';
import {
  checkIsBucket,
  checkShowsNoSecret,
  preAuthenticatedBase,
  refuseForBucket,
  signedUrlHint,
} from './location.ts';
import { bucketOf, isBucketUrl } from './oci/bucket.ts';
import { ociAuthorise } from './oci/sign.ts';
import { preAuthenticatedBucket, signedBucket } from './oci/storage.ts';
import { plainStorage } from './plain.ts';

/**
 * An address of an HTTP server, a pre-authenticated URL (the secret of a credential), or a bucket of Oracle's object storage by its native
 * address.
 */
export const httpDriver: StorageDriver = {
  schemes: ['https', 'http'],
  example: 'https://host/path',
  options: [],
  credentialTypes: [httpCredentialType],
  signedUrlHint,
  open: openHttp,
};

function openHttp(place: StoragePlace): Storage {
  const { url, credential } = place;
  checkShowsNoSecret(url);
  const kind = credential === null ? null : kindOf(place, ['password', 'bearer', 'url', 'oci']);
  if (credential !== null && kind === 'oci') {
    checkIsBucket(url);
    return signedBucket(bucketOf(url, url.href), webCalls(place, ociAuthorise(credential)));
  }
  if (kind === 'url') {
    const base = preAuthenticatedBase(place);
    const calls = webCalls(place, () => ({}));
    return isBucketUrl(base)
      ? preAuthenticatedBucket(bucketOf(base, url.href), calls)
      : plainStorage(webAddress(base, url.href), calls);
  }
  if (kind !== null && isBucketUrl(url)) refuseForBucket(kind);
  return plainStorage(webAddress(url, url.href), webCalls(place, authoriseBy(place, ['password', 'bearer'])));
}
