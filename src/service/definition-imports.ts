import { isDeepStrictEqual } from 'node:util';
import { type NewItem, type WorkspaceItemKind, workspaceItemKinds } from '../core/definition.ts';
import type { DefinitionImportRequest } from '../core/request.ts';
import { authorise, authoriseCommand } from './authorise.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { fieldInvalid, readChoice, readObject, readText } from './input.ts';
import { readParams } from './run-params.ts';
import { readWorkspace } from './runs.ts';
import type { Service } from './service.ts';
import type { StartJob } from './start-job.ts';
import { authoriseChange, authoriseConnection, readItem } from './workspace-items.ts';
import { findWorkspace, spellWorkspace } from './workspaces.ts';

const mostItems = 10_000;

/** Brings definitions and what they are made of into a workspace: checked here, done by operations/definition-import.ts. */
export function createDefinitionImports(
  parts: ServiceDependencies,
  startJob: StartJob,
): Service['startDefinitionImport'] {
  /** What says the same as what is there is no change of it: a document that another API gave stays. */
  async function withKeptDocument(workspace: string, item: NewItem): Promise<NewItem> {
    if (item.document !== null) return item;
    const old = await parts.workspaces.getItem(workspace, item.kind, item.name);
    if (old?.document == null || !isDeepStrictEqual(old.content, item.content)) return item;
    return { ...item, document: old.document };
  }

  return async (context, rawInput, options) => {
    const input = readObject(rawInput);
    const workspace = readWorkspace(input.workspace);
    const source = readText(input.source, 'source', 'Say where the items come from.', 4096);
    const items = readItems(input.items);
    const sameName = readChoice(input.sameName, 'same_name', ['skip', 'overwrite']) ?? 'skip';
    const targetStatus =
      readChoice(input.targetStatus, 'target_status', ['saved', 'submitted', 'scheduled']) ?? 'saved';
    const params = readParamsByDefinition(input.params);
    const subject = spellWorkspace(workspace);
    const room = await authoriseCommand(parts, context, { name: 'definition:import', subject }, async () => {
      authorise(context, 'definition:manage');
      for (const item of items) await authoriseConnection(parts, context, item);
      const found = await findWorkspace(parts, workspace);
      if (sameName === 'overwrite') {
        for (const { kind, name } of items) {
          const old = await parts.workspaces.getItem(found.id, kind, name);
          if (old !== null) authoriseChange(context, old);
        }
      }
      return found;
    });
    const request: DefinitionImportRequest = {
      kind: 'definition_import',
      database: '',
      workspace: room.id,
      source,
      items: await Promise.all(items.map((item) => withKeptDocument(room.id, item))),
      sameName,
      targetStatus,
      params,
      threads: 1,
    };
    return startJob({
      context,
      options,
      request,
      requestFor: () => request,
      check: async () => undefined,
    });
  };
}

function readItems(value: unknown): readonly NewItem[] {
  if (!Array.isArray(value)) throw fieldInvalid('items', 'must be a list', 'Give what is to be imported.');
  if (value.length > mostItems) {
    throw fieldInvalid('items', `has more than ${mostItems} entries`, 'Import it in parts.');
  }
  const items = (value as readonly NewItem<WorkspaceItemKind>[]).map((item, index) => {
    const kind = readChoice(item.kind, `items[${index}].kind`, workspaceItemKinds);
    if (kind === undefined) throw fieldInvalid(`items[${index}].kind`, 'is missing', 'Give a kind.');
    return readItem({ ...item, kind } as NewItem);
  });
  const seen = new Set<string>();
  for (const { kind, name } of items) {
    const key = `${kind} ${name}`;
    if (seen.has(key)) throw fieldInvalid('items', `has the ${kind} ${name} twice`, 'Leave one of them out.');
    seen.add(key);
  }
  return items;
}

function readParamsByDefinition(value: unknown): DefinitionImportRequest['params'] {
  const given = value === undefined || value === null ? {} : readObject(value);
  return Object.fromEntries(
    Object.entries(given).map(([definition, params]) => [
      definition,
      readParams(params, `params.${definition}`),
    ]),
  );
}
