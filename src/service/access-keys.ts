import { randomInt } from 'node:crypto';
import { AppError } from '../core/errors.ts';
import type { AccessKeyRecord } from '../registry/access-keys.ts';
import type { AccessKeyService, AccessKeyView } from './access-key-service.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { CallContext } from './service.ts';
import { unknownUser } from './users.ts';
import type { InTurn } from './wallet.ts';

const idLetters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789';
const secretLetters = `${idLetters}abcdefghijklmnopqrstuvwxyz`;
const idLength = 20;
/** 238 bits. */
const secretLength = 40;

/** What is tried for keys that do not exist, so that they take as long as those that do. */
const nobodysSecret = randomText(secretLetters, secretLength);

/** Key pairs that sign requests: commands, queries, and the check of a signature. */
export function createAccessKeys(
  parts: Pick<ServiceDependencies, 'registry' | 'accessKeys' | 'wallet' | 'clock'>,
  inTurn: InTurn,
): AccessKeyService {
  const { registry, accessKeys, wallet } = parts;

  async function checkUser(name: string): Promise<void> {
    if ((await registry.getUser(name)) === null) throw unknownUser(name);
  }

  return {
    async addAccessKey(context, user) {
      await authoriseCommand(parts, context, { name: 'access-key:add', subject: user }, () =>
        authoriseUser(context, user),
      );
      await checkUser(user);
      const id = randomText(idLetters, idLength);
      const secret = randomText(secretLetters, secretLength);
      const record = await inTurn(() =>
        accessKeys.addAccessKey({ id, user, sealedSecret: wallet.seal(secret) }),
      );
      return { ...viewOf(record), secret };
    },

    async listAccessKeys(context, user) {
      authoriseUser(context, user);
      await checkUser(user);
      return (await accessKeys.listAccessKeys(user)).map(viewOf);
    },

    async removeAccessKey(context, id) {
      await authoriseCommand(parts, context, { name: 'access-key:remove', subject: id }, async () => {
        const record = await accessKeys.getAccessKey(id);
        if (record !== null) authoriseUser(context, record.user);
        else throw unknownKey(id);
      });
      await accessKeys.removeAccessKey(id);
    },

    async authenticateSignature(id, verify) {
      const record = await accessKeys.getAccessKey(id);
      const user = record === null ? null : await registry.getUser(record.user);
      const isRight = verify(record === null ? nobodysSecret : wallet.unseal(record.sealedSecret));
      if (user === null || !isRight) {
        throw new AppError('unauthenticated', {
          message: 'The access key or the signature is wrong.',
          hint: 'See pumphouse user key list, and check the clock and the secret of the client.',
        });
      }
      return { name: user.name, role: user.role, databases: user.databases };
    },
  };
}

function randomText(letters: string, length: number): string {
  return Array.from({ length }, () => letters[randomInt(letters.length)]).join('');
}

function authoriseUser(context: CallContext, user: string): void {
  if (context.caller.name !== user) authorise(context, 'user:manage');
}

const unknownKey = (id: string): AppError =>
  new AppError('access-key-unknown', {
    field: 'id',
    message: `There is no access key ${JSON.stringify(id)}.`,
  });

const viewOf = ({ id, user, createdAt }: AccessKeyRecord): AccessKeyView => ({ id, user, createdAt });
