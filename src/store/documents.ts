import { newId } from '../base/id.ts';
import type { Trx } from './store-context.ts';
import { toJson } from './store-context.ts';

/** Characters of JSON that are worth remembering parsed. */
const cacheChars = 4 * 1024 * 1024;

/**
 * Plans and results, parsed once: a plan can be megabytes and goes with every claimed task. Documents are written once under an id of
 * their own, so a remembered one is never stale. What is given out is shared: readers must not change it.
 */
export interface DocumentCache {
  get(id: string): { readonly body: unknown } | undefined;
  set(id: string, body: unknown, chars: number): void;
}

/** A cache that forgets what was not asked for longest. */
export function createDocumentCache(limit = cacheChars): DocumentCache {
  const entries = new Map<string, { readonly body: unknown; readonly chars: number }>();
  let total = 0;
  return {
    get(id) {
      const entry = entries.get(id);
      if (entry === undefined) return undefined;
      entries.delete(id);
      entries.set(id, entry);
      return entry;
    },
    set(id, body, chars) {
      total += chars - (entries.get(id)?.chars ?? 0);
      entries.delete(id);
      entries.set(id, { body, chars });
      for (const [oldest, entry] of entries) {
        // The newest stays whatever its size: it is the plan of the job that runs now.
        if (total <= limit || oldest === id) break;
        entries.delete(oldest);
        total -= entry.chars;
      }
    },
  };
}

/** Writes a document in place of the one with id `replaced`; gives its id. */
export async function writeDocument(
  trx: Trx,
  jobId: string,
  body: unknown,
  replaced: string | null,
): Promise<string> {
  const id = newId();
  await deleteDocument(trx, replaced);
  await trx
    .insertInto('job_document')
    .values({ id, job_id: jobId, body_json: toJson(body) })
    .execute();
  return id;
}

export async function deleteDocument(trx: Trx, id: string | null): Promise<void> {
  if (id !== null) await trx.deleteFrom('job_document').where('id', '=', id).execute();
}

/** The body of a document; null for no document. */
export async function readDocument(trx: Trx, cache: DocumentCache, id: string | null): Promise<unknown> {
  if (id === null) return null;
  const known = cache.get(id);
  if (known !== undefined) return known.body;
  const row = await trx
    .selectFrom('job_document')
    .select('body_json')
    .where('id', '=', id)
    .executeTakeFirstOrThrow();
  const body: unknown = JSON.parse(row.body_json);
  cache.set(id, body, row.body_json.length);
  return body;
}
