import type { S3Address } from './address.ts';
import type { S3Connection } from './client.ts';
import { tagName } from './stat.ts';

/** An object that is to be stored. */
export interface S3Target {
  readonly connection: S3Connection;
  readonly address: S3Address;
  readonly object: { readonly Bucket: string; readonly Key: string };
  /** How errors name it. */
  readonly subject: string;
}

/** Tells the object from those of the same key at other servers. */
export const liveKeyOf = ({ endpoint, region, bucket }: S3Address, key: string): string =>
  JSON.stringify([endpoint?.href ?? region, bucket, key]);

/** What the request that makes an object says about how it is to be kept. */
export function storedAs({ storageClass, encryption }: S3Address, tag: string) {
  return {
    ContentType: 'application/octet-stream',
    Metadata: { [tagName]: tag },
    ...(storageClass === null ? {} : { StorageClass: storageClass as 'STANDARD' }),
    ...(encryption === null ? {} : { ServerSideEncryption: encryption.method }),
    ...(encryption?.key == null ? {} : { SSEKMSKeyId: encryption.key }),
  };
}
