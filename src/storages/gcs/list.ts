import { createPageTokens } from '../blocks/page-tokens.ts';
import type { StoredFile } from '../storage.ts';
import type { GcsClient } from './client.ts';
import { objectFields, objectOf, readJson } from './object.ts';

/** The objects whose key begins with `prefix`, with whole keys; the storage orders them by their bytes. Throws AppErrors. */
export async function* listObjects(
  client: GcsClient,
  prefix: string,
  subject: string,
  signal: AbortSignal,
): AsyncGenerator<StoredFile> {
  const query = new URLSearchParams({ prefix, fields: `nextPageToken,items(${objectFields})` });
  const checkToken = createPageTokens(subject);
  for (;;) {
    const url = `/storage/v1/b/${client.address.bucket}/o?${query}`;
    const request = { operation: 'list', subject, method: 'GET', url, takes: [200] } as const;
    const { items, nextPageToken } = await readJson(await client.send(request, signal));
    for (const item of (items ?? []) as readonly unknown[]) {
      const { name, bytes } = objectOf(item);
      // Consoles make objects of no bytes for folders.
      if (!name.endsWith('/')) yield { name, bytes };
    }
    if (typeof nextPageToken !== 'string') return;
    checkToken(nextPageToken);
    query.set('pageToken', nextPageToken);
  }
}
