import { tableKey } from '../core/catalogue.ts';
import { type AppError, isInterruption, toAppError, toErrorRecord } from '../core/errors.ts';
import type { ExportRequest } from '../core/request.ts';
import { type DataFileOptions, type UnitSource, unitsThatFit, writeDataFile } from '../dump/data-file.ts';
import type { Snapshot, Unit } from '../engines/engine.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import { codingOf } from './dump-cipher.ts';
import type { Environment } from './environment.ts';
import { withSource } from './export-source.ts';
import { spareTask } from './export-tasks.ts';
import { withHashKey } from './hash-key.ts';
import { errorLine } from './log-lines.ts';
import type { ExportDataPayload, ExportDataResult, ExportDdlPayload, ExportPlan } from './plan-types.ts';
import { readDefinitions } from './source-choice.ts';

/** The schema, read early and through the snapshot: a privilege that is missing must not show after hours of data. */
export async function readDdl(
  environment: Environment,
  request: ExportRequest,
  payload: ExportDdlPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const objects = await withSource(environment, request, context, ({ snapshot }) =>
    readDefinitions(snapshot, request, payload, context),
  );
  return { type: 'done', result: { objects } };
}

/**
 * One data file. A unit that cannot be read is left out and reported; the others of the file go on without it. Units that would make the
 * file outgrow its size go on in a spare file, as a task of their own in the same `group`.
 */
export async function writeUnits(
  environment: Environment,
  request: ExportRequest,
  payload: ExportDataPayload,
  group: string,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(request.location);
  const plan = context.job.plan as ExportPlan;
  const options: DataFileOptions = {
    // The plan found the name free; a later run may meet what an earlier one of this very task left.
    ifExists: claims > 1 || context.job.restarts > 0 ? 'replace' : 'fail',
    coding: await codingOf(environment, { ...request, encryption: plan.encryption }),
    expectedBytes: payload.bytes,
    ...(request.fileSize === null ? {} : { maxBytes: request.fileSize }),
    onProgress: (bytes) => context.progress({ bytes, rows: 0 }),
  };
  let moved: readonly Unit[] = [];
  const { written, failed } = await withSource(environment, request, context, ({ snapshot }) =>
    withoutFailingUnits(payload.units, plan, async (units, reader) => {
      for (let fitting = units; ; ) {
        moved = units.slice(fitting.length);
        if (fitting.length === 0) return null;
        const sources = fitting.map((unit) => reader(snapshot, unit, request));
        try {
          return await writeDataFile(storage, payload.file, sources, options, context);
        } catch (error) {
          const count = unitsThatFit(error) ?? 0;
          if (count === 0 || (payload.spare ?? []).length === 0) throw error;
          fitting = fitting.slice(0, count);
        }
      }
    }),
  );
  const result: ExportDataResult = {
    written,
    failed: failed.map(({ unit, error }) => ({ id: unit.id, error: toErrorRecord(error) })),
    ...(moved.length === 0 ? {} : { moved: moved.map(({ id }) => id) }),
  };
  return {
    type: 'done',
    result,
    spawn: moved.length === 0 ? [] : [spareTask(payload, moved, group)],
    done: {
      bytes: sum(written?.units.map((unit) => unit.rawBytes)),
      rows: sum(written?.units.map((unit) => unit.rows)),
    },
    errors: failed.length,
    log: failed.map(({ unit, error }) => unitErrorLine(unit, error)),
  };
}

export interface FailedUnit {
  readonly unit: Unit;
  readonly error: AppError;
}

type Reader = (snapshot: Snapshot, unit: Unit, request: ExportRequest) => UnitSource;

/**
 * Calls `write` with the units, and again without the one whose reading failed for good (a stream: without all of its pieces), until it goes
 * through; in the end without any.
 * `plan` is the job's. Temporary errors, interruptions and errors of the storage are not the unit's fault and are thrown.
 */
export async function withoutFailingUnits<T>(
  units: readonly Unit[],
  plan: unknown,
  write: (units: readonly Unit[], reader: Reader) => Promise<T>,
): Promise<{ readonly written: T; readonly failed: readonly FailedUnit[] }> {
  const failed: FailedUnit[] = [];
  let remaining = units;
  for (;;) {
    let culprit: FailedUnit | null = null;
    const reader: Reader = (snapshot, unit, request) => ({
      id: unit.id,
      open: (context) => {
        const { bytes, summary } = snapshot.read(withHashKey(unit, plan), request.encoding, context);
        const blame = (error: unknown) => {
          // A unit that is broken off because the storage failed is not the culprit.
          if (!context.signal.aborted && !isInterruption(error)) culprit = { unit, error: toAppError(error) };
        };
        return { bytes: watched(bytes, blame), summary };
      },
    });
    try {
      return { written: await write(remaining, reader), failed };
    } catch (error) {
      const blamed = culprit as FailedUnit | null;
      if (
        blamed === null ||
        isInterruption(error) ||
        blamed.error.temporary ||
        blamed.error.kind === 'snapshot_lost'
      )
        throw error;
      const { stream } = blamed.unit;
      const isLost = (unit: Unit): boolean =>
        unit === blamed.unit || (stream !== undefined && unit.stream === stream);
      failed.push(...remaining.filter(isLost).map((unit) => ({ unit, error: blamed.error })));
      remaining = remaining.filter((unit) => !isLost(unit));
    }
  }
}

async function* watched(
  bytes: AsyncIterable<Uint8Array>,
  blame: (error: unknown) => void,
): AsyncIterable<Uint8Array> {
  try {
    yield* bytes;
  } catch (error) {
    blame(error);
    throw error;
  }
}

export const unitErrorLine = (unit: Unit, error: AppError) =>
  errorLine(`Data of table ${tableKey(unit.table)} could not be read: ${error.message}`, {
    code: error.code,
    schema: unit.table.schema,
    name: unit.table.name,
  });

const sum = (figures: readonly number[] = []): number => figures.reduce((total, figure) => total + figure, 0);
