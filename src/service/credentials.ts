import { AppError } from '../core/errors.ts';
import { unfinishedStates } from '../core/job.ts';
import { isJobCredential } from '../core/job-credential.ts';
import { longestAddress } from '../core/mail-address.ts';
import { checkNewName } from '../core/name.ts';
import { type Caller, isAllowed } from '../core/permission.ts';
import { type CredentialBody, sealCredential, unknownCredential } from '../operations/environment.ts';
import type { CredentialRecord } from '../registry/registry.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { refuseWhileBackupsNeed } from './backup-uses.ts';
import { readCredentialBody, readCredentialType } from './credential-input.ts';
import { withEncryption } from './credential-types.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { readObject, readText } from './input.ts';
import { credentialsOf } from './job-credentials.ts';
import type { CallContext, CredentialView, Service } from './service.ts';
import type { InTurn } from './wallet.ts';

type CredentialFunctions = Pick<
  Service,
  'addCredential' | 'getCredential' | 'listCredentials' | 'removeCredential'
>;

/** Named secrets: commands and queries. Nothing here gives a secret back. */
export function createCredentials(parts: ServiceDependencies, inTurn: InTurn): CredentialFunctions {
  const { registry, wallet } = parts;
  const types = withEncryption(parts.credentialTypes);

  /** Whom a new credential belongs to: the caller; an administrator may name a user instead. */
  async function ownerOf({ caller }: CallContext, given: unknown): Promise<string> {
    if (given === undefined || given === null) return caller.name;
    const owner = readText(given, 'owner', 'Name a user, or leave owner out.', longestAddress);
    if (owner === caller.name) return owner;
    if ((await registry.getUser(owner)) !== null) return owner;
    throw new AppError('user-unknown', {
      field: 'owner',
      message: `There is no user ${JSON.stringify(owner)}.`,
    });
  }

  return {
    async addCredential(context, rawInput) {
      const input = readObject(rawInput);
      const name = checkNewName(input.name, 'name');
      const body = await authoriseCommand(parts, context, { name: 'credential:add', subject: name }, () => {
        authorise(context, 'credential:manage');
        if (input.owner !== undefined && input.owner !== null && input.owner !== context.caller.name) {
          authorise(context, 'credential:any');
        }
        const type = readCredentialType(input.type, types);
        const read = { type: type.id, ...readCredentialBody(input, type) };
        if (usesOwnKeys(read) && !isAllowed(context.caller, 'credential:any')) {
          throw new AppError('forbidden', {
            message: 'A credential that lends the keys of the service itself is for administrators.',
            hint: 'Give a secret, and no option keys.',
          });
        }
        return read;
      });
      const owner = await ownerOf(context, input.owner);
      const { type, ...secrets } = body;
      const record = await inTurn(() =>
        registry.addCredential({ name, owner, type, sealedBody: sealCredential(wallet, secrets) }),
      );
      return viewOf(record);
    },

    async getCredential(context, name) {
      authorise(context, 'credential:manage');
      return viewOf(await usableCredential(parts, context, name, 'credential'));
    },

    async listCredentials(context) {
      authorise(context, 'credential:manage');
      const records = await registry.listCredentials();
      return records.filter((record) => mayUse(context.caller, record)).map(viewOf);
    },

    async removeCredential(context, name) {
      await authoriseCommand(parts, context, { name: 'credential:remove', subject: name }, async () => {
        authorise(context, 'credential:manage');
        await usableCredential(parts, context, name, 'credential');
      });
      await refuseWhileJobsUse(parts, name);
      await refuseWhileBackupsNeed(parts, 'credential', name);
      await registry.removeCredential(name);
    },
  };
}

/** Throws `credential-in-use` while an unfinished job needs the credential. */
export async function refuseWhileJobsUse(
  { store }: Pick<ServiceDependencies, 'store'>,
  name: string,
): Promise<void> {
  const unfinished = await store.listJobs({ states: unfinishedStates, limit: 1000 });
  const job = unfinished.find(({ request }) => credentialsOf(request).includes(name));
  if (job === undefined) return;
  throw new AppError('credential-in-use', {
    field: 'name',
    message: `The job ${job.name} uses credential ${name} and is not finished.`,
  });
}

/**
 * The record of a credential that the caller may use: his own, or any for administrators. Throws `credential-unknown`, the same for one
 * that is missing and one that is somebody else's.
 * @param field the request field that names it
 */
export async function usableCredential(
  { registry }: Pick<ServiceDependencies, 'registry'>,
  { caller }: CallContext,
  name: string,
  field: string,
): Promise<CredentialRecord> {
  // Those that came with a job are its own, whoever asks.
  const record = isJobCredential(name) ? null : await registry.getCredential(name);
  if (record !== null && mayUse(caller, record)) return record;
  throw unknownCredential(name, field);
}

/** Whether a credential stands for keys of the service itself: those of its environment or machine (the storages' option `keys`). */
const usesOwnKeys = ({ options }: CredentialBody): boolean => options.keys !== undefined;

const mayUse = (caller: Caller, { owner }: CredentialRecord): boolean =>
  isAllowed(caller, 'credential:any') || (isAllowed(caller, 'credential:manage') && owner === caller.name);

const viewOf = ({ name, type, owner, createdAt }: CredentialRecord): CredentialView => ({
  name,
  type,
  owner,
  createdAt,
});
