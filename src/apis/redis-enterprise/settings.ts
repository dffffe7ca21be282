import type { ApiDocument, CallContext, Service } from '../../service/service.ts';

export const apiId = 'redis-enterprise';
const key = 'settings';

/** A tag of a database. */
export interface Tag {
  readonly key: string;
  readonly value: string;
}

/** What this API keeps about a database, sealed, since import sources hold credentials. */
export interface BdbSettings {
  /** `seq` of the newest export when its status was reset; 0: there was none. */
  readonly exportReset?: number;
  readonly importReset?: number;
  readonly backupReset?: true;
  readonly skipImportAnalyze?: 'enabled' | 'disabled';
  /** As PUT gave them, already checked; null: taken away. */
  readonly sources?: readonly Readonly<Record<string, unknown>>[] | null;
  readonly tags?: readonly Tag[];
  /** When a PUT changed something last; milliseconds since 1970. */
  readonly changedAt?: number;
}

/** The settings of one database. */
export async function readSettings(
  service: Service,
  context: CallContext,
  database: string,
): Promise<BdbSettings> {
  return ((await service.apiDocument(context, { api: apiId, database, key })) ?? {}) as BdbSettings;
}

/** Those of all databases that the caller may read. */
export const allSettings = (
  service: Service,
  context: CallContext,
): Promise<ReadonlyMap<string, BdbSettings>> => service.apiDocuments(context, apiId, key);

/** Changes what is kept about a database, as one step; `action` is what the audit trail calls it. */
export async function changeSettings(
  service: Service,
  context: CallContext,
  database: string,
  action: string,
  change: BdbSettings,
): Promise<BdbSettings> {
  const changed = await service.changeApiDocument(
    context,
    { api: apiId, database, key },
    action,
    (document: ApiDocument | null) => ({ ...document, ...change }),
  );
  return (changed ?? {}) as BdbSettings;
}
