import path from 'node:path';
import { type WorkspaceItemKind, workspaceItemKinds } from '../../core/definition.ts';
import { AppError } from '../../core/errors.ts';
import type { ApiClient } from '../client.ts';
import { type FolderItem, readFolder, writeFolder } from '../definition-folder.ts';
import { followJob, type JobView } from '../follow-job.ts';
import { formatCounted, formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';
import { type WorkspaceFlags, workspacePath } from '../workspace-path.ts';
import { allItems, getItem } from './items.ts';
import { type Body, given } from './job-flags.ts';

export interface ExportFlags extends WorkspaceFlags {
  readonly dir: string;
}

/** Writes definitions and the scripts and connections that they name; without names everything of the workspace. */
export async function exportDefinitions(
  session: Session,
  names: readonly string[],
  flags: ExportFlags,
): Promise<CommandEnd> {
  const client = await session.client();
  const found = names.length === 0 ? await everything(client, flags) : await named(client, flags, names);
  const { written, others } = await writeFolder(path.resolve(flags.dir), found.items);
  const result = { written, missing: found.missing, documents_of_others: found.documents, others };
  session.show(result, () =>
    [
      `Wrote ${formatCounted(written.length, 'file')} below ${flags.dir}.`,
      ...found.missing.map((what) => `note: the workspace has no ${what}, which one of them names.`),
      ...found.documents.map(
        ({ name, api }) =>
          `note: ${name} came through the API ${api}, whose own document of it is not in the file: it stays where it is.`,
      ),
      ...(names.length > 0
        ? []
        : others.map((file) => `note: ${file} is there too, and no thing of the workspace.`)),
    ].join('\n'),
  );
  return 'ok';
}

interface Found {
  readonly items: readonly FolderItem[];
  /** `script load`. */
  readonly missing: readonly string[];
  readonly documents: readonly { readonly name: string; readonly api: string }[];
}

async function everything(client: ApiClient, flags: WorkspaceFlags): Promise<Found> {
  const collected = createCollection(client, flags);
  for (const kind of workspaceItemKinds) {
    for (const { name } of await allItems(client, flags, kind)) await collected.add(kind, name);
  }
  return collected;
}

async function named(client: ApiClient, flags: WorkspaceFlags, names: readonly string[]): Promise<Found> {
  const collected = createCollection(client, flags);
  for (const name of names) {
    const { definition } = await collected.add('definition', name);
    for (const needed of neededBy(definition as DefinitionView)) {
      const script = await collected.addIfThere(needed.kind, needed.name);
      if (needed.kind === 'script' && typeof script?.connection === 'string') {
        await collected.addIfThere('connection', script.connection);
      }
    }
  }
  return collected;
}

/** Things of a workspace, each asked for once. */
function createCollection(client: ApiClient, flags: WorkspaceFlags) {
  const items: FolderItem[] = [];
  const missing: string[] = [];
  const documents: { name: string; api: string }[] = [];
  const seen = new Map<string, Body | null>();

  async function add(kind: WorkspaceItemKind, name: string): Promise<Body> {
    const body = await getItem(client, flags, kind, name);
    if (!seen.has(`${kind} ${name}`)) {
      items.push({ kind, name, body });
      if (body.document_of !== null) documents.push({ name, api: body.document_of });
    }
    seen.set(`${kind} ${name}`, body);
    return body;
  }

  return {
    items,
    missing,
    documents,
    add,
    async addIfThere(kind: WorkspaceItemKind, name: string): Promise<Body | null> {
      const known = seen.get(`${kind} ${name}`);
      if (known !== undefined) return known;
      try {
        return await add(kind, name);
      } catch (error) {
        if (!(error instanceof AppError) || error.code !== 'item-unknown') throw error;
        missing.push(`${kind} ${name}`);
        seen.set(`${kind} ${name}`, null);
        return null;
      }
    },
  };
}

interface DefinitionView {
  readonly nodes: readonly {
    readonly action: {
      readonly type: string;
      readonly connection?: string | null;
      readonly script?: { readonly name?: string };
    };
  }[];
}

/** What the nodes of a definition name; what a parameter decides is not known before a run. */
function neededBy({ nodes }: DefinitionView): readonly { kind: 'script' | 'connection'; name: string }[] {
  return nodes.flatMap(({ action: { connection, script } }) => [
    ...(connection == null || connection.includes('${')
      ? []
      : [{ kind: 'connection' as const, name: connection }]),
    ...(script?.name === undefined ? [] : [{ kind: 'script' as const, name: script.name }]),
  ]);
}

export interface ImportFlags extends WorkspaceFlags {
  readonly dir: string;
  readonly sameName?: string;
  readonly status?: string;
}

/** Brings a folder into a workspace, all or none, as a job. */
export async function importDefinitions(session: Session, flags: ImportFlags): Promise<CommandEnd> {
  const items = await readFolder(path.resolve(flags.dir));
  if (items.length === 0) {
    throw new AppError('usage', {
      field: 'dir',
      message: `There are no files of definitions below ${flags.dir}.`,
      hint: 'Name a folder that pumphouse definition export wrote.',
    });
  }
  const client = await session.client();
  const job = await client.json<JobView>({
    method: 'POST',
    path: workspacePath(flags, 'imports'),
    body: {
      source: flags.dir,
      items: items.map(({ kind, name, body }) => ({ kind, name, ...body })),
      ...given('same_name', flags.sameName),
      ...given('target_status', flags.status),
    },
  });
  const end = await followJob(session, job);
  if (!session.json) await showItems(session, client, job.id);
  return end;
}

/** What became of each thing. */
async function showItems(session: Session, client: ApiClient, id: string): Promise<void> {
  const { result } = await client.json<{
    readonly result: { readonly items: readonly ImportedItem[] } | null;
  }>({
    method: 'GET',
    path: `/api/v1/jobs/${encodeURIComponent(id)}`,
  });
  if (result === null || result.items.length === 0) return;
  session.print(
    formatTable(
      ['kind', 'name', 'outcome', 'message'],
      result.items.map(({ kind, name, outcome, message }) => [kind, name, outcome, message]),
    ),
  );
}

interface ImportedItem {
  readonly kind: string;
  readonly name: string;
  readonly outcome: string;
  readonly message: string;
}
