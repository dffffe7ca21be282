import type {
  DefinitionVersion,
  NewItem,
  Workspace,
  WorkspaceItem,
  WorkspaceItemKind,
} from '../core/definition.ts';

/** A change of a workspace; several are done together or not at all. */
export type WorkspaceChange =
  /** Throws `item-exists`. */
  | { readonly type: 'add'; readonly item: NewItem }
  /** Throws `item-unknown`. A definition's draft changes; its versions stay. `rename`: the old name. */
  | { readonly type: 'put'; readonly item: NewItem; readonly rename?: string }
  /** Throws `item-unknown`; with its versions. */
  | { readonly type: 'remove'; readonly kind: WorkspaceItemKind; readonly name: string }
  /** The draft becomes the next version; of more than 100 the oldest go. */
  | { readonly type: 'submit'; readonly name: string };

/** Workspaces and what is in them. Each verb is one transaction; lists are ordered by name. */
export interface Workspaces {
  /** Throws `workspace-exists`. The first one is the default. */
  addWorkspace(name: string): Promise<Workspace>;
  /** By id or by name. */
  getWorkspace(idOrName: string): Promise<Workspace | null>;
  listWorkspaces(): Promise<readonly Workspace[]>;
  /** Null: none is the default any more. Throws `workspace-unknown`. */
  setDefaultWorkspace(id: string | null): Promise<void>;
  /** Throws `workspace-unknown`, and `workspace-not-empty`. */
  removeWorkspace(id: string): Promise<void>;

  /** All or nothing. Throws `workspace-unknown` and what the changes throw. */
  changeWorkspace(workspace: string, by: string, changes: readonly WorkspaceChange[]): Promise<void>;
  getItem<K extends WorkspaceItemKind>(
    workspace: string,
    kind: K,
    name: string,
  ): Promise<WorkspaceItem<K> | null>;
  listItems<K extends WorkspaceItemKind>(workspace: string, kind: K): Promise<readonly WorkspaceItem<K>[]>;
  /** Null: there is no such version. */
  getVersion(workspace: string, definition: string, version: number): Promise<DefinitionVersion | null>;
  /** Newest first. */
  listVersions(workspace: string, definition: string): Promise<readonly DefinitionVersion[]>;
}
