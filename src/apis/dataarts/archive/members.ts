import type { WorkspaceItemKind } from '../../../core/definition.ts';

/** A file in a zip: UTF-8 JSON. */
export interface ArchiveMember {
  /** With its folder: `jobs/nightly_orders.job`. */
  readonly path: string;
  readonly text: string;
  /** Milliseconds since the epoch. */
  readonly changedAt: number;
}

/** How the names of files end, by what is in them. */
const extensions: Readonly<Record<WorkspaceItemKind, string>> = {
  definition: 'job',
  script: 'script',
  resource: 'resource',
  connection: 'conn',
};

const folders: Readonly<Record<WorkspaceItemKind, string>> = {
  definition: 'jobs',
  script: 'scripts',
  resource: 'resources',
  connection: 'connections',
};

/** Where a thing lies in the zip of one job, or of all connections. */
export const singlePath = (kind: WorkspaceItemKind, name: string): string =>
  `${folders[kind]}/${name}.${extensions[kind]}`;

/** Where it lies in the zip of several jobs: in the folder of the job that needs it. */
export const batchPath = (job: string, kind: WorkspaceItemKind, name: string): string =>
  `jobs/${job}/${name}.${extensions[kind]}`;

/** What a file of a zip holds by its name; null: nothing that is known. */
export function kindOfPath(path: string): WorkspaceItemKind | null {
  const extension = /\.([a-z]+)$/.exec(path)?.[1];
  const kinds = Object.keys(extensions) as WorkspaceItemKind[];
  return kinds.find((kind) => extensions[kind] === extension) ?? null;
}

/** The name of a thing by its file, for one whose text does not tell it. */
export const nameOfPath = (path: string): string => path.replace(/^.*\//, '').replace(/\.[a-z]+$/, '');
