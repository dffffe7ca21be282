import type { Definition, DefinitionNode, NodeAction, NodeJob, Script } from '../core/definition.ts';
import { parametersAskedFor } from '../core/definition-check.ts';
import { AppError } from '../core/errors.ts';
import type { LocationRequest, RunRequest } from '../core/request.ts';
import { type RunParams, substitute, substituteWithin } from '../core/run-parameters.ts';
import { authorise } from './authorise.ts';
import { usableCredential } from './credentials.ts';
import { unknownDatabase } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { readCredentialName, readList, readLocation } from './input.ts';
import { authoriseLocation } from './locations.ts';
import { ownParams } from './run-params.ts';
import type { CallContext } from './service.ts';

/** What a run will use of the world, as far as it can be known before it begins. */
export interface RunNeeds {
  /** What of the workspace its nodes name, as a run keeps it. */
  readonly scripts: RunRequest['scripts'];
  readonly connections: RunRequest['connections'];
  /** The definition's parameters, and over them those that were given. */
  readonly params: RunParams;
  /** Registered databases: those that scripts run on are among the written ones too. */
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly scriptDatabases: readonly string[];
  readonly locations: readonly LocationRequest[];
  readonly encryptionKeys: readonly string[];
}

type SqlAction = Extract<NodeAction, { type: 'sql' }>;

/**
 * Looks up what the nodes of a definition name. Throws `definition-invalid`, naming the node, for a script or a connection that is not there,
 * and for a parameter without a value.
 */
export async function resolveRun(
  parts: Pick<ServiceDependencies, 'workspaces'>,
  asked: {
    readonly workspace: string;
    readonly definition: Definition;
    readonly params: RunParams;
    /** When it is planned, milliseconds since the epoch. */
    readonly at: number;
  },
): Promise<RunNeeds> {
  const { definition } = asked;
  const given = {
    ...Object.fromEntries(definition.params.map(({ name, value }) => [name, value])),
    ...asked.params,
  };
  // Its job has no name yet.
  const params = { ...ownParams('RUN', asked.at, definition), ...given };
  const workspace = createLookUp(parts, asked.workspace);
  for (const node of definition.nodes) {
    if (node.action.type === 'sql') await workspace.add(node, node.action, params);
  }
  // Names may be anything, `__proto__` too: entries define, an assignment would not.
  const scripts = Object.fromEntries(workspace.scripts);
  const connections = Object.fromEntries(workspace.connections);
  const missing = parametersAskedFor(definition, scripts).filter((name) => !Object.hasOwn(params, name));
  if (missing.length > 0) {
    throw new AppError('definition-invalid', {
      field: 'params',
      message: `There is no value for ${missing.slice(0, 20).join(', ')}.`,
      hint: 'Give the definition such parameters, or the run values for them.',
    });
  }
  const jobs = definition.nodes.flatMap(({ action }) =>
    action.type === 'job' ? [needsOfJob(action.job, params)] : [],
  );
  return {
    scripts,
    connections,
    params: given,
    reads: distinct(jobs.flatMap(({ reads }) => reads)),
    writes: distinct([...workspace.databases, ...jobs.flatMap(({ writes }) => writes)]),
    scriptDatabases: [...workspace.databases],
    locations: jobs.flatMap(({ locations }) => locations),
    encryptionKeys: distinct(jobs.flatMap(({ encryptionKeys }) => encryptionKeys)),
  };
}

/**
 * Throws unless the caller may do what the run will do: `export:start` on what it reads, `import:start` on what it writes and where its
 * scripts run, the places and the keys. The jobs that a run starts are held to the same again, with the rights of that time.
 */
