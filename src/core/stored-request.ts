import {
  type ExportRequest,
  type ImportRequest,
  type JobRequest,
  type LocationRequest,
  noRemaps,
  type Remap,
} from './request.ts';

/**
 * A request as it was stored, complete: one that an earlier version stored lacks the options that came since, and gets the defaults
 * that it was run with then.
 */
export function completeRequest(stored: unknown): JobRequest {
  const request = stored as JobRequest;
  switch (request.kind) {
    case 'export':
      return { ...exportDefaults, ...request, location: completeLocation(request.location) };
    case 'import': {
      const { remapSchemas: schemas = [], ...rest } = request as OldImport;
      return {
        ...importDefaults,
        remaps: { ...noRemaps, schemas },
        ...rest,
        location: completeLocation(rest.location),
      };
    }
    case 'copy':
      return request;
    default:
      return { ...request, location: completeLocation(request.location) };
  }
}

/** URLs went without credentials once. */
const completeLocation = (location: LocationRequest): LocationRequest =>
  location.type === 'url' ? { ...location, credential: location.credential ?? null } : location;

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
  encryptionKey: null,
  fileSize: null,
  estimate: false,
} as const satisfies Partial<ExportRequest>;

const importDefaults = {
  tableExistsAction: null,
  globals: false,
  content: 'all',
  include: [],
  exclude: [],
  encryptionKey: null,
  dryRun: false,
} as const satisfies Partial<ImportRequest>;
