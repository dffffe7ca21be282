import { type ErrorCode, errorCatalogue } from '../core/error-catalogue.ts';
import { AppError, type ErrorRecord } from '../core/errors.ts';
import type { JobLogEntry } from '../core/job.ts';
import { authorise } from './authorise.ts';
import { unknownDatabase, viewOfDatabase } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { Service } from './service.ts';

/** Entries of a log that are read at once. */
const logPage = 1000;
/** Jobs whose first error is kept in memory: those that are done do not change. */
const mostKept = 1000;

/** How databases stand: for APIs that show databases rather than jobs. */
export function createDatabaseStanding({
  registry,
  store,
  environment,
}: ServiceDependencies): Pick<
  Service,
  'databaseByUid' | 'databaseAbilities' | 'databaseJobs' | 'firstJobError'
> {
  const firstErrors = new Map<string, ErrorRecord>();

  async function findFirstError(id: string): Promise<ErrorRecord | null> {
    for (let after = 0; ; ) {
      const entries = await store.readLog(id, after, logPage);
      const found = entries.find(({ level }) => level === 'error');
      if (found !== undefined) return recordOf(found);
      const last = entries.at(-1);
      if (last === undefined || entries.length < logPage) return null;
      after = last.seq;
    }
  }

  return {
    async databaseByUid(context, uid) {
      authorise(context, 'database:read');
      const record = (await registry.listDatabases()).find((each) => each.uid === uid);
      if (record === undefined) {
        throw new AppError('database-unknown', {
          field: 'database',
          message: `There is no database with the uid ${uid}.`,
        });
      }
      authorise(context, 'database:read', { database: record.name });
      return viewOfDatabase(record);
    },

    async databaseAbilities(context, name) {
      authorise(context, 'database:read', { database: name });
      const { capabilities } = (await environment.database(name)).engine;
      const { modes, ownFiles, erase, tableExistsActions } = capabilities;
      return { modes, ownFileExtension: ownFiles?.extension ?? null, erase, tableExistsActions };
    },

    async databaseJobs(context, { database, api, kinds, states, limit }) {
      authorise(context, 'database:read', { database });
      if ((await registry.getDatabase(database)) === null) throw unknownDatabase(database);
      return await store.listJobs({
        databases: [database],
        limit,
        ...(api === undefined ? {} : { api }),
        ...(kinds === undefined ? {} : { kinds }),
        ...(states === undefined ? {} : { states }),
      });
    },

    async firstJobError(context, id) {
      const job = await store.getJob(id);
      if (job === null || job.state !== 'completed' || job.errorCount === 0) return null;
      authorise(context, 'database:read', { database: job.database });
      const kept = firstErrors.get(id);
      if (kept !== undefined) return kept;
      const found = await findFirstError(id);
      if (found === null) return null;
      const [oldest] = firstErrors.keys();
      if (firstErrors.size >= mostKept && oldest !== undefined) firstErrors.delete(oldest);
      firstErrors.set(id, found);
      return found;
    },
  };
}

/** An error line's code is in its data. */
function recordOf({ message, data }: JobLogEntry): ErrorRecord {
  const code = String(data.code);
  return { code: isErrorCode(code) ? code : 'internal', message, hint: '' };
}

const isErrorCode = (word: string): word is ErrorCode => Object.hasOwn(errorCatalogue, word);
