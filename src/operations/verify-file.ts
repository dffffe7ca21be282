import { releaseChunk } from '../base/release-chunk.ts';
import { tableKey } from '../core/catalogue.ts';
import type { Manifest, ManifestFile, ManifestTable } from '../core/manifest.ts';
import type { LocationRequest } from '../core/request.ts';
import { readFrame } from '../dump/read-frame.ts';
import { verifyFile } from '../dump/verify-file.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import { countReads } from './counting-storage.ts';
import { codingOf } from './dump-cipher.ts';
import type { Environment } from './environment.ts';
import type { ImportPlan, ReadResult, VerifyPayload } from './plan-types.ts';

/** One task per file. `counted`: verification is what the job is about, so that its progress is the job's. */
export function verifyTasks(manifest: Manifest, counted: boolean): readonly TaskSpec[] {
  return manifest.files.map((file) => verifyTask({ file }, file.bytes, counted));
}

function verifyTask(payload: VerifyPayload, bytes: number, counted: boolean): TaskSpec {
  const key = `verify/${payload.file.name}`;
  return { key, kind: 'verify', group: 'verify', waitsFor: [], payload, bytes, rows: 0, counted };
}

/**
 * The checks before an import of `tables`: of the whole set every file; of a part of it only the frames that will be read, or, where nothing
 * else is in a file, the file as it is stored. The schema texts are checked by whoever reads them.
 */
export function importChecks(manifest: Manifest, tables: readonly ManifestTable[]): readonly TaskSpec[] {
  if (isWhole(manifest, tables)) return verifyTasks(manifest, false);
  const { compression } = manifest;
  const frames = Map.groupBy(
    tables.flatMap(({ schema, name, units }) => units.map((unit) => ({ ...unit, table: { schema, name } }))),
    ({ file }) => file,
  );
  return neededFiles(manifest, tables).map((file) => {
    const wanted = frames.get(file.name) ?? [];
    const bytes = wanted.reduce((sum, { length }) => sum + length, 0);
    return verifyTask(
      bytes === file.bytes ? { file } : { file, frames: { compression, wanted } },
      bytes,
      false,
    );
  });
}

/** The files that an import of `tables` needs besides the schema texts: all when it is of every table, else those of its units. */
export function neededFiles(manifest: Manifest, tables: readonly ManifestTable[]): readonly ManifestFile[] {
  if (isWhole(manifest, tables)) return manifest.files;
  const names = new Set(tables.flatMap(({ units }) => units.map(({ file }) => file)));
  return manifest.files.filter(({ name }) => names.has(name));
}

const isWhole = (manifest: Manifest, tables: readonly ManifestTable[]): boolean =>
  tables.length === manifest.tables.length;

/** Stored bytes of all files of a set. */
export const setBytesOf = ({ files }: Manifest): number => files.reduce((sum, { bytes }) => sum + bytes, 0);

/** Reads a file from end to end, or some frames of it, against the digests. */
export async function verifyDumpFile(
  environment: Environment,
  { location, encryptionKey }: { readonly location: LocationRequest; readonly encryptionKey: string | null },
  { file, frames }: VerifyPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = countReads(await environment.storage(location));
  const progress = (bytes: number) => context.progress({ bytes, rows: 0 });
  if (frames === undefined) await verifyFile(storage, file, { onProgress: progress }, context);
  else {
    const { encryption } = context.job.plan as ImportPlan;
    const coding = await codingOf(environment, {
      compression: frames.compression,
      encryptionKey,
      encryption,
    });
    for (const frame of frames.wanted) {
      for await (const chunk of readFrame(
        storage,
        frame,
        coding,
        `table ${tableKey(frame.table)}`,
        context,
      )) {
        releaseChunk(chunk);
        progress(storage.bytesRead());
      }
    }
  }
  const result: ReadResult = { bytesRead: storage.bytesRead() };
  return { type: 'done', result, done: { bytes: file.bytes, rows: 0 } };
}
