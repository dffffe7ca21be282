import { createHash } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type {
  AccountPlan,
  AccountRequest,
  AccountSession,
  AccountStanding,
  Accounts,
} from '../../accounts.ts';
import type { EngineTarget } from '../../engine.ts';
import { classifyRedisError } from '../classify.ts';
import { RedisError, replyItems, replyText } from '../client/reply.ts';
import { discover } from '../client/topology.ts';
import { redisTarget } from '../database-url.ts';
import { type AccountNode, type AccountNodes, databaseIdOf, openNodes } from './account-nodes.ts';
import { addedRulesOf, markOf, neededCommands, rulesOf } from './acl-rules.ts';
import { type AclUser, mayRun, readAclUser } from './acl-user.ts';

const operation = 'administer the server';

/** Users of ACLs for jobs. */
export const redisAccounts: Accounts = {
  version: 1,
  targetOf: (target, { user, password }) => ({ ...target, user, password }),
  loginOf(target) {
    const { user, password } = redisTarget(target);
    return { user, password };
  },
  async open(administrator, context) {
    return new RedisAccounts(
      administrator,
      await openNodes(redisTarget(administrator), context.signal),
      context,
    );
  },
};

/** A command for one server. */
interface NodeStep {
  readonly node: AccountNode;
  readonly title: string;
  readonly command: readonly string[];
  /** The argument that is not shown. */
  readonly secret?: string;
  readonly isOptional?: boolean;
}

class RedisAccounts implements AccountSession {
  readonly serverVersion: string;
  readonly #administrator: EngineTarget;
  readonly #servers: AccountNodes;
  readonly #signal: AbortSignal;

  constructor(administrator: EngineTarget, servers: AccountNodes, { signal }: OperationContext) {
    this.#administrator = administrator;
    this.#servers = servers;
    this.serverVersion = servers.facts.version;
    this.#signal = signal;
  }

