import type { ExportRequest } from '../core/request.ts';
import { type ExportLayout, masterName, schemaFile } from '../dump/layout.ts';

/**
 * Names of the files that an export may write, the master last where there is one. None for a folder at a place that can list: it holds the job's files alone,
 * and a plan is read often.
 */
export function plannedFiles(
  layout: ExportLayout,
  dataFiles: readonly string[],
  { compression, encryptionKey }: ExportRequest,
  canList: boolean,
): readonly string[] {
  if (layout.form === 'folder' && canList) return [];
  if (layout.form === 'bare') return dataFiles;
  const schema =
    layout.form === 'folder'
      ? (['pre', 'post'] as const).map((section) =>
          schemaFile(layout.folder, section, compression, encryptionKey !== null),
        )
      : [];
  return [...new Set([...dataFiles, ...schema, masterName(layout)])];
}
