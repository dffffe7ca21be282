import { checkFileName } from '../../file-name.ts';
import { decodedPath, encodePath } from '../../web/address.ts';

/** A bucket of Oracle's object storage by its native address, or by a pre-authenticated one. */
export interface OciBucket {
  /** `/n/NAMESPACE/b/BUCKET`, after `/p/TOKEN` when it is pre-authenticated. */
  readonly root: URL;
  /** What stands before every name: '' or `backups/`. */
  readonly prefix: string;
  /** Printable, without secrets. */
  readonly description: string;
}

/** Whether a URL's path is that of a bucket: `/n/NAMESPACE/b/BUCKET/o/PREFIX`. */
export const isBucketUrl = ({ pathname }: URL): boolean => bucketPath.test(pathname);

const bucketPath = /^((?:\/p\/[^/]+)?\/n\/[^/]+\/b\/[^/]+)\/o(?:\/(.*))?$/s;

/**
 * @param url one that `isBucketUrl` holds for
 * @param description of the location, which is shown instead
 */
export function bucketOf(url: URL, description: string): OciBucket {
  const [, path = '', rest = ''] = bucketPath.exec(url.pathname) ?? [];
  const root = new URL(path, url.origin);
  const parts = decodedPath(new URL(`/${rest}`, url.origin));
  return {
    root,
    prefix: parts.map((part) => `${part}/`).join(''),
    description: description.replace(/\/+$/, ''),
  };
}

/** Address of the object `name`, or of its uploads (`u`). Throws `file-name-invalid`. */
export function objectUrl(
  bucket: OciBucket,
  name: string,
  kind: 'o' | 'u' = 'o',
  query: Readonly<Record<string, string>> = {},
): URL {
  checkFileName(name);
  return withQuery(bucket, `${kind}/${encodePath(`${bucket.prefix}${name}`.split('/'))}`, query);
}

/** An address below the bucket's own. */
export function withQuery({ root }: OciBucket, path: string, query: Readonly<Record<string, string>>): URL {
  const url = new URL(`${root.href}/${path}`);
  // Signatures are over the address as it is sent: a space is %20 there, never a plus sign.
  url.search = Object.entries(query)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
  return url;
}

export const subjectOf = ({ description }: OciBucket, name: string): string => `${description}/${name}`;
