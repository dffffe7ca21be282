import { tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { ExportRequest } from '../core/request.ts';
import { assignFiles } from '../dump/assign-files.ts';
import { findExistingFile } from '../dump/existing.ts';
import { type ExportLayout, layoutForExport } from '../dump/layout.ts';
import type { Snapshot, Unit } from '../engines/engine.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import { encryptionForExport } from './dump-cipher.ts';
import type { Environment } from './environment.ts';
import { refuseExistingFile } from './existing-file.ts';
import type { ExportSettings } from './export.ts';
import { refuseNoFiles, removeEarlierBare } from './export-bare.ts';
import { othersFiles, removeDumpFiles } from './export-cleanup.ts';
import { estimated } from './export-estimate.ts';
import { type AssignedFile, toPlace, unitsForFileSize, withSpares } from './export-file-size.ts';
import { besideKept, fileOf, renamedUnits, unitsOf, usableFiles } from './export-restart.ts';
import { beginSource, shareSource } from './export-source.ts';
import { ddlTask, fileTasks, singleTask } from './export-tasks.ts';
import { withoutHashKey } from './hash-key.ts';
import { logLine, objectTypeLine } from './log-lines.ts';
import type { ExportFinishPayload, ExportPlan } from './plan-types.ts';
import { plannedFiles } from './planned-files.ts';
import { reportFindings } from './preflight.ts';
import { chooseFromSource, ruleBaseOf, type SourceChoice } from './source-choice.ts';

/** Steps 1 to 4 of DESIGN section 3. Nothing is written to the location before the plan is in the store. */
export async function planExport(
  environment: Environment,
  settings: ExportSettings,
  request: ExportRequest,
  payload: unknown,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { job } = context;
  const layout = layoutForExport(request.filePattern, job.name);
  await removeEarlierBare(environment, request, payload, context);

  // Preflight, and the snapshot that everything is read through.
  const source = await beginSource(environment, request, context);
  const { session, snapshot } = source;
  await reportFindings(await session.preflight(context), context);
  const { engine } = await environment.database(request.database);

  // What there is, and what of it was asked for.
  const rules = ruleBaseOf(job);
  const choice = await chooseFromSource(engine, snapshot, request, rules, context);
  const cut = (unitBytes: number) => snapshot.plan(choice.tables, unitBytes).map(withoutHashKey);
  const units =
    request.fileSize === null
      ? cut(settings.unitBytes(request.database))
      : unitsForFileSize(cut, settings.unitBytes(request.database), request.fileSize);
  if (request.estimate) return estimated(units);

  // Units, and the files that they go to.
  if (layout.form === 'bare') refuseNoFiles(request, units);
  const files = await placeUnits(environment, request, payload, layout, choice, units, context);
  const earlier = (job.plan as ExportPlan | null)?.encryption;
  const encryption = await encryptionForExport(environment, request.encryptionKey, earlier);
  const plan: ExportPlan = {
    kind: 'export',
    layout,
    files: plannedFiles(layout, files.names, request, files.lists),
    snapshotToken: snapshot.token,
    source: { engine: engine.id, serverVersion: session.serverVersion, database: request.database },
    createdAt: new Date().toISOString(),
    tables: choice.tables.length,
    ...(snapshot.position === undefined ? {} : { position: snapshot.position }),
    ...(snapshot.consistency === undefined ? {} : { consistency: snapshot.consistency }),
    ...(encryption === undefined ? {} : { encryption }),
    ...rules,
  };
  const left = choice.tables.length - files.keptTables;
  const bytes = files.units.reduce((sum, unit) => sum + unit.estimate.bytes, 0);
  const finish: ExportFinishPayload = {
    // A set without rows must not look as if its tables had none: it has definitions of them, and nothing more.
    tables: choice.tables.map(({ rules: _, ...table }) => table),
    inline: layout.form === 'file' ? inOrder(files) : [],
    earlier: files.earlier,
  };
  return {
    type: 'done',
    result: null,
    plan,
    ...(await shareSource(source, context)),
    spawn: [
      ddlTask(choice.chosen),
      ...(layout.form === 'file'
        ? [singleTask(finish)]
        : fileTasks(
            files.assignments,
            files.units,
            choice.tables,
            finish,
            layout.form === 'bare' ? 'bare' : 'data',
          )),
    ],
    log: [
      ...(files.earlier.kept > 0
        ? [
            logLine(
              'note',
              `${files.earlier.kept} files of ${files.keptTables} finished tables stay as they are.`,
            ),
          ]
        : []),
      logLine('plan', `Planned ${files.units.length} units of ${left} tables, about ${bytes} bytes.`, {
        tables: left,
        units: files.units.length,
        bytes,
      }),
      ...consistencyLine(snapshot.consistency),
      objectTypeLine(request.selection.mode, 'EXPORT'),
    ],
  };
}

/** What the engine has to say about how far the rows go together. */
const consistencyLine = (consistency: Snapshot['consistency']): readonly NewJobLogEntry[] =>
  consistency === undefined || consistency.note === '' ? [] : [logLine('note', consistency.note)];

/** The units of a single file. */
function inOrder({ units, assignments }: PlacedUnits): readonly Unit[] {
  const unitOf = new Map(units.map((unit) => [unit.id, unit]));
  return assignments.flatMap((file) => file.units.flatMap((id) => unitOf.get(id) ?? []));
}

interface PlacedUnits {
  /** Whether the location can tell what it holds. */
  readonly lists: boolean;
  /** Those that are still to be read. */
  readonly units: readonly Unit[];
  readonly assignments: readonly AssignedFile[];
  /** Of all data files, those that stay among them. */
  readonly names: readonly string[];
  /** Tables whose rows are in files that stay. */
  readonly keptTables: number;
  readonly earlier: NonNullable<ExportFinishPayload['earlier']>;
}

/** Chooses the files, and removes those of an earlier plan of the job: they are ours to remove, and only they are. */
async function placeUnits(
  environment: Environment,
  request: ExportRequest,
  payload: unknown,
  layout: ExportLayout,
  choice: SourceChoice,
  units: readonly Unit[],
  context: TaskContext,
): Promise<PlacedUnits> {
  const { job } = context;
  const storage = await environment.storage(request.location);
  const { lists } = storage;
  const earlier = await context.tasks('data');
  const usable = usableFiles(earlier, choice.tables);
  const placed =
    assignBeside(usable, layout, units, request, job.restarts) ??
    (assignBeside([], layout, units, request, job.restarts) as Assigned);
  const keep = new Set(placed.kept.map(fileOf));
  if (job.plan !== null) {
    const plan = job.plan as ExportPlan;
    await removeDumpFiles(storage, plan, keep.union(othersFiles(plan, request, payload)), context);
  }
  refuseExistingFile(await findExistingFile(storage, layout, context, keep), storage);
  return {
    lists,
    units: placed.units,
    assignments: placed.assignments,
    names: [...keep, ...placed.assignments.flatMap(({ file, spare = [] }) => [file, ...spare])],
    keptTables: new Set(placed.kept.flatMap(unitsOf).map(({ table }) => tableKey(table))).size,
    earlier: {
      kept: keep.size,
      dropped: earlier.filter((task) => !placed.kept.includes(task)).map(({ key }) => key),
    },
  };
}

interface Assigned {
  readonly kept: readonly TaskRecord[];
  readonly units: readonly Unit[];
  readonly assignments: readonly AssignedFile[];
}

/**
 * Files for the units of tables that are not in `kept`; null when there are too few names left beside those, or the database comes in streams,
 * which are not read in parts.
 */
function assignBeside(
  kept: readonly TaskRecord[],
  layout: ExportLayout,
  all: readonly Unit[],
  request: ExportRequest,
  restarts: number,
): Assigned | null {
  if (kept.length > 0 && all.some(({ stream }) => stream !== undefined)) return null;
  const keptUnits = kept.flatMap(unitsOf);
  const done = new Set(keptUnits.map(({ table }) => JSON.stringify(table)));
  const left = all.filter(({ table }) => !done.has(JSON.stringify(table)));
  const units = restarts === 0 ? left : renamedUnits(left, restarts);
  const { encoding, compression, threads, fileSize } = request;
  try {
    const assignments = assignFiles(layout, units.map(toPlace), {
      encoding,
      compression,
      isEncrypted: request.encryptionKey !== null,
      threads,
      fileSize,
      beside: { files: new Set(kept.map(fileOf)), tables: keptUnits.map(({ table }) => table) },
    });
    const keep = new Set(kept.map(fileOf));
    const beside = besideKept(layout, assignments, keep);
    if (beside === null) return null;
    const isLimited = fileSize !== null && layout.form === 'pattern';
    return { kept, units, assignments: isLimited ? withSpares(layout, beside, keep) : beside };
  } catch (error) {
    if (kept.length > 0 && error instanceof AppError && error.code === 'file-size-too-small') return null;
    throw error;
  }
}
