import type { DefinitionVersion, WorkspaceItem } from '../../core/definition.ts';
import { apiId } from './operation.ts';
import { connectionBody } from './translate/connection.ts';
import { jobBody } from './translate/job-to-json.ts';
import { resourceBody } from './translate/resource.ts';
import { scriptBody } from './translate/script.ts';

/*
 * The JSON text of the things of a workspace: the very text that this API was given, or one that is made for things that were made or changed
 * elsewhere.
 */

/** @param version a version of it, or its draft */
export const jobText = (
  item: Pick<WorkspaceItem<'definition'>, 'name' | 'createdAt'>,
  version: Pick<DefinitionVersion, 'content' | 'document'>,
): string => ownText(version) ?? JSON.stringify(jobBody(item.name, version.content, item.createdAt));

export const scriptText = (item: WorkspaceItem<'script'>): string =>
  ownText(item) ?? JSON.stringify(scriptBody(item.name, item.content));

export const resourceText = (item: WorkspaceItem<'resource'>): string =>
  ownText(item) ?? JSON.stringify(resourceBody(item.name, item.content));

export const connectionText = (item: WorkspaceItem<'connection'>): string =>
  ownText(item) ?? JSON.stringify(connectionBody(item.name, item.content));

const ownText = ({ document }: Pick<WorkspaceItem, 'document'>): string | null =>
  document?.api === apiId ? document.text : null;
