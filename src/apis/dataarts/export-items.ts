import type { WorkspaceItem, WorkspaceItemKind } from '../../core/definition.ts';
import { AppError } from '../../core/errors.ts';
import type { Service } from '../../service/service.ts';
import { type ArchiveMember, batchPath, singlePath } from './archive/members.ts';
import { jobText, resourceText, scriptText } from './item-text.ts';
import { type Body, isObject, objectsOf } from './members.ts';
import { isItemName } from './names.ts';
import type { Call } from './operation.ts';
import { badRequest } from './refusal.ts';
import { exportedJobText } from './secrets.ts';
import { propertiesOf } from './translate/action-from-json.ts';

export interface ExportChoice {
  /** Which state of the jobs: the last draft, or the last submitted version. */
  readonly status: 'DEVELOP' | 'SUBMIT';
  /** With the scripts and resources that the jobs name. */
  readonly withDependencies: boolean;
}

/**
 * The files of an export of jobs: `single` in the tree of one job, `batch` in that of several. What a job names and is not there is left out.
 * Throws `item-unknown` for a job that is not there, and DLF.3051 for the submitted version of one that has none.
 */
export async function exportMembers(
  service: Service,
  call: Call,
  jobs: readonly string[],
  tree: 'single' | 'batch',
  choice: ExportChoice,
): Promise<readonly ArchiveMember[]> {
  const members: ArchiveMember[] = [];
  for (const name of jobs) {
    const item = await service.getItem(call.context, call.workspace, 'definition', name);
    const text = await textOf(service, call, item, choice);
    const path = (kind: WorkspaceItemKind, thing: string): string =>
      tree === 'single' ? singlePath(kind, thing) : batchPath(name, kind, thing);
    members.push({ path: path('definition', name), text, changedAt: item.updatedAt });
    if (!choice.withDependencies) continue;
    const { scripts, resources } = namedBy(JSON.parse(text) as Body);
    for (const script of await existing(service, call, 'script', scripts)) {
      members.push({
        path: path('script', script.name),
        text: scriptText(script),
        changedAt: script.updatedAt,
      });
    }
    for (const resource of await existing(service, call, 'resource', resources)) {
      const { name: thing, updatedAt } = resource;
      members.push({ path: path('resource', thing), text: resourceText(resource), changedAt: updatedAt });
    }
  }
  return members;
}

async function textOf(
  service: Service,
  { context, workspace }: Call,
  item: WorkspaceItem<'definition'>,
  { status }: ExportChoice,
): Promise<string> {
  if (status === 'DEVELOP') return exportedJobText(jobText(item, item));
  if (item.version === 0) throw badRequest(`The job ${item.name} was never submitted.`);
  return exportedJobText(jobText(item, await service.getVersion(context, workspace, item.name)));
}

/** Those of the named things that there are. */
async function existing<K extends 'script' | 'resource'>(
  service: Service,
  { context, workspace }: Call,
  kind: K,
  names: ReadonlySet<string>,
): Promise<readonly WorkspaceItem<K>[]> {
  const found: WorkspaceItem<K>[] = [];
  for (const name of names) {
    try {
      found.push(await service.getItem(context, workspace, kind, name));
    } catch (error) {
      if (!(error instanceof AppError) || error.code !== 'item-unknown') throw error;
    }
  }
  return found;
}

interface Named {
  readonly scripts: ReadonlySet<string>;
  readonly resources: ReadonlySet<string>;
}

/** What can be names in the properties of a job's nodes: of scripts, and in all properties about resources. */
function namedBy(job: Body): Named {
  const [scripts, resources] = [new Set<string>(), new Set<string>()];
  for (const node of objectsOf(job, 'nodes')) {
    for (const [name, value] of Object.entries(propertiesOf(node))) {
      // The original spells some of these `resouces`.
      const set = /script.*name/i.test(name) ? scripts : /resou?r?ce|^jar/i.test(name) ? resources : null;
      for (const text of set === null ? [] : textsIn(value)) if (isItemName(text)) set?.add(text);
    }
  }
  return { scripts, resources };
}

/** All texts in a value; of a list in one text each entry too. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return [value, ...value.split(',').map((part) => part.trim())];
  if (Array.isArray(value)) return value.flatMap(textsIn);
  return isObject(value) ? Object.values(value).flatMap(textsIn) : [];
}
