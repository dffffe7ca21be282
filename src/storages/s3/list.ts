import { ListObjectsCommand, ListObjectsV2Command, type S3Client } from '@aws-sdk/client-s3';
import { AppError } from '../../core/errors.ts';
import { createPageTokens } from '../blocks/page-tokens.ts';
import { isUnfinished } from '../file-name.ts';
import type { StoredFile } from '../storage.ts';
import type { S3Address } from './address.ts';

interface Page {
  readonly keys: readonly { readonly key: string; readonly bytes: number }[];
  /** Asks for the next page; null: this is the last. */
  readonly next: string | null;
}

type PageReader = (from: string | null) => Promise<Page>;

/**
 * The objects whose key begins with `prefix`, by their keys, page by page. Servers give them in byte order; one that does not is refused,
 * because nobody could merge its lists.
 */
export async function* listObjects(
  client: S3Client,
  address: S3Address,
  prefix: string,
  signal: AbortSignal,
): AsyncGenerator<StoredFile> {
  const readPage = pageReaders[address.dialect.listing](
    client,
    { Bucket: address.bucket, Prefix: prefix },
    signal,
  );
  const checkToken = createPageTokens(`${address.dialect.scheme}://${address.bucket}/${address.prefix}`);
  let last = Buffer.alloc(0);
  let page: Page = { keys: [], next: null };
  do {
    if (page.next !== null) checkToken(page.next);
    page = await readPage(page.next);
    for (const { key, bytes } of page.keys) {
      const current = Buffer.from(key);
      if (Buffer.compare(current, last) <= 0) throw outOfOrder(address);
      last = current;
      // Consoles make empty objects with a slash at the end, to show a folder.
      if (key.endsWith('/') || isUnfinished(key.slice(key.lastIndexOf('/') + 1))) continue;
      yield { name: key, bytes };
    }
  } while (page.next !== null);
}

interface Scope {
  readonly Bucket: string;
  readonly Prefix: string;
}

const pageReaders: Readonly<
  Record<'v1' | 'v2', (client: S3Client, scope: Scope, signal: AbortSignal) => PageReader>
> = {
  v2: (client, scope, signal) => async (from) => {
    const command = new ListObjectsV2Command({
      ...scope,
      // Keys may hold what XML cannot.
      EncodingType: 'url',
      ...(from === null ? {} : { ContinuationToken: from }),
    });
    const {
      Contents = [],
      IsTruncated,
      NextContinuationToken,
    } = await client.send(command, {
      abortSignal: signal,
    });
    return {
      keys: Contents.map(({ Key = '', Size = 0 }) => ({ key: decodeKey(Key), bytes: Size })),
      next: IsTruncated === true ? (NextContinuationToken ?? null) : null,
    };
  },
  v1: (client, scope, signal) => async (from) => {
    const command = new ListObjectsCommand({ ...scope, ...(from === null ? {} : { Marker: from }) });
    const { Contents = [], IsTruncated } = await client.send(command, { abortSignal: signal });
    return {
      keys: Contents.map(({ Key = '', Size = 0 }) => ({ key: Key, bytes: Size })),
      next: IsTruncated === true ? (Contents.at(-1)?.Key ?? null) : null,
    };
  },
};

/** As forms are encoded: some servers write a space as +. */
export const decodeKey = (text: string): string => decodeURIComponent(text.replaceAll('+', '%20'));

const outOfOrder = ({ bucket }: S3Address): AppError =>
  new AppError('unsupported', {
    message: `The bucket ${bucket} does not list its objects in the order of their names.`,
    hint: 'Use a general purpose bucket.',
    operation: 'list',
  });
