import type { NodeJob } from '../core/definition.ts';
import { fieldInvalid, readChoice, spell } from './input.ts';
import type { StartCopy, StartExport, StartImport } from './start-input.ts';

/** What a node's job may say. Whose own schema is meant follows from who runs it, and is no matter of the definition. */
type MembersOf = {
  readonly export: Record<Exclude<keyof StartExport, 'ownSchemaOf'>, true>;
  readonly import: Record<keyof StartImport, true>;
  readonly copy: Record<Exclude<keyof StartCopy, 'ownSchemaOf'>, true>;
};

const selection = {
  database: true,
  mode: true,
  nameExpressions: true,
  schemaExpressions: true,
  tablespaceExpressions: true,
  content: true,
  include: true,
  exclude: true,
  threads: true,
} as const;
const reading = {
  consistency: true,
  queries: true,
  samples: true,
  excludeColumns: true,
  masks: true,
} as const;
const writing = {
  remapSchemas: true,
  remapTables: true,
  remapTablespaces: true,
  remapOwners: true,
  remapKeys: true,
  tableExistsAction: true,
  globals: true,
} as const;
const place = { location: true, filePattern: true, encryptionKey: true } as const;

const members: MembersOf = {
  export: {
    ...selection,
    ...reading,
    ...place,
    encoding: true,
    compression: true,
    fileSize: true,
    estimate: true,
  },
  import: { ...selection, ...writing, ...place, ownFiles: true, erase: true, dryRun: true },
  copy: { ...selection, ...reading, ...writing, target: true },
};

/**
 * The job of a node, as far as it can be checked before a run knows its parameters: what it is, that it names its databases, and that
 * nothing stands in it that no such job has. The rest is checked when the run starts it, as any request is.
 */
export function readNodeJob(value: unknown, field: string): NodeJob {
  if (typeof value !== 'object' || value === null) {
    throw fieldInvalid(field, `must be an object, not ${spell(value)}`, 'Give the job to start.');
  }
  const { kind: rawKind, input } = value as Readonly<Record<string, unknown>>;
  const kind = readChoice(rawKind, `${field}.kind`, ['export', 'import', 'copy']);
  if (kind === undefined) throw fieldInvalid(`${field}.kind`, 'is missing', 'Use export, import or copy.');
  if (typeof input !== 'object' || input === null || Array.isArray(input)) {
    throw fieldInvalid(field, 'has no members of a job', 'Give the job to start.');
  }
  const given = input as Readonly<Record<string, unknown>>;
  const known: Readonly<Record<string, true>> = members[kind];
  for (const name of Object.keys(given)) {
    if (!Object.hasOwn(known, name)) {
      throw fieldInvalid(field, `has the member ${spell(name)}, which its kind has not`, 'Leave it out.');
    }
  }
  for (const name of kind === 'copy' ? ['database', 'target'] : ['database']) {
    if (typeof given[name] === 'string' && given[name] !== '') continue;
    throw fieldInvalid(`${field}.${name}`, 'is missing', 'Name a registered database.');
  }
  return { kind, input: given };
}
