import { randomBytes } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import { isJobDatabase } from '../core/job-database.ts';
import type { AccountSession } from '../engines/accounts.ts';
import type { EngineTarget } from '../engines/engine.ts';
import { sealTarget } from '../operations/environment.ts';
import type { DatabaseRecord } from '../registry/registry.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { unknownDatabase } from './databases.ts';
import { ioContext, type ServiceDependencies } from './dependencies.ts';
import {
  type AskedAdministrator,
  type AskedUser,
  readAdministrator,
  readDatabaseName,
  readUser,
} from './installation-input.ts';
import { createInstallationRecords, type InstallationRecord } from './installation-record.ts';
import type { InstallationReport, InstallationService, InstalledSetting } from './installation-service.ts';
import { refuseWhileUsed } from './refuse-while-used.ts';
import type { CallContext } from './service.ts';
import type { InTurn } from './wallet.ts';

const passwordBytes = 32;

/** What is registered under the name, and how far it works. */
interface Present {
  readonly record: DatabaseRecord;
  readonly target: EngineTarget;
  readonly standing: 'works' | 'refused';
}

/** Makes, mends and removes the users that jobs work as. An administrator's password is in the session with the database alone, and goes with it. */
export function createInstallations(parts: ServiceDependencies, inTurn: InTurn): InstallationService {
  const { registry, environment, wallet } = parts;
  const records = createInstallationRecords(parts, inTurn);

  const authorised = (context: CallContext, name: string, verb: string): Promise<void> =>
    authoriseCommand(parts, context, { name: `database:${verb}`, subject: name }, () =>
      authorise(context, 'database:manage'),
    );

  /** Throws `database-exists` when what is registered is another database than the administrator's. */
  async function present(
    { name, engine }: AskedAdministrator,
    session: AccountSession,
  ): Promise<Present | null> {
    const record = isJobDatabase(name) ? null : await registry.getDatabase(name);
    if (record === null) return null;
    const elsewhere = new AppError('database-exists', {
      field: 'name',
      message: `The name ${name} stands for another database: ${record.description}.`,
      hint: 'Give the URL of an administrator of that one, or choose another name.',
    });
    if (record.engine !== engine.id) throw elsewhere;
    const { target } = await environment.database(name);
    const standing = await session.check(target);
    if (standing === 'elsewhere') throw elsewhere;
    return { record, target, standing };
  }

  /** Makes what is missing, and sees to it that the registry leads there. */
  async function bringAbout(
    asked: AskedAdministrator,
    wanted: AskedUser,
    session: AccountSession,
    before: Present | null,
    known: InstallationRecord | null,
  ): Promise<Omit<InstallationReport, 'outcome'> & { readonly isChanged: boolean }> {
    const { name, engine, accounts, administrator, dryRun } = asked;
    const user = wanted.user ?? known?.user ?? `pumphouse_${name}`;
    refuseOtherUser(known, user);
    const own = before === null ? null : accounts.loginOf(before.target);
    const login = await chooseLogin(asked, wanted, session, { user, known, before });
    const record: InstallationRecord = {
      version: accounts.version,
      user,
      isTakenOver: login.isTakenOver,
      readOnly: wanted.readOnly ?? known?.readOnly ?? false,
      schemas: wanted.schemas ?? known?.schemas ?? null,
      owners: wanted.owners ?? known?.owners ?? [],
    };
    const { readOnly, schemas, owners } = record;
    const plan = await session.planInstall({
      user,
      password: login.isNew ? login.password : null,
      label: name,
      readOnly,
      schemas,
      owners,
    });
    const isRegistered = before !== null && own?.user === user && own.password === login.password;
    const target = accounts.targetOf(before?.target ?? administrator, { user, password: login.password });
    const settings = isRegistered ? [] : settingsOf(engine.describe(target), user);
    const isChanged = plan.steps.length > 0 || settings.length > 0 || !isSame(known, record);
    const report = {
      database: name,
      engine: engine.id,
      serverVersion: session.serverVersion,
      user,
      from: known?.version ?? null,
      to: accounts.version,
      settings,
      changes: plan.steps,
      isChanged,
    };
    if (dryRun) return { ...report, notes: plan.notes };
    const more = await plan.carryOut();
    if (!isRegistered) await register(name, engine.id, target, engine.describe(target), before !== null);
    if (!isSame(known, record)) await records.write(name, record);
    return { ...report, notes: [...plan.notes, ...more] };
  }

  async function register(
    name: string,
    engine: string,
    target: EngineTarget,
    description: string,
    exists: boolean,
  ): Promise<void> {
    await inTurn(async () => {
      const sealedTarget = sealTarget(wallet, target);
      if (exists) await registry.setDatabaseTarget(name, { sealedTarget, description });
      else await registry.addDatabase({ name, engine, sealedTarget, description });
    });
  }

  return {
    async installDatabase(context, rawInput) {
      const name = readDatabaseName(rawInput);
      await authorised(context, name, 'install');
      const asked = readAdministrator(environment, rawInput);
      const wanted = readUser(rawInput);
      await using session = await asked.accounts.open(asked.administrator, ioContext(parts, context));
      const before = await present(asked, session);
      const known = await records.read(name);
      const { isChanged, ...report } = await bringAbout(asked, wanted, session, before, known);
      const done = known === null ? 'installed' : isChanged ? 'upgraded' : 'unchanged';
      return { ...report, outcome: asked.dryRun ? 'planned' : done };
    },

    async repairDatabase(context, rawInput) {
      const name = readDatabaseName(rawInput);
      await authorised(context, name, 'repair');
      const asked = readAdministrator(environment, rawInput);
      await using session = await asked.accounts.open(asked.administrator, ioContext(parts, context));
      const before = await present(asked, session);
      if (before === null) throw unknownDatabase(name);
      const known = await records.read(name);
      if (known === null) throw notInstalled(name);
      const { isChanged, ...report } = await bringAbout(asked, asTheyAre, session, before, known);
      const done = isChanged ? 'repaired' : 'unchanged';
      return { ...report, outcome: asked.dryRun ? 'planned' : done };
    },

    async uninstallDatabase(context, rawInput) {
      const name = readDatabaseName(rawInput);
      await authorised(context, name, 'uninstall');
      const asked = readAdministrator(environment, rawInput);
      await using session = await asked.accounts.open(asked.administrator, ioContext(parts, context));
      const before = await present(asked, session);
      const known = await records.read(name);
      if (before !== null && known === null) throw notInstalled(name);
      const user = known?.user ?? `pumphouse_${name}`;
      if (before !== null) await refuseWhileUsed(parts, name);
      const isOurs = known?.isTakenOver !== true && (await session.standing(user, name)) === 'ours';
      const plan = isOurs ? await session.planRemoval(user) : null;
      const notes =
        known?.isTakenOver === true
          ? [
              `The user ${user} was there before the installation: it stays, with the rights that it was given.`,
            ]
          : [];
      const report: InstallationReport = {
        outcome: asked.dryRun ? 'planned' : plan === null && before === null ? 'unchanged' : 'uninstalled',
        database: name,
        engine: asked.engine.id,
        serverVersion: session.serverVersion,
        user,
        from: known?.version ?? null,
        to: asked.accounts.version,
        settings: [],
        changes: plan?.steps ?? [],
        notes: [...(plan?.notes ?? []), ...notes],
      };
      if (asked.dryRun) return report;
      const more = (await plan?.carryOut()) ?? [];
      if (before !== null) await registry.removeDatabase(name);
      return { ...report, notes: [...report.notes, ...more] };
    },
  };
}

