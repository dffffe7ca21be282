import {
  AbortMultipartUploadCommand,
  type CompletedPart,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  ListPartsCommand,
  type S3Client,
  UploadPartCommand,
} from '@aws-sdk/client-s3';
import type { PartUpload } from '../blocks/part-upload.ts';
import { faultOf } from './classify.ts';
import { beginLive, uploadEnded } from './live-uploads.ts';
import { type Publication, publish } from './publish.ts';
import { liveKeyOf, storedAs } from './target.ts';
import { sendOptions } from './transport.ts';

/** How long the rest of a failed upload is tidied away before it is left to a sweep. */
const tidyMs = 5000;

/** Begins a multipart upload, which is live for sweeps of this process until it has ended. */
export async function beginParts(
  publication: Publication,
  onSent: (() => void) | undefined,
  signal: AbortSignal,
): Promise<PartUpload> {
  const { target, tag } = publication;
  const { client } = target.connection;
  const liveKey = liveKeyOf(target.address, target.object.Key);
  const id = await beginLive(liveKey, async () => {
    const create = new CreateMultipartUploadCommand({ ...target.object, ...storedAs(target.address, tag) });
    const { UploadId = '' } = await client.send(create, { abortSignal: signal });
    return UploadId;
  });
  const upload = { ...target.object, UploadId: id };
  const parts: CompletedPart[] = [];
  let bytes = 0;
  return {
    async send(number, body, late) {
      const command = new UploadPartCommand({
        ...upload,
        PartNumber: number,
        Body: body,
        ContentLength: body.length,
      });
      const length = body.length;
      const { ETag, ChecksumCRC32 } = await client.send(command, sendOptions(late, onSent, number === 1));
      parts[number - 1] = {
        PartNumber: number,
        ...(ETag === undefined ? {} : { ETag }),
        ...(ChecksumCRC32 === undefined ? {} : { ChecksumCRC32 }),
      };
      bytes += length;
    },
    async commit(_count, late) {
      await publish(publication, bytes, late, (condition) =>
        client.send(
          new CompleteMultipartUploadCommand({ ...upload, ...condition, MultipartUpload: { Parts: parts } }),
          { abortSignal: late },
        ),
      );
      uploadEnded(liveKey, id);
    },
    async abort() {
      try {
        await abortUpload(client, upload, AbortSignal.timeout(tidyMs));
      } catch {
        // The storage has gone, perhaps: what is left there is for a sweep.
      } finally {
        uploadEnded(liveKey, id);
      }
    },
  };
}

/** Removes an unfinished upload. A part that the server was still storing can bring it back, so that it is looked for afterwards. */
export async function abortUpload(
  client: S3Client,
  upload: { readonly Bucket: string; readonly Key: string; readonly UploadId: string },
  signal: AbortSignal,
): Promise<void> {
  const options = { abortSignal: signal };
  try {
    for (;;) {
      await client.send(new AbortMultipartUploadCommand(upload), options);
      await client.send(new ListPartsCommand({ ...upload, MaxParts: 1 }), options);
    }
  } catch (error) {
    if (faultOf(error).status !== 404) throw error;
  }
}
