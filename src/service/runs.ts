import type { Definition } from '../core/definition.ts';
import { checkRunnable } from '../core/definition-check.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { RunRequest } from '../core/request.ts';
import { nodesOfRun } from '../operations/run-nodes.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import { findVersion } from './definitions.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readLimit, readObject, readText, readThreads, spell } from './input.ts';
import { cursorOf } from './jobs.ts';
import { authoriseRun, resolveRun } from './run-needs.ts';
import { ownParams, readParams } from './run-params.ts';
import type { CallContext, Service } from './service.ts';
import type { StartOptions } from './start-input.ts';
import type { Started, StartJob } from './start-job.ts';
import { unknownItem } from './workspace-items.ts';
import { findWorkspace, spellWorkspace } from './workspaces.ts';

type RunFunctions = Pick<Service, 'startRun' | 'startScript' | 'listRuns' | 'runNodes'>;

/** What `RunRequest.definitionName` is where a script runs by itself; no definition can be called so. */
export const scriptRunName = (script: string): string => `script:${script}`;

/** Runs of definitions and of scripts: their start, and which there are. */
export function createRuns(
  parts: ServiceDependencies,
  startJob: StartJob,
  jobs: Pick<Service, 'listJobs' | 'getJob'>,
): RunFunctions {
  const { store, workspaces, clock, options: settings } = parts;

  /** Makes the job of a run once it is let through. `find` says what is to run. */
  async function start(context: CallContext, asked: Asked, options: StartOptions): Promise<Started> {
    const { name, workspace, definitionName, params, plannedAt, threads } = asked;
    const subject = `${spellWorkspace(workspace)}/${name}`;
    const at = plannedAt ?? clock.now();
    const request = await authoriseCommand(
      parts,
      context,
      { name: 'run:start', subject },
      async (): Promise<RunRequest> => {
        authorise(context, 'definition:manage');
        const room = await findWorkspace(parts, workspace);
        const { version, definition } = await asked.find(room.id);
        checkRunnable(definition);
        const needs = await resolveRun(parts, { workspace: room.id, definition, params, at });
        await authoriseRun(parts, context, needs);
        return {
          kind: 'run',
          database: '',
          workspace: room.id,
          definitionName,
          version,
          definition,
          scripts: needs.scripts,
          connections: needs.connections,
          params: needs.params,
          plannedAt,
          threads,
        };
      },
    );
    const priority = options.priority ?? request.definition.priority;
    return startJob({
      context,
      options: priority === undefined ? options : { ...options, priority },
      request,
      // Not a part of what was asked for: the same request at another time is the same request.
      requestFor: (jobName) => ({
        ...request,
        params: { ...ownParams(jobName, at, request.definition), ...request.params },
      }),
      check: async () => undefined,
    });
  }

  return {
    async startRun(context, rawInput, options) {
      const input = readObject(rawInput);
      const name = readText(input.definition, 'definition', 'Name a definition.', 128);
      const version = readVersion(input.version);
      const asked: Asked = {
        name,
        workspace: readWorkspace(input.workspace),
        definitionName: name,
        params: readParams(input.params),
        plannedAt: typeof input.plannedAt === 'number' ? input.plannedAt : null,
        threads: readThreads(input.threads, settings.threadsMax('')),
        async find(room) {
          const item = await workspaces.getItem(room, 'definition', name);
          if (item === null) throw unknownItem('definition', name);
          const found = await findVersion(parts, room, name, version ?? item.version);
          return { version: found.version, definition: found.content };
        },
      };
      return start(context, asked, options);
    },

    async startScript(context, rawInput, options) {
      const input = readObject(rawInput);
      const script = readText(input.script, 'script', 'Name a script.', 128);
      const asked: Asked = {
        name: script,
        workspace: readWorkspace(input.workspace),
        definitionName: scriptRunName(script),
        params: readParams(input.params),
        plannedAt: null,
        threads: 1,
        async find(room) {
          if ((await workspaces.getItem(room, 'script', script)) === null)
            throw unknownItem('script', script);
          return { version: 0, definition: definitionOfScript(script) };
        },
      };
      return start(context, asked, options);
    },

    async listRuns(context, query) {
      authorise(context, 'definition:read');
      const room = await findWorkspace(parts, readWorkspace(query.workspace));
      const limit = readLimit(query.limit, 'limit', 100);
      const { states, definition } = query;
      const isOne = ({ request }: Job): boolean =>
        request.kind === 'run' &&
        request.workspace === room.id &&
        (definition === undefined || request.definitionName === definition);
      const found: Job[] = [];
      let cursor = query.cursor ?? null;
      do {
        const page = await jobs.listJobs(context, {
          kinds: ['run'],
          ...(states === undefined ? {} : { states }),
          ...(cursor === null ? {} : { cursor }),
          limit: scanned,
        });
        // One more than asked for tells whether there is a next page.
        for (const job of page.jobs) if (isOne(job) && found.length <= limit) found.push(job);
        cursor = page.nextCursor;
      } while (cursor !== null && found.length <= limit);
      const runs = found.slice(0, limit);
      const last = runs.at(-1);
      return {
        jobs: runs,
        nextCursor: found.length > limit && last !== undefined ? cursorOf(last) : null,
      };
    },

    async runNodes(context, id) {
      const job = await jobs.getJob(context, id);
      if (job.kind !== 'run') {
        throw new AppError('job-unknown', {
          field: 'job',
          message: `The job ${job.name} is no run: it is of the kind ${job.kind}.`,
        });
      }
      return nodesOfRun(job, await store.tasks(job.id), await store.childJobs(job.id));
    },
  };
}

/** Jobs looked at in one go. */
const scanned = 200;

/** A run as it was asked for. */
interface Asked {
  /** For the audit trail. */
  readonly name: string;
  readonly workspace: string | null;
  readonly definitionName: string;
  readonly params: Readonly<Record<string, string>>;
  readonly plannedAt: number | null;
  readonly threads: number;
  /** What runs, out of the workspace of that id. */
  find(workspace: string): Promise<{ readonly version: number; readonly definition: Definition }>;
}

/** A definition of one node, which runs the script on the script's own connection. */
const definitionOfScript = (script: string): Definition => ({
  description: '',
  params: [],
  nodes: [
    {
      name: script,
      action: { type: 'sql', connection: null, script: { name: script } },
      after: [],
      conditions: [],
      retries: 0,
      retryDelaySeconds: 0,
      timeoutSeconds: null,
      onFailure: 'fail',
    },
  ],
  schedule: null,
  timeoutSeconds: null,
});

function readVersion(value: unknown): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw fieldInvalid(
    'version',
    `must be a whole number of 0 or more, not ${spell(value)}`,
    'Use 0 for the draft.',
  );
}

export const readWorkspace = (value: unknown): string | null =>
  value === undefined || value === null
    ? null
    : readText(value, 'workspace', 'Give the name or the id of a workspace.', 63);
