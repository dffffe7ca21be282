import { AppError } from '../../core/errors.ts';
import { keyPrefixOf } from '../blocks/key-prefix.ts';
import type { StoragePlace } from '../storage.ts';

/** Where a bucket is, and what stands before every name in it. */
export interface GcsAddress {
  readonly bucket: string;
  /** '' or `a/b/`. */
  readonly prefix: string;
  /** Without slash at its end: `https://storage.googleapis.com`. */
  readonly endpoint: string;
  /** The endpoint is Google's: what this machine has been trusted with may be sent there. */
  readonly isGoogles: boolean;
}

const bucketName = /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/;

/** Reads a location's URL and options. Throws `location-invalid`. */
export function gcsAddress({ url, options }: StoragePlace): GcsAddress {
  if (url.username + url.password !== '') {
    throw invalid(
      'The storage URL holds a user or a password.',
      'Put the key file into a credential (pumphouse credential add NAME --type gcs).',
    );
  }
  if (!bucketName.test(url.host)) {
    throw invalid(
      `The storage URL names the bucket ${JSON.stringify(url.host)}, which cannot be one.`,
      'Buckets have 3 to 222 lower-case letters, digits, hyphens, underscores and dots: gs://bucket/prefix.',
    );
  }
  const endpoint = URL.parse(options.endpoint ?? 'https://storage.googleapis.com');
  if (
    endpoint === null ||
    !/^https?:$/.test(endpoint.protocol) ||
    endpoint.username + endpoint.password + endpoint.search + endpoint.hash !== ''
  ) {
    throw invalid(
      'The endpoint of the location is not a plain http: or https: URL.',
      'Leave it out for Google Cloud Storage, or write it as https://storage.example.net.',
    );
  }
  return {
    bucket: url.host,
    prefix: keyPrefixOf(url),
    endpoint: endpoint.href.replace(/\/$/, ''),
    isGoogles: endpoint.protocol === 'https:' && /(^|\.)googleapis\.com$/.test(endpoint.hostname),
  };
}

export const invalid = (message: string, hint: string): AppError =>
  new AppError('location-invalid', { message, hint });