const asTheyAre: AskedUser = {
  user: undefined,
  userPassword: undefined,
  readOnly: undefined,
  schemas: undefined,
  owners: undefined,
};

interface ChosenLogin {
  readonly password: string;
  /** It is to be set at the server. */
  readonly isNew: boolean;
  readonly isTakenOver: boolean;
}

/** A password that works stays. A user that nobody made for this database is taken over by who knows its password, and left alone by everybody else. */
async function chooseLogin(
  { name, accounts, administrator }: AskedAdministrator,
  { userPassword }: AskedUser,
  session: AccountSession,
  {
    user,
    known,
    before,
  }: { readonly user: string; readonly known: InstallationRecord | null; readonly before: Present | null },
): Promise<ChosenLogin> {
  const standing = await session.standing(user, name);
  const own = before === null ? null : accounts.loginOf(before.target);
  if (before?.standing === 'works' && own?.user === user && own.password !== null) {
    const isKept = userPassword === undefined || userPassword === own.password;
    if (isKept && standing !== 'none') {
      return { password: own.password, isNew: false, isTakenOver: standing === 'foreign' };
    }
  }
  if (standing === 'foreign') {
    const works =
      userPassword !== undefined &&
      (await session.check(accounts.targetOf(administrator, { user, password: userPassword }))) === 'works';
    if (works) return { password: userPassword, isNew: false, isTakenOver: true };
    throw new AppError('account-taken', {
      field: 'user',
      message:
        known === null
          ? `The database server has a user ${user} already, which was not made for the database ${name}.`
          : `The user ${user} of the database ${name} is somebody else's by now.`,
      ...(userPassword === undefined
        ? {}
        : { hint: 'The password that was given does not let it in: correct it, or choose another name.' }),
    });
  }
  const password = userPassword ?? randomBytes(passwordBytes).toString('base64url');
  return { password, isNew: true, isTakenOver: false };
}

/** One user for each installation: the rights of a second one would be nobody's to take away. */
function refuseOtherUser(known: InstallationRecord | null, user: string): void {
  if (known === null || known.user === user) return;
  throw new AppError('field-invalid', {
    field: 'user',
    message: `user is ${JSON.stringify(user)}, and the installation that is there has made ${JSON.stringify(known.user)}.`,
    hint: 'Leave it out, or uninstall first.',
  });
}

const settingsOf = (url: string, user: string): readonly InstalledSetting[] => [
  { setting: 'db.url', value: url, place: 'store' },
  { setting: 'db.username', value: user, place: 'store' },
  { setting: 'db.password', value: null, place: 'store' },
];

const isSame = (known: InstallationRecord | null, record: InstallationRecord): boolean =>
  known !== null && JSON.stringify(known) === JSON.stringify(record);

const notInstalled = (name: string): AppError =>
  new AppError('not-installed', {
    field: 'name',
    message: `The database ${name} was registered by hand: no user was made for it.`,
  });
