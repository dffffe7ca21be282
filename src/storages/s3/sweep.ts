import { ListMultipartUploadsCommand, type S3Client } from '@aws-sdk/client-s3';
import { createPageTokens } from '../blocks/page-tokens.ts';
import type { S3Address } from './address.ts';
import { decodeKey } from './list.ts';
import { isLive } from './live-uploads.ts';
import { abortUpload } from './parts.ts';
import { liveKeyOf } from './target.ts';

/**
 * Aborts the unfinished uploads of keys that begin with `prefix`, but for those that this process has under way. The server does not say who
 * began an upload: see `sweep` in storage.ts for what that means to a writer elsewhere.
 */
export async function sweepUploads(
  client: S3Client,
  address: S3Address,
  prefix: string,
  signal: AbortSignal,
): Promise<void> {
  for (const { Key, UploadId } of await unfinishedUploads(client, address, prefix, signal)) {
    if (isLive(liveKeyOf(address, Key), UploadId)) continue;
    await abortUpload(client, { Bucket: address.bucket, Key, UploadId }, signal);
  }
}

/** All of them: aborting changes the list that is being read. */
export async function unfinishedUploads(
  client: S3Client,
  { bucket, dialect }: S3Address,
  prefix: string,
  signal: AbortSignal,
): Promise<readonly { readonly Key: string; readonly UploadId: string }[]> {
  const found: { readonly Key: string; readonly UploadId: string }[] = [];
  const checkToken = createPageTokens(`${dialect.scheme}://${bucket}`);
  let from: { readonly KeyMarker: string; readonly UploadIdMarker: string } | null = null;
  do {
    if (from !== null) checkToken(JSON.stringify(from));
    const command: ListMultipartUploadsCommand = new ListMultipartUploadsCommand({
      Bucket: bucket,
      Prefix: prefix,
      EncodingType: 'url',
      ...from,
    });
    const page = await client.send(command, { abortSignal: signal });
    for (const { Key = '', UploadId = '' } of page.Uploads ?? []) {
      found.push({ Key: decodeKey(Key), UploadId });
    }
    from =
      page.IsTruncated === true
        ? { KeyMarker: decodeKey(page.NextKeyMarker ?? ''), UploadIdMarker: page.NextUploadIdMarker ?? '' }
        : null;
  } while (from !== null);
  return found;
}
