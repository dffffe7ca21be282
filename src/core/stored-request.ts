import { type ExportRequest, type ImportRequest, type JobRequest, noRemaps, type Remap } from './request.ts';

/**
 * A request as it was stored, complete: one that an earlier version stored lacks the options that came since, and gets the defaults
 * that it was run with then.
 */
export function completeRequest(stored: unknown): JobRequest {
  const request = stored as JobRequest;
  switch (request.kind) {
    case 'export':
      return { ...exportDefaults, ...request };
    case 'import': {
      const { remapSchemas: schemas = [], ...rest } = request as OldImport;
      return { ...importDefaults, remaps: { ...noRemaps, schemas }, ...rest };
    }
    default:
      return request;
  }
}

/** What an import could rename before there were other remaps. */
type OldImport = Omit<ImportRequest, keyof typeof importDefaults | 'remaps'> & {
  readonly remapSchemas?: readonly Remap[];
};

const exportDefaults = {
  content: 'all',
  consistency: 'snapshot',
  include: [],
  exclude: [],
  queries: [],
  samples: [],
  excludeColumns: [],
  masks: [],
  compression: 'zstd',
  estimate: false,
} as const satisfies Partial<ExportRequest>;

const importDefaults = {
  tableExistsAction: null,
  globals: false,
  content: 'all',
  include: [],
  exclude: [],
  dryRun: false,
} as const satisfies Partial<ImportRequest>;
