import type { Catalogue } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import { isJobDatabase } from '../core/job-database.ts';
import { checkNewName } from '../core/name.ts';
import { isAllowed } from '../core/permission.ts';
import type { SourceSession } from '../engines/engine.ts';
import { sealTarget } from '../operations/environment.ts';
import { refuseReadOnly } from '../operations/read-only-storage.ts';
import type { DatabaseRecord } from '../registry/registry.ts';
import type { Storage } from '../storages/storage.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { parseTarget, withPassword } from './database-url.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readChoice, readFlag, readLocation, readObject, readText } from './input.ts';
import { dumpSetFindings, spaceFindings } from './location-findings.ts';
import { authoriseLocation } from './locations.ts';
import { refuseWhileUsed } from './refuse-while-used.ts';
import type { CallContext, DatabaseView, Service } from './service.ts';
import type { InTurn } from './wallet.ts';

type DatabaseFunctions = Pick<
  Service,
  'addDatabase' | 'getDatabase' | 'listDatabases' | 'removeDatabase' | 'testDatabase' | 'inspectDatabase'
>;

const urlHint = 'Give a URL such as postgres://user@host:5432/database or sqlite:/path/to/file.';

/** Registered databases: commands and queries. */
export function createDatabases(parts: ServiceDependencies, inTurn: InTurn): DatabaseFunctions {
  const { registry, environment, wallet } = parts;

  /** The record, for a caller who may read it. A developer learns nothing about databases that he has no grant on. */
  async function find(context: CallContext, name: string): Promise<DatabaseRecord> {
    authorise(context, 'database:read', { database: name });
    const record = isJobDatabase(name) ? null : await registry.getDatabase(name);
    if (record !== null) return record;
    throw unknownDatabase(name);
  }

  /**
   * The storage that the dump files would be at; null where none is named. Whoever asks about one must be allowed to start the job that
   * would use it: the answer tells about the place.
   */
  async function storageFor(
    context: CallContext,
    database: string,
    purpose: 'export' | 'import',
    given: unknown,
  ): Promise<Storage | null> {
    if (given === undefined || given === null) return null;
    const location = readLocation(given);
    authorise(context, `${purpose}:start`, { database });
    await authoriseLocation(parts, context, location);
    const storage = await environment.storage(location);
    if (purpose === 'export') refuseReadOnly(storage, location);
    return storage;
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
      const shared = readFlag(input.shared, 'shared');
      if (shared && !engine.capabilities.localFiles) {
        throw fieldInvalid(
          'shared',
          'is said of a server that every instance reaches anyway',
          'Leave it out.',
        );
      }
      const record = await inTurn(() =>
        registry.addDatabase({
          name,
          engine: engine.id,
          sealedTarget: sealTarget(wallet, target),
          description: engine.describe(target),
          shared,
        }),
      );
      return viewOfDatabase(record);
    },

    async getDatabase(context, name) {
      return viewOfDatabase(await find(context, name));
    },

    async listDatabases(context) {
      authorise(context, 'database:read');
      const records = await registry.listDatabases();
      return records
        .filter(({ name }) => isAllowed(context.caller, 'database:read', { database: name }))
        .map(viewOfDatabase);
    },

    async removeDatabase(context, name) {
      await authoriseCommand(parts, context, { name: 'database:remove', subject: name }, () =>
        authorise(context, 'database:manage'),
      );
      if (isJobDatabase(name)) throw unknownDatabase(name);
      await refuseWhileUsed(parts, name);
      await registry.removeDatabase(name);
    },

    async testDatabase(context, name, rawInput) {
      const input = readObject(rawInput);
      const record = await find(context, name);
      const purpose = readChoice(input.purpose, 'purpose', ['export', 'import']) ?? 'export';
      const io = ioContext(parts, context);
      const storage = await storageFor(context, name, purpose, input.location);
      const { engine, target } = await environment.database(name);
      if (purpose === 'import') {
        await using session = await engine.openTarget(target, io);
        const found = await session.preflight(io);
        const place = storage === null ? [] : await dumpSetFindings(storage, io);
        return {
          engine: record.engine,
          serverVersion: session.serverVersion,
          findings: [...found, ...place],
        };
      }
      await using session = await engine.openSource(target, io);
      const found = await session.preflight(io);
      // A database that cannot be exported may not even let itself be looked at.
      const isRed = found.some(({ level }) => level === 'red');
      const place =
        storage === null ? [] : await spaceFindings(storage, isRed ? null : await dataBytes(session, io), io);
      return { engine: record.engine, serverVersion: session.serverVersion, findings: [...found, ...place] };
    },

    async inspectDatabase(context, name) {
      await find(context, name);
      const { engine, target } = await environment.database(name);
      const io = ioContext(parts, context);
      await using session = await engine.openSource(target, io);
      return await inspect(session, io);
    },
  };
}

async function inspect(session: SourceSession, context: OperationContext): Promise<Catalogue> {
  await using snapshot = await session.begin(1, context);
  return await snapshot.inspect(context);
}

/** Bytes of all tables, as the statistics of the database estimate them. */
async function dataBytes(session: SourceSession, context: OperationContext): Promise<number> {
  const { tables } = await inspect(session, context);
  return tables.reduce((total, { estimate }) => total + estimate.bytes, 0);
}

export const unknownDatabase = (name: string): AppError =>
  new AppError('database-unknown', {
    field: 'database',
    message: `There is no database ${JSON.stringify(name)}.`,
  });

export const viewOfDatabase = ({
  name,
  uid,
  engine,
  description,
  shared,
  createdAt,
}: DatabaseRecord): DatabaseView => ({
  name,
  uid,
  engine,
  url: description,
  shared,
  createdAt,
});
