import { AppError } from '../../core/errors.ts';
import type { StoragePlace } from '../storage.ts';
import { decodedPath, encodePath, segmentsOf } from '../web/address.ts';
import { isBucketUrl } from './oci/bucket.ts';

/** What to do with a URL that holds its own secret. */
export const signedUrlHint =
  'Keep the whole URL as a credential (pumphouse credential add NAME --type http --option kind=url --secret-stdin), and give the location as https://host/.';

/**
 * Refuses a location that shows a secret: locations are kept and shown in clear. Query options never come here, since the driver declares
 * none. Throws `location-invalid`.
 */
export function checkShowsNoSecret(url: URL): void {
  if (url.username !== '') {
    throw new AppError('location-invalid', {
      message: 'The storage URL names a user.',
      hint: 'Give user name and password by a credential of the type http.',
    });
  }
  // Oracle's pre-authenticated requests: /p/TOKEN/n/NAMESPACE/b/BUCKET/o/, however they are spelled.
  const [first, , third] = segmentsOf(url);
  if (first === 'p' && third === 'n') {
    throw new AppError('location-invalid', {
      message: `The storage URL at ${url.host} is a pre-authenticated one: it holds its own secret, which a location would show.`,
      hint: signedUrlHint,
    });
  }
}

/**
 * The base that a pre-authenticated URL gives a location: what stands in the location's path is appended to the URL's, whose query stays.
 * Throws `location-invalid` for a secret that is no such URL, or one of another host.
 */
export function preAuthenticatedBase({ url, credential }: StoragePlace): URL {
  const name = credential?.name ?? '';
  const secret = URL.parse(credential?.secret?.reveal().trim() ?? '');
  if (secret === null || !['http:', 'https:'].includes(secret.protocol) || secret.username !== '') {
    throw new AppError('location-invalid', {
      message: `The secret of the credential ${name} is no URL, which its kind url asks for.`,
      hint: 'Add the credential again with the whole pre-authenticated URL as its secret.',
    });
  }
  if (secret.origin !== url.origin) {
    throw new AppError('location-invalid', {
      message: `The pre-authenticated URL of the credential ${name} belongs to another host than ${url.origin}.`,
      hint: 'Give the location as https://host/, with the host of that URL.',
    });
  }
  const base = new URL(secret);
  base.pathname = `/${encodePath([...decodedPath(secret), ...segmentsOf(url)])}/`;
  base.hash = '';
  return base;
}

const bucketForm = 'https://objectstorage.REGION.oraclecloud.com/n/NAMESPACE/b/BUCKET/o/PREFIX';

/** A key of kind oci goes with the native address of a bucket only. Throws `location-invalid`. */
export function checkIsBucket(url: URL): void {
  if (isBucketUrl(url)) return;
  throw new AppError('location-invalid', {
    message: 'A credential of the kind oci is for buckets of Oracle, and the storage URL is none of those.',
    hint: `Write ${bucketForm}.`,
  });
}

/** Oracle's buckets take no passwords at their native address, whatever database packages call one. Throws `location-invalid`. */
export function refuseForBucket(kind: string): never {
  throw new AppError('location-invalid', {
    message: `A bucket of Oracle takes no credential of the kind ${kind} at its native address.`,
    hint: 'Use an API signing key (--option kind=oci), a pre-authenticated URL (kind=url), or a customer secret key with an s3:// location.',
  });
}
