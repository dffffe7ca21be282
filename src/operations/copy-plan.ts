import { type DdlObject, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { NewJobLogEntry } from '../core/job.ts';
import type { CopyRequest, Encoding } from '../core/request.ts';
import type { Engine, ImportSchedule, SourceSession, TableToRead, TargetSession } from '../engines/engine.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import { applyTasks } from './apply-tasks.ts';
import { copyDataTasks, copyFinishTask, type TableToCopy } from './copy-data-tasks.ts';
import {
  digestOf,
  failedBefore,
  largeObjectLines,
  madeBefore,
  objectKey,
  refuseChanged,
  undoLostRows,
  withLargeObjects,
} from './copy-restart.ts';
import { targetOf } from './copy-target.ts';
import type { Environment } from './environment.ts';
import type { ExportSettings } from './export.ts';
import { beginSource, shareSource } from './export-source.ts';
import { withoutHashKey } from './hash-key.ts';
import { withoutGlobals } from './import-set.ts';
import { sharedTarget } from './import-target.ts';
import { readyTarget } from './import-tasks.ts';
import { logLine } from './log-lines.ts';
import { missingRoleLines } from './missing-roles.ts';
import type { CopyPlan, CopyPreparePayload } from './plan-types.ts';
import { reportFindings } from './preflight.ts';
import { type JobContent, remapContent } from './remap-content.ts';
import { chooseFromSource, readDefinitions, ruleBaseOf } from './source-choice.ts';
import { warnLine } from './target-lines.ts';
import { decideTarget, type TargetTable } from './target-plan.ts';
import { inBatches } from './task-batches.ts';

/** Decides everything before anything is written; what it refuses leaves the target as it was. */
export async function planCopy(
  environment: Environment,
  settings: ExportSettings,
  request: CopyRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { job } = context;
  const { engine } = await environment.database(request.database);

  // Both sides, and the snapshot that everything is read through.
  const source = await beginSource(environment, request, context);
  const { session, snapshot } = source;
  const target = await sharedTarget(environment, targetOf(request), context);
  await reportFindings(await session.preflight(context), context);
  await reportFindings(await target.preflight(context), context);

  // What of the source was asked for, under its new names.
  const rules = ruleBaseOf(job);
  const choice = await chooseFromSource(engine, snapshot, request, rules, context);
  const definitions = await readDefinitions(snapshot, request, choice.chosen, context);
  const { leftAlone, ...content } = await remapContent(engine, request.remaps, {
    objects: withoutGlobals(engine, request.globals, definitions),
    tables: choice.tables.map(tableToCopy),
  });
  refuseItself(session, target, definitions, content, request);

  // What is to be made and written, as decided now or before the snapshot was lost.
  const digest = digestOf(engine.schedule(content.objects).before, content.tables);
  const made = await madeBefore(context);
  const work =
    made === null
      ? await decide(engine, target, request, content, digest, context)
      : await takeUp(environment, engine, request, content, made, digest, context);

  const encoding = encodingBetween(engine, session.serverVersion, target.serverVersion);
  const left = work.tables.filter((table) => !work.kept.has(tableKey(table)));
  const data = copyDataTasks(
    left,
    snapshot.plan(choice.tables, settings.unitBytes(request.database)).map(withoutHashKey),
    encoding,
    job.restarts,
    work.prepare,
  );
  const plan: CopyPlan = {
    kind: 'copy',
    snapshotToken: snapshot.token,
    source: { engine: engine.id, serverVersion: session.serverVersion, database: request.database },
    tables: work.tables.length,
    ...rules,
  };
  const bytes = data.reduce((sum, task) => sum + task.bytes, 0);
  return {
    type: 'done',
    result: null,
    plan,
    ...(await shareSource(source, context)),
    errors: work.errors,
    spawn: inBatches([
      ...applyTasks({ schedule: work.schedule, tables: work.tables, clear: work.clear, waitsFor: [] })
        .filter(({ key }) => made === null || (key !== 'clear' && key !== 'prepare'))
        .map((task) => (task.key === 'prepare' ? { ...task, payload: work.prepare } : task)),
      ...data,
      copyFinishTask(work.tables),
    ]),
    log: [
      ...leftAlone.map((message) => warnLine(message)),
      ...work.log,
      logLine(
        'plan',
        `Planned ${data.length} units of ${left.length} tables, about ${bytes} bytes, as ${encoding}.`,
        { tables: left.length, units: data.length, bytes },
      ),
    ],
  };
}

type Content = JobContent<TableToCopy>;

const tableToCopy = (table: TableToRead): TableToCopy => ({
  schema: table.schema,
  name: table.name,
  columns: table.columns.map(({ name }) => name),
  ...table.estimate,
  source: { schema: table.schema, name: table.name },
});

/** What is done in the target. */
interface CopyWork {
  readonly tables: readonly TableToCopy[];
  readonly schedule: ImportSchedule;
  readonly clear: Parameters<typeof applyTasks>[0]['clear'];
  readonly prepare: CopyPreparePayload;
  /** Keys of tables whose rows are there. */
  readonly kept: ReadonlySet<string>;
  readonly errors: number;
  readonly log: readonly NewJobLogEntry[];
}

async function decide(
  engine: Engine,
  target: TargetSession,
  request: CopyRequest,
  content: Content,
  digest: string,
  context: TaskContext,
): Promise<CopyWork> {
  const { objects, tables } = content;
  const databaseName = request.target;
  const question = {
    engine,
    target,
    options: request,
    content: request.content,
    objects,
    tables,
    databaseName,
    isErased: false,
  };
  const decided = await decideTarget(question, context);
  if (decided.refusal !== null) throw decided.refusal;
  refuseAppend(decided.tables);
  const taken = new Set(decided.objects.map(objectKey));
  const schedule = engine.schedule(decided.objects);
  return {
    tables: decided.tables,
    schedule,
    clear: decided.clear,
    prepare: {
      objects: schedule.before,
      digest,
      tables: decided.tables.map(({ schema, name }) => ({ schema, name })),
      left: objects.map(objectKey).filter((key) => !taken.has(key)),
      order: [...decided.order],
      errors: decided.errors,
    },
    kept: new Set(),
    errors: decided.errors,
    log: [...decided.log, ...(await missingRoleLines(engine, target, decided.objects, context))],
  };
}

/** Goes on in a target that this job has made already, when it still fits. */
async function takeUp(
  environment: Environment,
  engine: Engine,
  request: CopyRequest,
  content: Content,
  earlier: CopyPreparePayload,
  digest: string,
  context: TaskContext,
): Promise<CopyWork> {
  refuseChanged(earlier, digest, request);
  const made = withLargeObjects(earlier, content.tables);
  const target = await readyTarget(environment, targetOf(request), context);
  const kept = await undoLostRows(target, made, context);
  const known = new Map(content.tables.map((table) => [tableKey(table), table]));
  const left = new Set(made.left);
  const schedule = engine.schedule(content.objects.filter((object) => !left.has(objectKey(object))));
  return {
    tables: made.tables.flatMap((table) => known.get(tableKey(table)) ?? []),
    schedule,
    clear: [],
    prepare: made,
    kept,
    // A restart begins to count anew, and what was refused or failed before it still lacks.
    errors: made.errors + (await failedBefore(target, context)),
    log: [
      logLine(
        'note',
        `Emptied ${made.tables.length - kept.size} tables of database ${request.target}; ${kept.size} stay as they are.`,
      ),
      ...largeObjectLines(made, schedule.before, request.target),
    ],
  };
}

/** Rows that were added to those of others cannot be told from them when the snapshot is lost. */
function refuseAppend(tables: readonly (TargetTable & { readonly action: string })[]): void {
  const appended = tables.find(({ action }) => action === 'append');
  if (appended === undefined) return;
  throw new AppError('unsupported', {
    field: 'table_exists_action',
    message: `The table ${appended.schema}.${appended.name} exists, and a copy cannot append rows.`,
    hint: 'Use truncate or replace, or an export and an import with append.',
  });
}

/** A copy of tables onto themselves, or onto others that are read too, would empty or drop what it is about to read. */
function refuseItself(
  { databaseId }: SourceSession,
  target: TargetSession,
  definitions: readonly DdlObject[],
  { objects, tables }: Content,
  request: CopyRequest,
): void {
  if (databaseId === undefined || databaseId !== target.databaseId) return;
  const read = new Set([...tables.map(({ source }) => tableKey(source)), ...definedTables(definitions)]);
  const taken = [...tables.map(tableKey), ...definedTables(objects)].find((key) => read.has(key));
  if (taken === undefined) return;
  throw new AppError('field-invalid', {
    field: 'target',
    message: `${request.database} and ${request.target} are the same database, and the table ${taken}, which is copied, is among those to be written.`,
    hint: 'Name another target, or rename what is copied with remap_schemas or remap_tables, to names that nothing of it has.',
  });
}

const definedTables = (objects: readonly DdlObject[]): readonly string[] =>
  objects.flatMap(({ type, schema, name }) =>
    type === 'TABLE' && schema !== null ? tableKey({ schema, name }) : [],
  );

/** The binary form of values is for servers of one version. */
function encodingBetween({ capabilities }: Engine, source: string, target: string): Encoding {
  const isSame = Number.parseInt(source, 10) === Number.parseInt(target, 10);
  return isSame && capabilities.encodings.includes('binary') ? 'binary' : capabilities.encodings[0];
}