export async function authoriseRun(
  parts: ServiceDependencies,
  context: CallContext,
  needs: Omit<RunNeeds, 'scripts' | 'connections' | 'params'>,
): Promise<void> {
  for (const database of needs.reads) authorise(context, 'export:start', { database });
  for (const database of needs.writes) authorise(context, 'import:start', { database });
  for (const location of needs.locations) await authoriseLocation(parts, context, location);
  for (const key of needs.encryptionKeys) await usableCredential(parts, context, key, 'encryption_key');
  for (const database of distinct([...needs.reads, ...needs.writes])) {
    if ((await parts.registry.getDatabase(database)) === null) throw unknownDatabase(database);
  }
  for (const database of needs.scriptDatabases) {
    const { engine } = await parts.environment.database(database);
    if (engine.capabilities.scripts) continue;
    throw new AppError('unsupported', {
      field: 'database',
      message: `The database ${database} is a ${engine.title} database, and scripts cannot run on those.`,
      hint: 'Name a connection to another database.',
    });
  }
}

/** Scripts and connections of a workspace, each read once. */
function createLookUp({ workspaces }: Pick<ServiceDependencies, 'workspaces'>, workspace: string) {
  const scripts = new Map<string, RunRequest['scripts'][string]>();
  const connections = new Map<string, string>();

  /** Null: there is no such connection. */
  async function databaseOf(connection: string): Promise<string | null> {
    const known = connections.get(connection);
    if (known !== undefined) return known;
    const item = await workspaces.getItem(workspace, 'connection', connection);
    if (item !== null) connections.set(connection, item.content.database);
    return item?.content.database ?? null;
  }

  async function scriptOf(name: string, { name: node }: DefinitionNode): Promise<Script> {
    const { content: script } =
      (await workspaces.getItem(workspace, 'script', name)) ??
      lacking(`The node ${node} needs the script ${name}, and the workspace has none.`);
    const { content, type, connection } = script;
    if (type !== 'sql') {
      return lacking(`The script ${name} of the node ${node} is of the type ${type}, which cannot run.`);
    }
    const database = connection === null || connection === '' ? null : await databaseOf(connection);
    scripts.set(name, { content, type, connection: database });
    return script;
  }

  const databases = new Set<string>();
  return {
    scripts,
    connections,
    databases,
    /** What an SQL node names: its own connection counts, or that of its script. */
    async add(node: DefinitionNode, action: SqlAction, params: RunParams): Promise<void> {
      const script = 'name' in action.script ? await scriptOf(action.script.name, node) : null;
      const connection =
        action.connection === null ? (script?.connection ?? '') : substitute(action.connection, params);
      if (connection === '') {
        lacking(`The node ${node.name} names no connection, and neither does its script.`);
      }
      databases.add(
        (await databaseOf(connection)) ??
          lacking(`The node ${node.name} needs the connection ${connection}, and the workspace has none.`),
      );
    },
  };
}

function lacking(message: string): never {
  throw new AppError('definition-invalid', {
    field: 'nodes',
    message,
    hint: 'Add it, or change the node.',
  });
}

interface JobNeeds {
  readonly reads: readonly string[];
  readonly writes: readonly string[];
  readonly locations: readonly LocationRequest[];
  readonly encryptionKeys: readonly string[];
}

function needsOfJob(job: NodeJob, params: RunParams): JobNeeds {
  const input = substituteWithin(job.input, params) as Readonly<Record<string, unknown>>;
  const database = String(input.database);
  if (job.kind === 'copy') {
    return { reads: [database], writes: [String(input.target)], locations: [], encryptionKeys: [] };
  }
  const key = readCredentialName(input.encryptionKey, 'encryption_key');
  const own = readList(input.ownFiles, 'own_files', 'Name files.').map((entry) =>
    readLocation((entry as { readonly location?: unknown } | null)?.location),
  );
  return {
    reads: job.kind === 'export' ? [database] : [],
    writes: job.kind === 'import' ? [database] : [],
    locations: own.length > 0 ? own : [readLocation(input.location)],
    encryptionKeys: key === null ? [] : [key],
  };
}

const distinct = (texts: readonly string[]): readonly string[] => [...new Set(texts)];
