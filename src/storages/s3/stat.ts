import { HeadObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { faultOf } from './classify.ts';

/** An object as the server knows it. */
export interface StoredObject {
  readonly bytes: number;
  /** Which put stored it; null: none of ours. */
  readonly tag: string | null;
}

/** Says in an object's own metadata which call of put stored it. */
export const tagName = 'pumphouse-put';

/** Null when there is no such object, or no such bucket: the answer has no body to tell. */
export async function headObject(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
  signal: AbortSignal,
): Promise<StoredObject | null> {
  try {
    const { ContentLength = 0, Metadata } = await client.send(new HeadObjectCommand(object), {
      abortSignal: signal,
    });
    return { bytes: ContentLength, tag: Metadata?.[tagName] ?? null };
  } catch (error) {
    if (faultOf(error).status === 404) return null;
    throw error;
  }
}
