import { AppError } from '../core/errors.ts';
import { unfinishedStates } from '../core/job.ts';
import { checkNewName } from '../core/name.ts';
import { isAllowed } from '../core/permission.ts';
import type { SourceSession, TargetSession } from '../engines/engine.ts';
import { sealTarget } from '../operations/environment.ts';
import type { DatabaseRecord } from '../registry/registry.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { parseTarget, withPassword } from './database-url.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { readChoice, readObject, readText } from './input.ts';
import type { CallContext, DatabaseView, Service } from './service.ts';

type DatabaseFunctions = Pick<
  Service,
  'addDatabase' | 'getDatabase' | 'listDatabases' | 'removeDatabase' | 'testDatabase' | 'inspectDatabase'
>;

const urlHint = 'Give a URL such as postgres://user@host:5432/database or sqlite:/path/to/file.';

/** Registered databases: commands and queries. */
export function createDatabases(parts: ServiceDependencies): DatabaseFunctions {
  const { registry, environment, sealer, store } = parts;

  /** The record, for a caller who may read it. A developer learns nothing about databases that he has no grant on. */
  async function find(context: CallContext, name: string): Promise<DatabaseRecord> {
    authorise(context, 'database:read', { database: name });
    const record = await registry.getDatabase(name);
    if (record !== null) return record;
    throw unknownDatabase(name);
  }

  return {
    async addDatabase(context, rawInput) {
      const input = readObject(rawInput);
      const name = checkNewName(input.name, 'name');
      await authoriseCommand(parts, context, { name: 'database:add', subject: name }, () =>
        authorise(context, 'database:manage'),
      );
      const given = readText(input.url, 'url', urlHint);
      const password = input.password ?? undefined;
      const url =
        password === undefined
          ? given
          : withPassword(given, readText(password, 'password', 'Give the password as a text.'));
      const engine = environment.engineForUrl(url);
      const target = parseTarget(engine, url);
      const record = await registry.addDatabase({
        name,
        engine: engine.id,
        sealedTarget: sealTarget(sealer, target),
        description: engine.describe(target),
      });
      return viewOf(record);
    },

    async getDatabase(context, name) {
      return viewOf(await find(context, name));
    },

    async listDatabases(context) {
      authorise(context, 'database:read');
      const records = await registry.listDatabases();
      return records
        .filter(({ name }) => isAllowed(context.caller, 'database:read', { database: name }))
        .map(viewOf);
    },

    async removeDatabase(context, name) {
      await authoriseCommand(parts, context, { name: 'database:remove', subject: name }, () =>
        authorise(context, 'database:manage'),
      );
      const [job] = await store.listJobs({ databases: [name], states: unfinishedStates, limit: 1 });
      if (job !== undefined) {
        throw new AppError('database-in-use', {
          field: 'name',
          message: `The job ${job.name} of database ${name} is not finished.`,
        });
      }
      await registry.removeDatabase(name);
    },

    async testDatabase(context, name, rawPurpose) {
      const record = await find(context, name);
      const purpose = readChoice(rawPurpose, 'purpose', ['export', 'import']) ?? 'export';
      const { engine, target } = await environment.database(name);
      const io = ioContext(parts, context);
      const open: Promise<SourceSession | TargetSession> =
        purpose === 'import' ? engine.openTarget(target, io) : engine.openSource(target, io);
      await using session = await open;
      const findings = await session.preflight(io);
      return { engine: record.engine, serverVersion: session.serverVersion, findings };
    },

    async inspectDatabase(context, name) {
      await find(context, name);
      const { engine, target } = await environment.database(name);
      const io = ioContext(parts, context);
      await using session = await engine.openSource(target, io);
      await using snapshot = await session.begin(1, io);
      return await snapshot.inspect(io);
    },
  };
}

export const unknownDatabase = (name: string): AppError =>
  new AppError('database-unknown', {
    field: 'database',
    message: `There is no database ${JSON.stringify(name)}.`,
  });

const viewOf = ({ name, uid, engine, description, createdAt }: DatabaseRecord): DatabaseView => ({
  name,
  uid,
  engine,
  url: description,
  createdAt,
});
