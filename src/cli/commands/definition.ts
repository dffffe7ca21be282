import { AppError } from '../../core/errors.ts';
import { formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';
import { itemPath, type WorkspaceFlags } from '../workspace-path.ts';
import { addItem, getItem, putItem, readInput } from './items.ts';
import { type Body, given } from './job-flags.ts';
import { parseParams, parseVersion } from './runs.ts';

/** A definition in a file: by itself, or as `definition export` writes it, with its name. */
async function readDefinitionFile(file: string): Promise<Body> {
  let json: unknown;
  try {
    json = JSON.parse(await readInput(file));
  } catch (error) {
    if (error instanceof AppError) throw error;
    throw new AppError('usage', {
      field: 'file',
      message: `The file ${file} is no JSON: ${(error as Error).message}.`,
      hint: 'docs/guides/definitions.md tells how a definition is written.',
      cause: error,
    });
  }
  if (typeof json !== 'object' || json === null || Array.isArray(json)) {
    throw new AppError('usage', {
      field: 'file',
      message: `The file ${file} holds no definition.`,
      hint: 'docs/guides/definitions.md tells how a definition is written.',
    });
  }
  const body = json as Body;
  return body.nodes === undefined && typeof body.definition === 'object' ? (body.definition as Body) : body;
}

export interface DefinitionFlags extends WorkspaceFlags {
  readonly file: string;
  readonly rename?: string;
}

export const addDefinition = async (
  session: Session,
  name: string,
  flags: DefinitionFlags,
): Promise<CommandEnd> =>
  addItem(session, 'definition', flags, { name, definition: await readDefinitionFile(flags.file) });

export const putDefinition = async (
  session: Session,
  name: string,
  flags: DefinitionFlags,
): Promise<CommandEnd> =>
  putItem(session, 'definition', name, flags, {
    name: flags.rename ?? name,
    definition: await readDefinitionFile(flags.file),
  });

/** The definition as JSON, which `definition put` takes again. */
export async function showDefinition(
  session: Session,
  name: string,
  flags: WorkspaceFlags & { readonly ofVersion?: string },
): Promise<CommandEnd> {
  const client = await session.client();
  const found =
    flags.ofVersion === undefined
      ? await getItem(client, flags, 'definition', name)
      : await client.json<Body>({
          method: 'GET',
          path: itemPath(flags, 'definition', name, 'versions', String(parseVersion(flags.ofVersion))),
        });
  session.show(found, () => JSON.stringify(found.definition, null, 2));
  return 'ok';
}

export async function submitDefinition(
  session: Session,
  name: string,
  flags: WorkspaceFlags,
): Promise<CommandEnd> {
  const client = await session.client();
  const path = itemPath(flags, 'definition', name, 'submit');
  const item = await client.json<{ readonly version: number }>({ method: 'POST', path });
  session.show(item, () => `${name} is version ${item.version} now.`);
  return 'ok';
}

export async function listVersions(
  session: Session,
  name: string,
  flags: WorkspaceFlags,
): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{
    readonly items: readonly {
      readonly version: number;
      readonly submitted_by: string;
      readonly submitted_at: string;
    }[];
  }>({ method: 'GET', path: itemPath(flags, 'definition', name, 'versions') });
  session.show(items, () =>
    items.length === 0
      ? `None was submitted yet: pumphouse definition submit ${name}`
      : formatTable(
          ['version', 'submitted', 'by'],
          items.map((each) => [String(each.version), each.submitted_at, each.submitted_by]),
        ),
  );
  return 'ok';
}

export async function startSchedule(
  session: Session,
  name: string,
  flags: WorkspaceFlags & { readonly param?: readonly string[] },
): Promise<CommandEnd> {
  const client = await session.client();
  const schedule = await client.json<{ readonly next_at: string | null }>({
    method: 'PUT',
    path: itemPath(flags, 'definition', name, 'schedule'),
    body: given('params', parseParams(flags.param)),
  });
  session.show(schedule, () =>
    [
      `The schedule of ${name} is on; it fires next at ${schedule.next_at ?? '-'}.`,
      ...(client.serviceUrl === null
        ? ['No service runs on this data folder now: it fires while one does. Start it with pumphouse serve.']
        : []),
    ].join('\n'),
  );
  return 'ok';
}

export async function stopSchedule(
  session: Session,
  name: string,
  flags: WorkspaceFlags,
): Promise<CommandEnd> {
  const client = await session.client();
  await client.json({ method: 'DELETE', path: itemPath(flags, 'definition', name, 'schedule') });
  session.show({ stopped: name }, () => `The schedule of ${name} is off; runs go on.`);
  return 'ok';
}

export interface DiffFlags extends WorkspaceFlags {
  readonly from: string;
  readonly to: string;
}

interface Difference {
  readonly path: string;
  readonly change: string;
  readonly from?: unknown;
  readonly to?: unknown;
}

/** Lines with `-` are of the first side only, lines with `+` of the second. */
export async function diffDefinition(session: Session, name: string, flags: DiffFlags): Promise<CommandEnd> {
  const client = await session.client();
  const body = { from: await sideOf(flags.from), to: await sideOf(flags.to) };
  const { items } = await client.json<{ readonly items: readonly Difference[] }>({
    method: 'POST',
    path: itemPath(flags, 'definition', name, 'diff'),
    body,
  });
  session.show(items, () => (items.length === 0 ? 'They are the same.' : items.flatMap(linesOf).join('\n')));
  return 'ok';
}

/** `draft`, `last`, the number of a version, or a file. */
async function sideOf(text: string): Promise<Body> {
  if (text === 'draft') return { version: 0 };
  if (text === 'last') return {};
  if (/^[1-9]\d{0,8}$/.test(text)) return { version: Number(text) };
  return { definition: await readDefinitionFile(text) };
}

const linesOf = ({ path, change, from, to }: Difference): readonly string[] => [
  ...(change === 'added' ? [] : [`- ${path}: ${JSON.stringify(from)}`]),
  ...(change === 'removed' ? [] : [`+ ${path}: ${JSON.stringify(to)}`]),
];
