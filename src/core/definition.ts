import type { ScheduleRule } from './schedule.ts';

/** What a definition's job node starts: a start request as the native API takes it, without what the run decides (names, keys of idempotency). */
export interface NodeJob {
  readonly kind: 'export' | 'import' | 'copy';
  /** Members as those of StartExport, StartImport and StartCopy of service/start-input.ts; checked when the definition is kept and when it runs. */
  readonly input: Readonly<Record<string, unknown>>;
}

/** What a node does. Texts may hold `${name}`: parameters of the run. */
export type NodeAction =
  /** Statement by statement on the connection's database. */
  | {
      readonly type: 'sql';
      /** Null: that of the script. */
      readonly connection: string | null;
      readonly script: { readonly name: string } | { readonly text: string };
    }
  | { readonly type: 'job'; readonly job: NodeJob }
  /** One HTTP request; a status of 400 or above fails the node. */
  | {
      readonly type: 'http';
      readonly method: string;
      readonly url: string;
      readonly headers: Readonly<Record<string, string>>;
      readonly body: string | null;
    }
  | { readonly type: 'none' }
  /** A kind of node that other systems have: kept, and refused when it is to run. */
  | { readonly type: 'foreign'; readonly word: string };

/** What a node's failure means: the run fails; nothing; the run stops and can be resumed; what depends on it is skipped. */
export const failurePolicies = ['fail', 'ignore', 'suspend', 'skip_dependents'] as const;
export type FailurePolicy = (typeof failurePolicies)[number];

export interface DefinitionNode {
  /** Unique in the definition. */
  readonly name: string;
  readonly action: NodeAction;
  /** Names of nodes that end before it begins. */
  readonly after: readonly string[];
  /**
   * Conditions on the way from a node: `succeeded`, `failed`, `always`, or a comparison of a parameter with a constant (`${n} == "x"`,
   * with == != < <= > >= && || and parentheses); a node without a way whose condition holds is skipped. Absent for a way: `succeeded`
   * (`always` where that node's policy is `ignore`).
   */
  readonly conditions: readonly { readonly after: string; readonly expression: string }[];
  /** Further tries after a failure. */
  readonly retries: number;
  readonly retryDelaySeconds: number;
  /** Null: no limit. */
  readonly timeoutSeconds: number | null;
  readonly onFailure: FailurePolicy;
}

/** What runs. */
export interface Definition {
  readonly description: string;
  /** Defaults of the run's parameters. */
  readonly params: readonly { readonly name: string; readonly value: string }[];
  readonly nodes: readonly DefinitionNode[];
  readonly schedule: ScheduleRule | null;
  /** Of a whole run; null: no limit. */
  readonly timeoutSeconds: number | null;
  /** Of a run that names none: see Job.priority; absent: 0. */
  readonly priority?: number;
}

/** What an API wants to give back exactly as it came: its own text of the thing. Opaque to everybody else. */
export interface SourceDocument {
  readonly api: string;
  /** JSON. */
  readonly text: string;
}

/** A room of their own for definitions, scripts, resources and connections. */
export interface Workspace {
  /** 32 hexadecimal digits. */
  readonly id: string;
  readonly name: string;
  /** Where no workspace is named, this one is meant; there is at most one. */
  readonly isDefault: boolean;
  readonly createdAt: number;
}

export const workspaceItemKinds = ['definition', 'script', 'resource', 'connection'] as const;
export type WorkspaceItemKind = (typeof workspaceItemKinds)[number];

/** What scripts, resources and connections hold. */
export interface Script {
  /** `sql` can run; other words are kept. */
  readonly type: string;
  readonly content: string;
  /** Name of the connection that it runs on; null: the node says it. */
  readonly connection: string | null;
  readonly description: string;
}
export interface Resource {
  readonly type: string;
  /** Where the file is: a storage URL. Only kept. */
  readonly location: string;
  readonly description: string;
}
export interface Connection {
  /** A registered database. */
  readonly database: string;
  readonly description: string;
}
export interface ItemContents {
  readonly definition: Definition;
  readonly script: Script;
  readonly resource: Resource;
  readonly connection: Connection;
}

/** A thing of a workspace. Times are milliseconds since the epoch. */
export interface WorkspaceItem<K extends WorkspaceItemKind = WorkspaceItemKind> {
  readonly workspace: string;
  readonly kind: K;
  /** Unique among its kind in the workspace. */
  readonly name: string;
  /** Ascending over everything, from 1, never reused. */
  readonly id: number;
  readonly content: ItemContents[K];
  readonly document: SourceDocument | null;
  /** The last version that was submitted; 0: it is a draft only. Definitions alone have versions. */
  readonly version: number;
  readonly createdBy: string;
  readonly createdAt: number;
  readonly updatedBy: string;
  readonly updatedAt: number;
}

/** What is to be written of an item. */
export type NewItem<K extends WorkspaceItemKind = WorkspaceItemKind> = Pick<
  WorkspaceItem<K>,
  'kind' | 'name' | 'content' | 'document'
>;

/** A submitted version: what schedules run. */
export interface DefinitionVersion {
  readonly version: number;
  readonly content: Definition;
  readonly document: SourceDocument | null;
  readonly submittedBy: string;
  readonly submittedAt: number;
}
