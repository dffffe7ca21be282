import { AppError } from '../../core/errors.ts';
import { keyPrefixOf } from '../blocks/key-prefix.ts';
import type { PlaceOption, StoragePlace } from '../storage.ts';
import type { S3Dialect } from './dialect.ts';

/** A location, read: which bucket, where, and how files are to be stored there. */
export interface S3Address {
  readonly dialect: S3Dialect;
  readonly bucket: string;
  /** Stands before every name: '' or `a/b/`. */
  readonly prefix: string;
  readonly region: string;
  /** Null: that of the vendor, which the client library knows. */
  readonly endpoint: URL | null;
  /** The bucket is part of the path, not of the host name. */
  readonly pathStyle: boolean;
  readonly storageClass: string | null;
  readonly encryption: Encryption | null;
}

/** Encryption by the storage itself, with its own key or a named one of its key service. */
export interface Encryption {
  readonly method: EncryptionMethod;
  readonly key: string | null;
}

const encryptionMethods = ['AES256', 'aws:kms', 'aws:kms:dsse'] as const;
type EncryptionMethod = (typeof encryptionMethods)[number];

export const placeOptions: readonly PlaceOption[] = [
  {
    name: 'endpoint',
    help: 'The URL of the storage where it is not that of the vendor: http://host:port or https://host',
  },
  { name: 'region', help: 'The region of the bucket' },
  {
    name: 'path-style',
    help: "true or false: whether the bucket stands in the path and not in the host name; false by default for the vendor's own hosts, else true",
    values: ['true', 'false'],
  },
  { name: 'storage-class', help: 'The class that files are stored in: STANDARD_IA' },
  {
    name: 'server-side-encryption',
    help: `Encryption by the storage: ${encryptionMethods.join(', ')}`,
    values: encryptionMethods,
  },
  { name: 'kms-key', help: 'The key of the key service, for aws:kms and aws:kms:dsse' },
];

/** Throws `location-invalid`. */
export function s3Address({ url, options }: StoragePlace, dialect: S3Dialect): S3Address {
  if (url.username !== '' || url.password !== '')
    throw invalid('holds keys', 'Put them into a credential (pumphouse credential add NAME --type s3).');
  if (url.port !== '') {
    throw invalid(
      `has the port ${url.port} behind the bucket`,
      `Name the server in the query: ${dialect.scheme}://bucket/prefix?endpoint=http://host:${url.port}.`,
    );
  }
  const endpoint = endpointOf(options, dialect);
  return {
    dialect,
    bucket: bucketOf(url, dialect),
    prefix: keyPrefixOf(url),
    region: regionOf(options, dialect),
    endpoint,
    pathStyle: pathStyleOf(options, dialect, endpoint),
    storageClass: word(options, 'storage-class', /^[A-Z][A-Z0-9_-]*$/, 'STANDARD_IA'),
    encryption: encryptionOf(options),
  };
}

function bucketOf(url: URL, { scheme }: S3Dialect): string {
  // Upper case and underscores: buckets of former times, and of other servers.
  if (/^[A-Za-z0-9][A-Za-z0-9._-]{1,254}$/.test(url.hostname)) return url.hostname;
  throw invalid('names no bucket', `Write ${scheme}://bucket/prefix.`);
}

function regionOf(options: StoragePlace['options'], dialect: S3Dialect): string {
  const region = word(options, 'region', /^[a-z0-9][a-z0-9-]*$/i, 'eu-west-1') ?? dialect.region;
  if (region !== null) return region;
  // To a server that the user names, the region is a word in the signature.
  if (options.endpoint !== undefined) return 'us-east-1';
  throw invalid(
    'names no region',
    `Add it to the query: ${dialect.scheme}://bucket/prefix?region=eu-west-101.`,
  );
}

function endpointOf(options: StoragePlace['options'], dialect: S3Dialect): URL | null {
  const text = options.endpoint ?? dialect.endpoint?.(regionOf(options, dialect));
  if (text === undefined) return null;
  const endpoint = URL.parse(text);
  const isPlain =
    endpoint !== null &&
    ['http:', 'https:'].includes(endpoint.protocol) &&
    [endpoint.username, endpoint.password, endpoint.search, endpoint.hash].every((part) => part === '');
  if (isPlain) return endpoint;
  throw invalid(
    'has an endpoint that is no plain URL',
    'Write endpoint=https://host or endpoint=http://host:port.',
  );
}

function pathStyleOf(
  options: StoragePlace['options'],
  { ownHosts }: S3Dialect,
  endpoint: URL | null,
): boolean {
  const given = word(options, 'path-style', /^(true|false)$/, 'true or false');
  if (given !== null) return given === 'true';
  return endpoint !== null && !ownHosts.test(endpoint.hostname);
}

function encryptionOf(options: StoragePlace['options']): Encryption | null {
  const method = options['server-side-encryption'];
  const key = word(options, 'kms-key', /^[\x21-\x7e]+$/, 'alias/dumps');
  if (key !== null && method?.startsWith('aws:') !== true)
    throw invalid('has kms-key without a use for it', 'Add server-side-encryption=aws:kms.');
  if (method === undefined) return null;
  const known = encryptionMethods.find((each) => each === method);
  if (known !== undefined) return { method: known, key };
  throw invalid(
    'has a server-side-encryption that is not known',
    `Choose from ${encryptionMethods.join(', ')}.`,
  );
}

/** An option of a certain form. Its value is not repeated: it may be a secret in the wrong place. */
function word(options: StoragePlace['options'], name: string, form: RegExp, example: string): string | null {
  const value = options[name];
  if (value === undefined) return null;
  if (form.test(value)) return value;
  throw invalid(`has the option ${name} with a value of another form`, `Write for example ${example}.`);
}

const invalid = (fault: string, hint: string): AppError =>
  new AppError('location-invalid', { message: `The storage URL ${fault}.`, hint });

/** The place without secrets: its URL. */
export const descriptionOf = ({ url }: StoragePlace): string => url.href.replace(/\/$/, '');
