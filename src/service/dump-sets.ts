import { AppError } from '../core/errors.ts';
import type { Manifest } from '../core/manifest.ts';
import { everyDatabase, isAllowed } from '../core/permission.ts';
import type { LocationRequest } from '../core/request.ts';
import { listDumpSets } from '../dump/list-sets.ts';
import { openDumpSet } from '../dump/read-set.ts';
import type { Storage } from '../storages/storage.ts';
import { authorise } from './authorise.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { readFilePattern, readLocation } from './input.ts';
import { authoriseLocation } from './locations.ts';
import type { CallContext, DumpSetView, Service } from './service.ts';

/** Queries about dump sets. A developer sees the sets of the databases that he may use. */
export function createDumpSets(parts: ServiceDependencies): Pick<Service, 'listDumpSets' | 'showDumpSet'> {
  const { environment } = parts;

  async function storageAt(context: CallContext, location: LocationRequest): Promise<Storage> {
    authorise(context, 'dump:read');
    const place = readLocation(location);
    await authoriseLocation(parts, context, place);
    return await environment.storage(place);
  }

  return {
    async listDumpSets(context, location) {
      const storage = await storageAt(context, location);
      const views: DumpSetView[] = [];
      for await (const { filePattern, layout, manifest } of listDumpSets(
        storage,
        ioContext(parts, context),
      )) {
        if (mayRead(context, manifest)) views.push(viewOf(filePattern, layout.form, manifest));
      }
      return views;
    },

    async showDumpSet(context, location, filePattern) {
      const storage = await storageAt(context, location);
      const pattern = readFilePattern(filePattern) ?? null;
      const { manifest } = await openDumpSet(storage, pattern, ioContext(parts, context));
      requireReading(context, manifest);
      return manifest;
    },
  };
}

/** Throws `forbidden` when the set holds data of a database that the caller has no grant on. */
export async function authoriseDumpSet(
  parts: ServiceDependencies,
  context: CallContext,
  location: LocationRequest,
  filePattern: string | null,
): Promise<void> {
  // Only grants can be missing here; without any to check, the set is not read twice.
  const { role, databases } = context.caller;
  if (role !== 'developer' || databases.includes(everyDatabase)) return;
  const storage = await parts.environment.storage(location);
  const { manifest } = await openDumpSet(storage, filePattern, ioContext(parts, context));
  requireReading(context, manifest);
}

const mayRead = ({ caller }: CallContext, { source }: Manifest): boolean =>
  isAllowed(caller, 'dump:read', { database: source.database });

function requireReading(context: CallContext, manifest: Manifest): void {
  if (mayRead(context, manifest)) return;
  throw new AppError('forbidden', {
    field: 'file_pattern',
    message: `The dump set holds data of database ${manifest.source.database}, on which user ${context.caller.name} has no grant.`,
  });
}

function viewOf(filePattern: string, form: DumpSetView['form'], manifest: Manifest): DumpSetView {
  const { job, source, createdAt, tables, files } = manifest;
  return {
    filePattern,
    form,
    job: job.name,
    engine: source.engine,
    database: source.database,
    createdAt,
    tables: tables.length,
    rows: tables.reduce((sum, table) => sum + table.rows, 0),
    bytes: files.reduce((sum, file) => sum + file.bytes, 0),
    consistency: manifest.consistency.kind,
    isEncrypted: manifest.encryption !== undefined,
    errors: tables.filter((table) => table.status === 'failed').length,
    reducedTables: tables.filter((table) => table.reduced !== undefined).length,
  };
}
