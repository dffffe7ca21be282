import { AppError } from '../core/errors.ts';
import { authorise } from './authorise.ts';
import { unknownDatabase, viewOfDatabase } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { Service } from './service.ts';

/** How databases stand: for APIs that show databases rather than jobs. */
export function createDatabaseStanding({
  registry,
  store,
  environment,
}: ServiceDependencies): Pick<Service, 'databaseByUid' | 'databaseAbilities' | 'databaseJobs'> {
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
  };
}