  async check(target: EngineTarget): Promise<'works' | 'refused' | 'elsewhere'> {
    try {
      const topology = await discover(redisTarget(target), this.#signal);
      return databaseIdOf(topology) === this.#servers.databaseId ? 'works' : 'elsewhere';
    } catch (error) {
      const isRefused =
        error instanceof AppError &&
        (error.code === 'database-refused' || error.code === 'database-privilege');
      if (!isRefused) throw error;
      const [own, asked] = [redisTarget(this.#administrator), redisTarget(target)];
      const isSame = isDeepStrictEqual([own.nodes, own.sentinel?.name], [asked.nodes, asked.sentinel?.name]);
      return isSame ? 'refused' : 'elsewhere';
    }
  }

  async standing(user: string, label: string): Promise<AccountStanding> {
    const known = (await this.#users(user)).filter((each) => each !== null);
    if (known.length === 0) return 'none';
    return known.every(({ channels }) => channels.includes(markOf(label))) ? 'ours' : 'foreign';
  }

  async planInstall(request: AccountRequest): Promise<AccountPlan> {
    checkRequest(request);
    const { user, label, readOnly } = request;
    const commands = neededCommands(this.#servers.facts, readOnly);
    const users = await this.#users(user);
    const known = users.find((each) => each !== null)?.passwords ?? [];
    const hash = request.password === null ? known[0] : sha256(request.password);
    const steps = this.#servers.nodes.flatMap((node, index): readonly NodeStep[] => {
      const found = users[index] ?? null;
      const hasPassword = hash === undefined || found?.passwords.includes(hash) === true;
      // Who takes over a user of somebody else's takes nothing from it, and does not mark it as one that may be removed.
      const isForeign = found !== null && !found.channels.includes(markOf(label));
      const suffices = isForeign ? mayAll(found, commands) : found !== null && hasAll(found, commands, label);
      if (suffices && hasPassword) return [];
      const rules = isForeign ? addedRulesOf(commands) : rulesOf(commands, label);
      const password = hasPassword ? [] : ['resetpass', `#${hash}`];
      return [
        {
          node,
          title: `user ${user} at ${node.name}`,
          command: ['ACL', 'SETUSER', user, ...rules, ...password],
          ...(hasPassword ? {} : { secret: `#${hash}` }),
        },
      ];
    });
    return this.#plan(steps);
  }

  async planRemoval(user: string): Promise<AccountPlan> {
    const users = await this.#users(user);
    const steps = this.#servers.nodes
      .filter((_, index) => users[index] !== null)
      .map(
        (node): NodeStep => ({
          node,
          title: `no user ${user} at ${node.name}`,
          command: ['ACL', 'DELUSER', user],
        }),
      );
    return this.#plan(steps);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const node of this.#servers.nodes) await node[Symbol.asyncDispose]();
  }

  #users(name: string): Promise<readonly (AclUser | null)[]> {
    return Promise.all(
      this.#servers.nodes.map((node) =>
        this.#guarded(node, () => readAclUser(node.connection, name, this.#signal)),
      ),
    );
  }

  /** With what makes the servers remember: those that have a file of users write it, the others forget with their next start. */
  async #plan(steps: readonly NodeStep[]): Promise<AccountPlan> {
    const files = await Promise.all(this.#servers.nodes.map((node) => this.#hasUserFile(node)));
    const withFile = new Set(this.#servers.nodes.filter((_, index) => files[index] === true));
    const all = steps.flatMap((step): readonly NodeStep[] =>
      withFile.has(step.node)
        ? [
            step,
            {
              node: step.node,
              title: `users of ${step.node.name} in its file`,
              command: ['ACL', 'SAVE'],
              isOptional: true,
            },
          ]
        : [step],
    );
    const forgetful = this.#servers.nodes
      .filter((_, index) => files[index] === false)
      .map(({ name }) => name);
    const { missing } = this.#servers;
    return {
      steps: all.map(({ title, command, secret }) => ({
        title,
        statement: command.map((word) => (word === secret ? '#[secret]' : word)).join(' '),
      })),
      notes: [
        ...(forgetful.length === 0
          ? []
          : [
              `${forgetful.join(', ')} has no file of users (aclfile), and forgets them with its next start: run CONFIG REWRITE there, or repair afterwards.`,
            ]),
        ...(missing.length === 0
          ? []
          : [`The replicas ${missing.join(', ')} could not be reached: repair when they can be.`]),
      ],
      carryOut: () => this.#carryOut(all),
    };
  }

  async #carryOut(steps: readonly NodeStep[]): Promise<readonly string[]> {
    const notes: string[] = [];
    for (const { node, title, command, isOptional } of steps) {
      try {
        await node.connection.call(command, this.#signal);
      } catch (error) {
        if (isOptional !== true || !(error instanceof RedisError)) throw failure(error, node, title);
        notes.push(`The server refused ${title}: ${error.message}.`);
      }
    }
    return notes;
  }

  /** Null: the administrator may not ask, as with most managed services, which keep users themselves. */
  async #hasUserFile({ connection }: AccountNode): Promise<boolean | null> {
    try {
      const [, file] = replyItems(await connection.call(['CONFIG', 'GET', 'aclfile'], this.#signal));
      return replyText(file) !== '';
    } catch (error) {
      if (error instanceof RedisError) return null;
      throw error;
    }
  }

  async #guarded<T>(node: AccountNode, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw failure(error, node, 'look at the users');
    }
  }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

const hasAll = (user: AclUser, commands: readonly string[], label: string): boolean =>
  user.isOn &&
  user.readsAllKeys &&
  user.channels.includes(markOf(label)) &&
  isDeepStrictEqual(user.commands, new Set(commands));

const mayAll = (user: AclUser, commands: readonly string[]): boolean =>
  user.readsAllKeys && commands.every((command) => mayRun(user, command));

function failure(error: unknown, { name }: AccountNode, title: string): AppError {
  const classified = classifyRedisError(error, operation, name);
  if (!(error instanceof RedisError)) return classified;
  return new AppError(classified.code, {
    message: `Not done: ${title}. ${classified.message}`,
    hint:
      classified.code === 'database-privilege'
        ? 'Log in as a user who may run ACL (+acl), such as default.'
        : classified.hint,
    operation,
  });
}

/** A name that ACL rules can have, and no wish that they cannot fulfil. */
function checkRequest({ user, schemas, owners }: AccountRequest): void {
  const invalid = (field: string, message: string, hint: string): AppError =>
    new AppError('field-invalid', { field, message, hint });
  if (!/^[\x21-\x7e]{1,63}$/.test(user) || user === 'default') {
    throw invalid(
      'user',
      `The name ${JSON.stringify(user)} cannot be that of a user for jobs.`,
      'Choose another name.',
    );
  }
  const field = schemas !== null ? 'schemas' : 'owners';
  if (schemas === null && owners.length === 0) return;
  throw invalid(
    field,
    `${field} is given, and users of Redis have no rights of that kind.`,
    `Leave ${field} out.`,
  );
}
