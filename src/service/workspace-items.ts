import { isDeepStrictEqual } from 'node:util';
import type { NewItem, Workspace, WorkspaceItem, WorkspaceItemKind } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import { unfinishedStates } from '../core/job.ts';
import { checkNewItemName } from '../core/name.ts';
import { isAllowed } from '../core/permission.ts';
import type { WorkspaceChange } from '../registry/workspaces.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { unknownDatabase } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { readText } from './input.ts';
import { readContent } from './item-content.ts';
import type { CallContext, Service } from './service.ts';
import type { InTurn } from './wallet.ts';
import { findWorkspace, spellWorkspace } from './workspaces.ts';

type ItemFunctions = Pick<Service, 'addItem' | 'putItem' | 'removeItem' | 'getItem' | 'listItems'>;

/**
 * Definitions, scripts, resources and connections: commands and queries.
 * @param inTurn changes of workspaces and of the schedules of their definitions follow one another
 */
export function createWorkspaceItems(parts: ServiceDependencies, inTurn: InTurn): ItemFunctions {
  const { workspaces } = parts;

  /** Lets a change through, or not, and writes that to the audit trail. */
  function admit(
    context: CallContext,
    { verb, workspace, kind, name }: ItemCommand,
    item?: NewItem,
  ): Promise<Workspace> {
    const command = { name: `${kind}:${verb}`, subject: `${spellWorkspace(workspace)}/${name}` };
    return authoriseCommand(parts, context, command, async () => {
      authorise(context, 'definition:manage');
      if (item !== undefined) await authoriseConnection(parts, context, item);
      const room = await findWorkspace(parts, workspace);
      if (verb !== 'add') authoriseChange(context, await stored(room.id, kind, name));
      return room;
    });
  }

  async function stored<K extends WorkspaceItemKind>(workspace: string, kind: K, name: string) {
    const item = await workspaces.getItem(workspace, kind, name);
    return item ?? Promise.reject(unknownItem(kind, name));
  }

  const change = (workspace: Workspace, { caller }: CallContext, ...changes: readonly WorkspaceChange[]) =>
    workspaces.changeWorkspace(workspace.id, caller.name, changes);

  return {
    async addItem(context, workspace, rawItem) {
      const item = readItem(rawItem);
      const { kind, name } = item;
      const room = await admit(context, { verb: 'add', workspace, kind, name }, item);
      await change(room, context, { type: 'add', item });
      return await stored(room.id, kind, name);
    },

    async putItem(context, workspace, rawName, rawItem) {
      const item = readItem(rawItem);
      const { kind } = item;
      const name = readName(rawName);
      const room = await admit(context, { verb: 'put', workspace, kind, name }, item);
      return inTurn(async () => {
        const old = await stored(room.id, kind, name);
        // What says the same is no change: a document that another API gave stays.
        const isSame = old.name === item.name && isDeepStrictEqual(old.content, item.content);
        const kept = isSame && item.document === null ? { ...item, document: old.document } : item;
        const rename = item.name === name ? {} : { rename: name };
        await change(room, context, { type: 'put', item: kept, ...rename });
        return await stored(room.id, kind, item.name);
      });
    },

    async removeItem(context, workspace, kind, rawName) {
      const name = readName(rawName);
      const room = await admit(context, { verb: 'remove', workspace, kind, name });
      await inTurn(async () => {
        if (kind === 'definition') await refuseBusy(parts, room.id, name);
        await change(room, context, { type: 'remove', kind, name });
      });
    },

    async getItem(context, workspace, kind, rawName) {
      authorise(context, 'definition:read');
      const room = await findWorkspace(parts, workspace);
      const name = readName(rawName);
      const item = await stored(room.id, kind, name);
      if (mayRead(context, item)) return item;
      throw unknownItem(kind, name);
    },

    async listItems(context, workspace, kind) {
      authorise(context, 'definition:read');
      const room = await findWorkspace(parts, workspace);
      return (await workspaces.listItems(room.id, kind)).filter((item) => mayRead(context, item));
    },
  };
}

interface ItemCommand {
  readonly verb: 'add' | 'put' | 'remove';
  readonly workspace: string | null;
  readonly kind: WorkspaceItemKind;
  readonly name: string;
}

/** An item as given, checked. Throws `name-invalid`, `field-invalid`. */
export function readItem<K extends WorkspaceItemKind>({
  kind,
  name,
  content,
  document,
}: NewItem<K>): NewItem<K> {
  return {
    kind,
    name: checkNewItemName(name, 'name'),
    content: readContent(kind, content),
    document,
  };
}

const readName = (name: unknown): string => readText(name, 'name', 'Give the name.', 128);

/**
 * Throws `forbidden` for a developer who would change what somebody else made: runs of others use it, and they have more rights than he has.
 * A schedule is its owner's in the same way.
 */
export function authoriseChange(
  { caller }: CallContext,
  { name, createdBy }: Pick<WorkspaceItem, 'name' | 'createdBy'>,
): void {
  if (isAllowed(caller, 'definition:manage', { owner: createdBy })) return;
  throw new AppError('forbidden', {
    message: `${name} belongs to user ${createdBy}; developers change what is their own.`,
    hint: 'Ask that user or an operator, or add one of your own under another name.',
    context: { action: 'definition:manage', caller: caller.name },
  });
}

/** Throws unless a connection leads to a database that is there and that the caller may read. */
export async function authoriseConnection(
  { registry }: Pick<ServiceDependencies, 'registry'>,
  context: CallContext,
  item: NewItem,
): Promise<void> {
  if (!isConnection(item)) return;
  const { database } = item.content;
  authorise(context, 'database:read', { database });
  if ((await registry.getDatabase(database)) === null) throw unknownDatabase(database);
}

const isConnection = (item: NewItem): item is NewItem<'connection'> => item.kind === 'connection';

/** Whoever has no grant on a database learns nothing of the connections to it. */
const mayRead = ({ caller }: CallContext, item: WorkspaceItem): boolean =>
  !isConnection(item) || isAllowed(caller, 'database:read', { database: item.content.database });

/** A definition as what a schedule starts. */
export const scheduleSubject = (workspace: string, definition: string) =>
  ({ type: 'definition', workspace, definition }) as const;

/** Throws `job-state` for a definition whose schedule is on, or that runs. */
async function refuseBusy(
  { schedules, store }: ServiceDependencies,
  workspace: string,
  name: string,
): Promise<void> {
  if ((await schedules.getSchedule(scheduleSubject(workspace, name))) !== null) {
    throw new AppError('job-state', {
      field: 'name',
      message: `The schedule of the definition ${name} is on.`,
      hint: `Stop it first: pumphouse definition stop ${name}.`,
    });
  }
  const running = await store.listJobs({ kinds: ['run'], states: unfinishedStates, limit: 1000 });
  const run = running.find(
    ({ request }) =>
      request.kind === 'run' && request.workspace === workspace && request.definitionName === name,
  );
  if (run === undefined) return;
  throw new AppError('job-state', {
    field: 'name',
    message: `The definition ${name} runs: job ${run.name} is ${run.state}.`,
    hint: `Wait for it, or stop it: pumphouse jobs cancel ${run.id}.`,
  });
}

export const unknownItem = (kind: WorkspaceItemKind, name: string): AppError =>
  new AppError('item-unknown', {
    field: 'name',
    message: `The workspace has no ${kind} ${JSON.stringify(name)}.`,
    hint: `See pumphouse ${kind} list.`,
  });
