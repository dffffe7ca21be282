import type { WorkspaceItemKind } from '../core/definition.ts';

/** The option that every command on a thing of a workspace has. */
export interface WorkspaceFlags {
  readonly workspace?: string;
}

/** The native API's address of a workspace, or of what is in it; without a name the default workspace. */
export const workspacePath = ({ workspace = '-' }: WorkspaceFlags, ...parts: readonly string[]): string =>
  ['/api/v1/workspaces', workspace, ...parts]
    .map((part, index) => (index === 0 ? part : encodeURIComponent(part)))
    .join('/');

/** The same of one thing. */
export const itemPath = (
  flags: WorkspaceFlags,
  kind: WorkspaceItemKind,
  name: string,
  ...parts: readonly string[]
): string => workspacePath(flags, `${kind}s`, name, ...parts);
