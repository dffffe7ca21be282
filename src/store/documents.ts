import { newId } from '../base/id.ts';
import { type Db, type Trx, toJson } from './store-context.ts';

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

/** Documents of one query: each may be megabytes. */
const batch = 20;

/** Bodies by id; without those that are gone. */
export async function readDocuments(
  db: Db,
  cache: DocumentCache,
  ids: readonly string[],
): Promise<ReadonlyMap<string, unknown>> {
  const bodies = new Map<string, unknown>();
  const missing: string[] = [];
  for (const id of ids) {
    const known = cache.get(id);
    if (known === undefined) missing.push(id);
    else bodies.set(id, known.body);
  }
  for (let start = 0; start < missing.length; start += batch) {
    const rows = await db
      .selectFrom('job_document')
      .select(['id', 'body_json'])
      .where('id', 'in', missing.slice(start, start + batch))
      .execute();
    for (const { id, body_json } of rows) {
      const body: unknown = JSON.parse(body_json);
      cache.set(id, body, body_json.length);
      bodies.set(id, body);
    }
  }
  return bodies;
}
