import {
  type ExportRequest,
  type ImportRequest,
  type JobRequest,
  type LocationRequest,
  noRemaps,
  type Remap,
  type Remaps,
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
      const { remapSchemas: schemas = [], remaps = {}, ...rest } = request as OldImport;
      return {
        ...importDefaults,
        ...rest,
        remaps: { ...noRemaps, schemas, ...remaps },
        location: completeLocation(rest.location),
      };
    }
    case 'copy':
      return { ...request, remaps: { ...noRemaps, ...request.remaps } };
    case 'verify':
    case 'dump_copy':
    case 'dump_delete':
      return { ...request, location: completeLocation(request.location) };
    default:
      return request;
  }
}

/** URLs went without credentials once. */
const completeLocation = (location: LocationRequest): LocationRequest =>
  location.type === 'url' ? { ...location, credential: location.credential ?? null } : location;

/** What an import could rename before there were other remaps. */
type OldImport = Omit<ImportRequest, keyof typeof importDefaults | 'remaps'> & {
  readonly remapSchemas?: readonly Remap[];
  readonly remaps?: Partial<Remaps>;
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
  ownFiles: null,
  erase: false,
  tableExistsAction: null,
  globals: false,
  content: 'all',
  include: [],
  exclude: [],
  encryptionKey: null,
  dryRun: false,
} as const satisfies Partial<ImportRequest>;
