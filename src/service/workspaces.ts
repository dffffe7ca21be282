import type { Workspace } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import { checkNewName } from '../core/name.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { readText } from './input.ts';
import type { Service } from './service.ts';

type WorkspaceFunctions = Pick<
  Service,
  'addWorkspace' | 'removeWorkspace' | 'setDefaultWorkspace' | 'listWorkspaces' | 'getWorkspace'
>;

/** How the audit trail spells the default workspace, whichever that is. */
const theDefault = '(default)';

/** Workspaces: commands and queries. */
export function createWorkspaces(parts: ServiceDependencies): WorkspaceFunctions {
  const { workspaces } = parts;
  return {
    async addWorkspace(context, rawName) {
      const name = checkWorkspaceName(rawName);
      await authoriseCommand(parts, context, { name: 'workspace:add', subject: name }, () =>
        authorise(context, 'workspace:manage'),
      );
      return await workspaces.addWorkspace(name);
    },

    async removeWorkspace(context, idOrName) {
      const subject = spellWorkspace(idOrName);
      const { id } = await authoriseCommand(parts, context, { name: 'workspace:remove', subject }, () => {
        authorise(context, 'workspace:manage');
        return findWorkspace(parts, idOrName);
      });
      await workspaces.removeWorkspace(id);
    },

    async setDefaultWorkspace(context, idOrName) {
      const subject = idOrName === null ? 'none' : spellWorkspace(idOrName);
      const found = await authoriseCommand(
        parts,
        context,
        { name: 'workspace:default', subject },
        async () => {
          authorise(context, 'workspace:manage');
          return idOrName === null ? null : await findWorkspace(parts, idOrName);
        },
      );
      await workspaces.setDefaultWorkspace(found?.id ?? null);
    },

    async listWorkspaces(context) {
      authorise(context, 'definition:read');
      return await workspaces.listWorkspaces();
    },

    async getWorkspace(context, idOrName) {
      authorise(context, 'definition:read');
      return await findWorkspace(parts, idOrName);
    },
  };
}

/** The workspace of that id or name; null: the default one. Throws `workspace-unknown`. */
export async function findWorkspace(
  { workspaces }: Pick<ServiceDependencies, 'workspaces'>,
  idOrName: string | null,
): Promise<Workspace> {
  if (idOrName !== null) {
    const asked = readText(idOrName, 'workspace', 'Give the name or the id of a workspace.', 63);
    const found = await workspaces.getWorkspace(asked);
    if (found !== null) return found;
    throw new AppError('workspace-unknown', {
      field: 'workspace',
      message: `There is no workspace ${JSON.stringify(asked)}.`,
    });
  }
  const chosen = (await workspaces.listWorkspaces()).find(({ isDefault }) => isDefault);
  if (chosen !== undefined) return chosen;
  throw new AppError('workspace-unknown', {
    field: 'workspace',
    message: 'No workspace is named, and none is the default.',
    hint: 'Make one: pumphouse workspace add NAME; or choose one: pumphouse workspace default NAME.',
  });
}

/** A workspace as the audit trail names it. */
export const spellWorkspace = (idOrName: string | null): string =>
  idOrName === null ? theDefault : String(idOrName).slice(0, 63);

function checkWorkspaceName(name: unknown): string {
  const checked = checkNewName(name, 'name');
  if (!/^[0-9a-f]{32}$/i.test(checked)) return checked;
  throw new AppError('name-invalid', {
    field: 'name',
    message: 'The name looks like the id of a workspace.',
    hint: 'Choose a name that is not 32 hexadecimal digits.',
  });
}
