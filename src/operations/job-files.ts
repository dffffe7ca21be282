import type { OperationContext } from '../core/context.ts';
import type { Job } from '../core/job.ts';
import { filesNamed } from '../dump/find-files.ts';
import type { StoredFile } from '../storages/storage.ts';
import type { Environment } from './environment.ts';
import type { ExportPlan, ExportResult } from './plan-types.ts';

/** The dump files of an export that are visible by now, in the order of their names; empty for jobs of other kinds. */
export async function listJobFiles(
  environment: Environment,
  job: Job,
  context: OperationContext,
): Promise<readonly StoredFile[]> {
  if (job.request.kind !== 'export' || job.plan === null) return [];
  const storage = await environment.storage(job.request.location);
  const { layout, files } = job.plan as ExportPlan;
  if (layout.form === 'folder' && storage.lists) {
    const found: StoredFile[] = [];
    for await (const file of storage.list(`${layout.folder}/`, context)) found.push(file);
    return found;
  }
  // Of a completed job only what it wrote itself: somebody may have removed its files, and others have their names by now.
  const written = job.state === 'completed' ? sizesOf(job.result as ExportResult | null) : null;
  const found = await filesNamed(storage, [...files].sort(), context);
  return found.filter(({ name, bytes }) => written === null || written.get(name) === bytes);
}

const sizesOf = (result: ExportResult | null): ReadonlyMap<string, number> =>
  new Map((result?.files ?? []).map(({ name, bytes }) => [name, bytes]));
