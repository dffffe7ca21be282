import type { Manifest } from '../core/manifest.ts';
import type { LocationRequest } from '../core/request.ts';
import { verifyFile } from '../dump/verify-file.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import type { Environment } from './environment.ts';
import type { VerifyPayload } from './plan-types.ts';

/** One task per file. `counted`: verification is what the job is about, so that its progress is the job's. */
export function verifyTasks(manifest: Manifest, counted: boolean): readonly TaskSpec[] {
  return manifest.files.map((file) => ({
    key: `verify/${file.name}`,
    kind: 'verify',
    group: 'verify',
    waitsFor: [],
    payload: { file },
    bytes: file.bytes,
    rows: 0,
    counted,
  }));
}

/** Reads a file from end to end against its digest. */
export async function verifyDumpFile(
  environment: Environment,
  location: LocationRequest,
  { file }: VerifyPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(location);
  await verifyFile(storage, file, { onProgress: (bytes) => context.progress({ bytes, rows: 0 }) }, context);
  return { type: 'done', result: null, done: { bytes: file.bytes, rows: 0 } };
}
