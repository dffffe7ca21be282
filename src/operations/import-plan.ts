import type { ImportRequest } from '../core/request.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import { applyTasks, dataGroup, dataWaitsFor, plainTask } from './apply-tasks.ts';
import type { Environment } from './environment.ts';
import { decideImport, type ImportTable } from './import-decision.ts';
import { dryRunImport } from './import-dry-run.ts';
import { type ImportPlace, type ImportSource, openPlace } from './import-source.ts';
import { logLine, objectTypeLine } from './log-lines.ts';
import type { ImportDataPayload, ImportFinishPayload, ImportPlan, ReadResult } from './plan-types.ts';
import type { TargetPlan } from './target-plan.ts';
import { inBatches } from './task-batches.ts';
import { importChecks, setBytesOf } from './verify-file.ts';

/** Decides everything before the first byte is written; what it refuses leaves the target as it was. */
export async function planImport(
  environment: Environment,
  request: ImportRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const place = await openPlace(environment, request);
  return request.dryRun
    ? await dryRunImport(environment, request, place, context)
    : await realRun(environment, request, place, context);
}

async function realRun(
  environment: Environment,
  request: ImportRequest,
  place: ImportPlace,
  context: TaskContext,
): Promise<TaskOutcome> {
  const throws = (error: unknown) => {
    throw error;
  };
  const { source: read, target, log } = await decideImport(environment, request, place, throws, context);
  const { manifest } = read;
  const { engine } = await environment.database(request.database);
  const { objects, tables, clear, order } = target;
  const { source, encryption } = manifest;
  const plan: ImportPlan = {
    kind: 'import',
    source,
    tables: tables.length,
    ...(encryption === undefined ? {} : { encryption }),
  };
  const result: ReadResult = { bytesRead: place.storage.bytesRead() };
  return {
    type: 'done',
    result,
    plan,
    errors: target.errors,
    spawn: inBatches([
      ...(read.isVerified
        ? []
        : importChecks(
            manifest,
            tables.map(({ source }) => source),
          )),
      ...applyTasks({
        schedule: engine.schedule(objects),
        tables,
        clear,
        erases: request.erase,
        waitsFor: ['verify'],
      }),
      ...tables.flatMap((table) => dataTasks(table, order, read, request)),
      finishTask(tables, setBytesOf(manifest)),
    ]),
    log: [...log, plannedLine(tables), objectTypeLine(manifest.mode, 'IMPORT')],
  };
}

function plannedLine(tables: readonly ImportTable[]) {
  const units = tables.reduce((sum, { source }) => sum + source.units.length, 0);
  const bytes = tables.reduce((sum, table) => sum + table.bytes, 0);
  return logLine('plan', `Planned ${units} units of ${tables.length} tables, ${bytes} bytes.`, {
    tables: tables.length,
    units,
    bytes,
  });
}

function dataTasks(
  table: TargetPlan<ImportTable>['tables'][number],
  order: TargetPlan<ImportTable>['order'],
  { compressionOf }: ImportSource,
  { remaps: { keyPrefixes } }: ImportRequest,
): readonly TaskSpec[] {
  const { schema, name, columns, action, existingRows, source } = table;
  return source.units.map((unit) => {
    const payload: ImportDataPayload = {
      schema,
      name,
      columns,
      encoding: source.encoding,
      wholeTable: source.units.length === 1 && action !== 'append',
      parts: source.units.length,
      unit,
      compression: compressionOf(unit.file),
      ...(existingRows === undefined ? {} : { existingRows }),
      ...(keyPrefixes.length === 0 ? {} : { keyPrefixes }),
    };
    return {
      key: `data/${unit.id}`,
      kind: 'data',
      group: dataGroup(table),
      waitsFor: dataWaitsFor(table, order),
      payload,
      bytes: unit.rawBytes,
      rows: unit.rows,
      counted: true,
    };
  });
}

function finishTask(tables: TargetPlan<ImportTable>['tables'], setBytes: number): TaskSpec {
  const payload: ImportFinishPayload = {
    tables: tables.map(({ schema, name, rows, action, source }) => ({
      schema,
      name,
      rows,
      units: source.units.map(({ id }) => `data/${id}`),
      appended: action === 'append',
    })),
    setBytes,
  };
  return plainTask('finish', 'finish', 'finish', ['after'], payload);
}
