import type { Selectable } from 'kysely';
import type {
  Definition,
  DefinitionVersion,
  ItemContents,
  NewItem,
  SourceDocument,
  WorkspaceItem,
  WorkspaceItemKind,
} from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import type { WorkspaceChange, Workspaces } from '../registry/workspaces.ts';
import { byName, unknown } from './named-things.ts';
import { dropSchedule, moveSchedule } from './schedules.ts';
import type { DefinitionVersionTable, WorkspaceItemTable, WorkspaceTable } from './schema.ts';
import { inTransaction, nextNumber, type StoreContext, type Trx, toJson } from './store-context.ts';

/** Versions of a definition that are kept. */
const versionsKept = 100;

type ItemVerbs = Pick<
  Workspaces,
  'changeWorkspace' | 'getItem' | 'listItems' | 'getVersion' | 'listVersions'
>;

/** What is in workspaces. */
export function createItemVerbs(store: StoreContext): ItemVerbs {
  return {
    changeWorkspace: (workspace, by, changes) =>
      inTransaction(store, 'change a workspace', async (trx) => {
        await lockWorkspace(trx, workspace);
        const place = { workspace, by, now: store.clock.now() };
        for (const change of changes) await applyChange(trx, place, change);
      }),
    getItem: <K extends WorkspaceItemKind>(workspace: string, kind: K, name: string) =>
      inTransaction(store, 'read an item', async (trx) => {
        const row = await findItem(trx, workspace, kind, name);
        return row === undefined ? null : toItem<K>(row);
      }),
    listItems: <K extends WorkspaceItemKind>(workspace: string, kind: K) =>
      inTransaction(store, 'list items', async (trx) => {
        const rows = await trx
          .selectFrom('workspace_item')
          .selectAll()
          .where('workspace', '=', workspace)
          .where('kind', '=', kind)
          .execute();
        return rows.map((row) => toItem<K>(row)).sort(byName);
      }),
    getVersion: (workspace, definition, version) =>
      inTransaction(store, 'read a version', async (trx) => {
        const row = await versionsOf(trx, workspace, definition)
          .where('definition_version.version', '=', version)
          .executeTakeFirst();
        return row === undefined ? null : toVersion(row);
      }),
    listVersions: (workspace, definition) =>
      inTransaction(store, 'list versions', async (trx) => {
        const rows = await versionsOf(trx, workspace, definition)
          .orderBy('definition_version.version', 'desc')
          .execute();
        return rows.map(toVersion);
      }),
  };
}

/** Locks a workspace until the end of the transaction, by writing it. Throws `workspace-unknown`. */
export async function lockWorkspace(trx: Trx, id: string): Promise<Selectable<WorkspaceTable>> {
  const row = await trx
    .updateTable('workspace')
    .set((eb) => ({ name: eb.ref('name') }))
    .where('id', '=', id)
    .returningAll()
    .executeTakeFirst();
  if (row === undefined) throw unknown('workspace-unknown', 'workspace', id);
  return row;
}

type ItemRow = Selectable<WorkspaceItemTable>;

/** The workspace that a change is made in, whose, and when. */
interface Place {
  readonly workspace: string;
  readonly by: string;
  readonly now: number;
}

function applyChange(trx: Trx, place: Place, change: WorkspaceChange): Promise<void> {
  switch (change.type) {
    case 'add':
      return addItem(trx, place, change.item);
    case 'put':
      return putItem(trx, place, change.item, change.rename ?? change.item.name);
    case 'remove':
      return removeItem(trx, place, change.kind, change.name);
    case 'submit':
      return submit(trx, place, change.name);
    default:
      return change satisfies never;
  }
}

async function addItem(trx: Trx, { workspace, by, now }: Place, item: NewItem): Promise<void> {
  await refuseTaken(trx, workspace, item);
  await trx
    .insertInto('workspace_item')
    .values({
      id: await nextNumber(trx, 'item'),
      workspace,
      kind: item.kind,
      name: item.name,
      ...written(item),
      version: 0,
      created_by: by,
      created_at: now,
      updated_by: by,
      updated_at: now,
    })
    .execute();
}

