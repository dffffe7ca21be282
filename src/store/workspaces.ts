import { randomBytes } from 'node:crypto';
import type { Selectable } from 'kysely';
import type { Workspace } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import type { Workspaces } from '../registry/workspaces.ts';
import { byName, exists, unknown } from './named-things.ts';
import type { WorkspaceTable } from './schema.ts';
import { inTransaction, type StoreContext, type Trx } from './store-context.ts';
import { createItemVerbs, lockWorkspace } from './workspace-items.ts';

/** Workspaces and what is in them, in the tables beside the registry's. */
export function createWorkspaces(store: StoreContext): Workspaces {
  return {
    ...createItemVerbs(store),

    addWorkspace: (name) =>
      inTransaction(store, 'add a workspace', async (trx) => {
        await lockChoices(trx);
        const isFirst =
          (await trx.selectFrom('workspace').select('id').limit(1).executeTakeFirst()) === undefined;
        const row = await trx
          .insertInto('workspace')
          .values({
            id: randomBytes(16).toString('hex'),
            name,
            is_default: isFirst ? 1 : 0,
            created_at: store.clock.now(),
          })
          .onConflict((conflict) => conflict.column('name').doNothing())
          .returningAll()
          .executeTakeFirst();
        if (row === undefined) throw exists('workspace-exists', 'workspace', name);
        return toWorkspace(row);
      }),
    getWorkspace: (idOrName) =>
      inTransaction(store, 'read a workspace', async (trx) => {
        const rows = await trx
          .selectFrom('workspace')
          .selectAll()
          .where((eb) => eb.or([eb('id', '=', idOrName), eb('name', '=', idOrName)]))
          .execute();
        // A name may look like the id of another one, which then goes first.
        const row = rows.find(({ id }) => id === idOrName) ?? rows[0];
        return row === undefined ? null : toWorkspace(row);
      }),
    listWorkspaces: () =>
      inTransaction(store, 'list workspaces', async (trx) => {
        const rows = await trx.selectFrom('workspace').selectAll().execute();
        return rows.map(toWorkspace).sort(byName);
      }),
    setDefaultWorkspace: (id) =>
      inTransaction(store, 'choose the default workspace', async (trx) => {
        await lockChoices(trx);
        await trx.updateTable('workspace').set({ is_default: 0 }).where('is_default', '=', 1).execute();
        if (id === null) return;
        const row = await trx
          .updateTable('workspace')
          .set({ is_default: 1 })
          .where('id', '=', id)
          .returning('id')
          .executeTakeFirst();
        if (row === undefined) throw unknown('workspace-unknown', 'workspace', id);
      }),
    removeWorkspace: (id) =>
      inTransaction(store, 'remove a workspace', async (trx) => {
        const { name } = await lockWorkspace(trx, id);
        const item = await trx
          .selectFrom('workspace_item')
          .select(['kind', 'name'])
          .where('workspace', '=', id)
          .orderBy('id')
          .executeTakeFirst();
        if (item !== undefined) {
          throw new AppError('workspace-not-empty', {
            field: 'workspace',
            message: `The workspace ${name} still holds the ${item.kind} ${item.name}.`,
          });
        }
        await trx.deleteFrom('workspace').where('id', '=', id).execute();
      }),
  };
}

/** At most one is the default: they are made and chosen one at a time. */
async function lockChoices(trx: Trx): Promise<void> {
  await trx
    .updateTable('counter')
    .set((eb) => ({ value: eb.ref('value') }))
    .where('name', '=', 'item')
    .execute();
}

const toWorkspace = (row: Selectable<WorkspaceTable>): Workspace => ({
  id: row.id,
  name: row.name,
  isDefault: row.is_default === 1,
  createdAt: row.created_at,
});
