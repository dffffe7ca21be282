import { AppError, toAppError } from '../core/errors.ts';
import { checkNewName, checkNewUserName } from '../core/name.ts';
import { everyDatabase, localAdministrator } from '../core/permission.ts';
import type { Provision, Unprovided } from '../core/provision.ts';
import { sealTarget } from '../operations/environment.ts';
import { parseTarget, withPassword } from './database-url.ts';
import type { ServiceDependencies } from './dependencies.ts';

/**
 * Registers databases and users as a config folder has them: what is there already under the same name becomes as the folder says, what the folder does not
 * know stays. Any number of instances may do so at once, and one entry that is wrong keeps no other out.
 */
export async function provide(
  {
    registry,
    environment,
    wallet,
    clock,
  }: Pick<ServiceDependencies, 'registry' | 'environment' | 'wallet' | 'clock'>,
  { databases, unusable, users }: Provision,
): Promise<readonly Unprovided[]> {
  const wrong: Unprovided[] = unusable.map((each) => ({ kind: 'database', ...each }));
  const attempt = async (
    kind: Unprovided['kind'],
    name: string,
    work: () => Promise<unknown>,
  ): Promise<void> => {
    try {
      await work();
    } catch (error) {
      wrong.push({ kind, name, problem: toAppError(error).message });
    }
  };
  /** As of a request: the folder speaks for whoever may start the service. */
  const audit = (action: string, subject: string): Promise<void> =>
    registry.audit({
      at: clock.now(),
      caller: localAdministrator.name,
      action,
      subject,
      outcome: 'allowed',
      requestId: 'start',
    });
  for (const { name, url, password } of databases) {
    await attempt('database', name, async () => {
      checkNewName(name, 'name');
      const whole = password === null ? url : withPassword(url, password.reveal());
      const engine = environment.engineForUrl(whole);
      const target = parseTarget(engine, whole);
      const plain = JSON.stringify(target);
      const known = await registry.getDatabase(name);
      // Sealing gives another text each time: what is the same already is left alone.
      if (known?.engine === engine.id && wallet.unseal(known.sealedTarget) === plain) return;
      const record = {
        engine: engine.id,
        sealedTarget: sealTarget(wallet, target),
        description: engine.describe(target),
      };
      await audit('database:add', name);
      await addOr('database-exists', known === null, {
        add: () => registry.addDatabase({ name, ...record }),
        change: () => registry.changeDatabase(name, record),
      });
    });
  }
  for (const { name, role, passwordHash } of users) {
    await attempt('user', name, async () => {
      checkNewUserName(name, 'name');
      if (name === localAdministrator.name) throw localName();
      const known = await registry.getUser(name);
      if (known?.role === role && known.passwordHash === passwordHash) return;
      const databases = role === 'developer' ? (known?.databases ?? [everyDatabase]) : [];
      await audit('user:add', name);
      await addOr('user-exists', known === null, {
        add: () => registry.addUser({ name, role, passwordHash, databases }),
        change: () => registry.changeUser(name, { role, passwordHash, databases }),
      });
    });
  }
  return wrong;
}

/** Adds what was not there; another instance may have added it in between. */
async function addOr(
  taken: 'database-exists' | 'user-exists',
  isNew: boolean,
  { add, change }: { readonly add: () => Promise<unknown>; readonly change: () => Promise<unknown> },
): Promise<void> {
  if (!isNew) {
    await change();
    return;
  }
  try {
    await add();
  } catch (error) {
    if (!(error instanceof AppError && error.code === taken)) throw error;
    await change();
  }
}

const localName = (): AppError =>
  new AppError('name-invalid', {
    field: 'name',
    message: `The name ${localAdministrator.name} stands for the command line on the data folder.`,
    hint: 'Choose another name.',
  });