async function putItem(
  trx: Trx,
  { workspace, by, now }: Place,
  item: NewItem,
  oldName: string,
): Promise<void> {
  const before = await knownItem(trx, workspace, item.kind, oldName);
  if (item.name !== oldName) {
    await refuseTaken(trx, workspace, item);
    if (item.kind === 'definition') {
      const subject = { type: 'definition', workspace } as const;
      await moveSchedule(trx, { ...subject, definition: oldName }, { ...subject, definition: item.name });
    }
  }
  await trx
    .updateTable('workspace_item')
    .set({ name: item.name, ...written(item), updated_by: by, updated_at: now })
    .where('id', '=', before.id)
    .execute();
}

async function removeItem(
  trx: Trx,
  { workspace }: Place,
  kind: WorkspaceItemKind,
  name: string,
): Promise<void> {
  const { id } = await knownItem(trx, workspace, kind, name);
  if (kind === 'definition') await dropSchedule(trx, { type: 'definition', workspace, definition: name });
  await trx.deleteFrom('workspace_item').where('id', '=', id).execute();
}

async function submit(trx: Trx, { workspace, by, now }: Place, name: string): Promise<void> {
  const draft = await knownItem(trx, workspace, 'definition', name);
  const version = draft.version + 1;
  await trx
    .insertInto('definition_version')
    .values({
      item_id: draft.id,
      version,
      content_json: draft.content_json,
      document_api: draft.document_api,
      document_text: draft.document_text,
      submitted_by: by,
      submitted_at: now,
    })
    .execute();
  await trx
    .deleteFrom('definition_version')
    .where('item_id', '=', draft.id)
    .where('version', '<=', version - versionsKept)
    .execute();
  await trx.updateTable('workspace_item').set({ version }).where('id', '=', draft.id).execute();
}

async function refuseTaken(trx: Trx, workspace: string, { kind, name }: NewItem): Promise<void> {
  if ((await findItem(trx, workspace, kind, name)) === undefined) return;
  throw new AppError('item-exists', {
    field: 'name',
    message: `The workspace has a ${kind} ${JSON.stringify(name)} already.`,
  });
}

const findItem = (
  trx: Trx,
  workspace: string,
  kind: WorkspaceItemKind,
  name: string,
): Promise<ItemRow | undefined> =>
  trx
    .selectFrom('workspace_item')
    .selectAll()
    .where('workspace', '=', workspace)
    .where('kind', '=', kind)
    .where('name', '=', name)
    .executeTakeFirst();

async function knownItem(
  trx: Trx,
  workspace: string,
  kind: WorkspaceItemKind,
  name: string,
): Promise<ItemRow> {
  const row = await findItem(trx, workspace, kind, name);
  if (row !== undefined) return row;
  throw new AppError('item-unknown', {
    field: 'name',
    message: `The workspace has no ${kind} ${JSON.stringify(name)}.`,
  });
}

const versionsOf = (trx: Trx, workspace: string, definition: string) =>
  trx
    .selectFrom('definition_version')
    .innerJoin('workspace_item', 'workspace_item.id', 'definition_version.item_id')
    .selectAll('definition_version')
    .where('workspace_item.workspace', '=', workspace)
    .where('workspace_item.kind', '=', 'definition')
    .where('workspace_item.name', '=', definition);

const written = ({ content, document }: NewItem) => ({
  content_json: toJson(content),
  document_api: document?.api ?? null,
  document_text: document?.text ?? null,
});

type Documented = Pick<ItemRow, 'document_api' | 'document_text'>;

const toDocument = ({ document_api, document_text }: Documented): SourceDocument | null =>
  document_api === null || document_text === null ? null : { api: document_api, text: document_text };

const toItem = <K extends WorkspaceItemKind>(row: ItemRow): WorkspaceItem<K> => ({
  workspace: row.workspace,
  kind: row.kind as K,
  name: row.name,
  id: row.id,
  content: JSON.parse(row.content_json) as ItemContents[K],
  document: toDocument(row),
  version: row.version,
  createdBy: row.created_by,
  createdAt: row.created_at,
  updatedBy: row.updated_by,
  updatedAt: row.updated_at,
});

const toVersion = (row: Selectable<DefinitionVersionTable>): DefinitionVersion => ({
  version: row.version,
  content: JSON.parse(row.content_json) as Definition,
  document: toDocument(row),
  submittedBy: row.submitted_by,
  submittedAt: row.submitted_at,
});
