import { AppError } from '../../core/errors.ts';
import { followJob, type JobView } from '../follow-job.ts';
import { formatTable } from '../format.ts';
import { parseCount, parsePriority } from '../option-values.ts';
import type { CommandEnd, Session } from '../session.ts';
import { itemPath, type WorkspaceFlags, workspacePath } from '../workspace-path.ts';
import { type Body, given } from './job-flags.ts';
import { refuseDetached, showStarted } from './start-job.ts';

export interface RunFlags extends WorkspaceFlags {
  readonly param?: readonly string[];
  readonly ofVersion?: string;
  readonly threads?: string;
  readonly priority?: string;
  readonly mail?: boolean;
  readonly detach?: boolean;
}

/** Runs a definition, or a script by itself, and shows how its nodes ended. */
export async function startRun(
  session: Session,
  kind: 'definition' | 'script',
  name: string,
  flags: RunFlags,
): Promise<CommandEnd> {
  const client = await session.client();
  refuseDetached(client, flags);
  const job = await client.json<JobView>({
    method: 'POST',
    path: itemPath(flags, kind, name, 'runs'),
    body: {
      ...given('params', parseParams(flags.param)),
      ...given('version', flags.ofVersion === undefined ? undefined : parseVersion(flags.ofVersion)),
      ...given(
        'threads',
        flags.threads === undefined ? undefined : parseCount(flags.threads, '--threads', 'threads'),
      ),
      ...given('priority', parsePriority(flags.priority)),
      ...given('mail', flags.mail),
    },
  });
  if (flags.detach === true) return showStarted(session, job);
  const end = await followJob(session, job);
  if (!session.json) await showNodes(session, job.id);
  return end;
}

interface RunNode {
  readonly name: string;
  readonly type: string;
  readonly state: string;
  readonly started_at: string | null;
  readonly finished_at: string | null;
  readonly tries: number;
  readonly error: string | null;
  readonly job: string | null;
}

/** How each node of a run stands. */
export async function showNodes(session: Session, id: string): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly RunNode[] }>({
    method: 'GET',
    path: `/api/v1/jobs/${encodeURIComponent(id)}/nodes`,
  });
  session.show(items, () =>
    formatTable(
      ['node', 'type', 'state', 'tries', 'started', 'finished', 'job', 'error'],
      items.map((node) => [
        node.name,
        node.type,
        node.state,
        String(node.tries),
        node.started_at ?? '',
        node.finished_at ?? '',
        node.job ?? '',
        node.error ?? '',
      ]),
    ),
  );
  return 'ok';
}

export async function listRuns(
  session: Session,
  name: string | undefined,
  flags: WorkspaceFlags,
): Promise<CommandEnd> {
  const client = await session.client();
  const query = new URLSearchParams({ limit: '100', ...(name === undefined ? {} : { definition: name }) });
  const { items } = await client.json<{ readonly items: readonly (JobView & RunView)[] }>({
    method: 'GET',
    path: `${workspacePath(flags, 'runs')}?${query}`,
  });
  session.show(items, () =>
    items.length === 0
      ? 'No runs yet: pumphouse definition run NAME'
      : formatTable(
          ['id', 'definition', 'version', 'state', 'asked for', 'by', 'finished'],
          items.map(({ request, ...run }) => [
            run.id,
            request.definition,
            request.version === 0 ? 'draft' : String(request.version),
            run.state,
            run.created_at,
            run.owner,
            run.finished_at ?? '',
          ]),
        ),
  );
  return 'ok';
}

interface RunView {
  readonly request: { readonly definition: string; readonly version: number };
}

/** `day=2026-11-21`, each; undefined when there is none. */
export function parseParams(texts: readonly string[] | undefined): Body | undefined {
  if (texts === undefined) return undefined;
  return Object.fromEntries(
    texts.map((text) => {
      const at = text.indexOf('=');
      if (at > 0) return [text.slice(0, at), text.slice(at + 1)];
      throw new AppError('usage', {
        field: 'params',
        message: '--param takes NAME=VALUE.',
        hint: 'Write it as --param day=2026-11-21.',
      });
    }),
  );
}

export function parseVersion(text: string): number {
  if (text === 'draft') return 0;
  return parseCount(text, '--of-version', 'version');
}
