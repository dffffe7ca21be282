import { tableKey } from '../core/catalogue.ts';
import type { FrameRef, Manifest } from '../core/manifest.ts';
import type { LocationRequest } from '../core/request.ts';
import { readFrame } from '../dump/read-frame.ts';
import { verifyFile } from '../dump/verify-file.ts';
import type { Storage } from '../storages/storage.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import type { Environment } from './environment.ts';
import type { VerifyFrame, VerifyPayload } from './plan-types.ts';

/** One task per file. The file that holds the manifest has no digest of its own: its frames are checked one by one. */
export function verifyTasks(manifest: Manifest, counted = false): readonly TaskSpec[] {
  const framesOf = (file: string): readonly VerifyFrame[] => [
    ...manifest.tables.flatMap((table) =>
      table.units.filter((unit) => unit.file === file).map((unit) => ({ ref: frameRef(unit), what: `table ${tableKey(table)}` })),
    ),
    ...Object.entries(manifest.ddl).flatMap(([section, ref]) => (ref.file === file ? [{ ref, what: `the ${section}-data schema` }] : [])),
  ];
  return manifest.files.map((file) => ({
    key: `verify/${file.name}`,
    kind: 'verify',
    group: 'verify',
    waitsFor: [],
    payload: { file, frames: file.digest === null ? framesOf(file.name) : [] },
    bytes: file.bytes,
    rows: 0,
    counted,
  }));
}

const frameRef = ({ file, offset, length, rawBytes, digest }: FrameRef): FrameRef => ({ file, offset, length, rawBytes, digest });

/** Reads a file from end to end against its digest, or its frames against theirs. */
export async function verifyDumpFile(
  environment: Environment,
  location: LocationRequest,
  { file, frames }: VerifyPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(location);
  if (file.digest !== null) {
    await verifyFile(storage, file, { onProgress: (bytes) => context.progress({ bytes, rows: 0 }) }, context);
  }
  let bytes = 0;
  for (const { ref, what } of frames) {
    await drain(storage, ref, what, context);
    bytes += ref.length;
    context.progress({ bytes, rows: 0 });
  }
  return { type: 'done', result: null, done: { bytes: file.bytes, rows: 0 } };
}

/** readFrame throws when anything differs; the bytes themselves are not wanted. */
async function drain(storage: Storage, ref: FrameRef, what: string, context: TaskContext): Promise<void> {
  for await (const _chunk of readFrame(storage, ref, what, context));
}
