import { tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Manifest, ManifestFile } from '../core/manifest.ts';
import type { ExportRequest } from '../core/request.ts';
import type { WrittenUnit } from '../dump/data-file.ts';
import type { DumpLayout } from '../dump/layout.ts';
import type { DraftTable, ManifestDraft } from '../dump/master.ts';
import { writeMaster } from '../dump/master.ts';
import { checkFiles } from '../dump/read-set.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { Storage } from '../storages/storage.ts';
import { codingOf } from './dump-cipher.ts';
import type { Environment } from './environment.ts';
import { sweepDumpFiles } from './export-cleanup.ts';
import { type FailedUnit, unitErrorLine, withoutFailingUnits } from './export-data.ts';
import { unitsOf } from './export-restart.ts';
import { withSource } from './export-source.ts';
import { forgetHashKey } from './hash-key.ts';
import { logLine, tableLine } from './log-lines.ts';
import type {
  ExportDataResult,
  ExportDdlResult,
  ExportFinishPayload,
  ExportPlan,
  ExportResult,
} from './plan-types.ts';

/** Writes the schema files and, last, the manifest, from what the tasks left in the store. */
export async function finishExport(
  environment: Environment,
  request: ExportRequest,
  payload: ExportFinishPayload,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(request.location);
  const plan = context.job.plan as ExportPlan;
  const dropped = new Set(payload.earlier?.dropped);
  const collected = collect((await context.tasks('data')).filter(({ key }) => !dropped.has(key)));
  const draft = await draftOf(environment, request, payload, collected, context);
  // Before the manifest: a set that has one has no remains beside it.
  await sweepDumpFiles(storage, plan, context);
  // A service elsewhere may write there too: what it removed or replaced is no set.
  if (storage.keeps) await checkFiles(storage, draft, context);
  const ifExists = claims > 1 || context.job.restarts > 0 ? 'replace' : 'fail';
  const manifest = await writeMaster(storage, setLayoutOf(plan), draft, [], { ifExists }, context);
  return done(
    plan,
    storage,
    manifest,
    [],
    collected.splitTables.flatMap((key) => linesOf(manifest, key)),
  );
}

/** The single-file form: data, schema and manifest go out in one stream, so that the file is whole or not there. */
export async function writeSingleFile(
  environment: Environment,
  request: ExportRequest,
  payload: ExportFinishPayload,
  claims: number,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(request.location);
  const plan = context.job.plan as ExportPlan;
  await sweepDumpFiles(storage, plan, context);
  const ifExists = claims > 1 || context.job.restarts > 0 ? 'replace' : 'fail';
  const { written, failed } = await withSource(environment, request, context, ({ snapshot }) =>
    withoutFailingUnits(payload.inline, plan, async (units, reader) => {
      const left = new Set(units.map((unit) => unit.id));
      const errors = payload.inline.filter((unit) => !left.has(unit.id));
      const collected = {
        ...nothingCollected,
        inline: units,
        missing: errors.map((unit) => tableKey(unit.table)),
      };
      const draft = await draftOf(environment, request, payload, collected, context);
      const sources = units.map((unit) => reader(snapshot, unit, request));
      const onProgress = (bytes: number) => context.progress({ bytes, rows: 0 });
      return writeMaster(storage, setLayoutOf(plan), draft, sources, { ifExists, onProgress }, context);
    }),
  );
  const lines = written.tables
    .filter((table) => table.status === 'complete')
    .map((table) => tableLine(table, { bytes: table.rawBytes, rows: table.rows }, 'exported'));
  return done(plan, storage, written, failed, lines);
}

/** Files without a manifest are finished in export-bare.ts. */
function setLayoutOf({ layout }: ExportPlan): DumpLayout {
  if (layout.form !== 'bare') return layout;
  throw new AppError('internal', { message: 'Files without a manifest have no master.' });
}

interface Collected {
  readonly files: readonly ManifestFile[];
  /** By table key. */
  readonly units: ReadonlyMap<string, readonly WrittenUnit[]>;
  /** Message of the first failure, by table key. */
  readonly errors: ReadonlyMap<string, string>;
  /** Tables whose units went to files of several groups: their log lines come at the end. */
  readonly splitTables: readonly string[];
  readonly inline: readonly {
    readonly id: string;
    readonly table: { readonly schema: string; readonly name: string };
  }[];
  /** Keys of tables that lost a unit on the way to a single file. */
  readonly missing: readonly string[];
}

const nothingCollected: Collected = {
  files: [],
  units: new Map(),
  errors: new Map(),
  splitTables: [],
  inline: [],
  missing: [],
};

function collect(tasks: Awaited<ReturnType<TaskContext['tasks']>>): Collected {
  const files: ManifestFile[] = [];
  const units = new Map<string, WrittenUnit[]>();
  const errors = new Map<string, string>();
  const groups = new Map<string, Set<string>>();
  for (const task of tasks) {
    const result = task.result as ExportDataResult | null;
    if (result?.written != null) files.push(result.written.file);
    const written = new Map((result?.written?.units ?? []).map((unit) => [unit.id, unit]));
    for (const unit of unitsOf(task)) {
      const key = tableKey(unit.table);
      groups.set(key, (groups.get(key) ?? new Set()).add(task.group));
      const done = written.get(unit.id);
      const failure = result?.failed.find(({ id }) => id === unit.id)?.error ?? task.error;
      if (done !== undefined) units.set(key, [...(units.get(key) ?? []), done]);
      else if (!errors.has(key)) errors.set(key, failure?.message ?? 'The unit was not written.');
    }
  }
  const splitTables = [...groups].filter(([, names]) => names.size > 1).map(([key]) => key);
  return { ...nothingCollected, files, units, errors, splitTables };
}

async function draftOf(
  environment: Environment,
  request: ExportRequest,
  { tables, earlier }: ExportFinishPayload,
  collected: Collected,
  context: TaskContext,
): Promise<ManifestDraft> {
  const plan = context.job.plan as ExportPlan;
  const [ddl] = await context.tasks('ddl');
  const inline = Map.groupBy(collected.inline, (unit) => tableKey(unit.table));
  const missing = new Set(collected.missing);
  const draftTables = tables.map((table): DraftTable => {
    const key = tableKey(table);
    const lost = missing.has(key) ? 'A unit of the table could not be read.' : null;
    return {
      schema: table.schema,
      name: table.name,
      tablespace: table.tablespace,
      columns: table.columns,
      encoding: request.encoding,
      error: collected.errors.get(key) ?? lost,
      ...(table.reduced.length === 0 ? {} : { reduced: table.reduced }),
      units: [...(collected.units.get(key) ?? [])].sort((a, b) => (a.id < b.id ? -1 : 1)),
      inlineUnits: (inline.get(key) ?? []).map((unit) => unit.id),
    };
  });
  return {
    job: { id: context.job.id, name: context.job.name },
    createdAt: plan.createdAt,
    source: plan.source,
    mode: request.selection.mode,
    encoding: request.encoding,
    coding: await codingOf(environment, { ...request, encryption: plan.encryption }),
    ...positionOf(plan, earlier?.kept ?? 0),
    consistency: consistencyOf(plan.consistency ?? oneInstant, context.job.restarts, earlier?.kept ?? 0),
    tables: draftTables,
    objects: ddl === undefined ? [] : (ddl.result as ExportDdlResult).objects,
    files: collected.files,
  };
}

const oneInstant: Manifest['consistency'] = { kind: 'snapshot', note: '' };

/** Files of an earlier snapshot are removed when the data starts again, but those that were kept. */
function consistencyOf(
  promised: Manifest['consistency'],
  restarts: number,
  kept: number,
): Manifest['consistency'] {
  if (restarts === 0) return promised;
  const again = `The data was started again ${restarts} time(s)`;
  const note =
    kept === 0
      ? `${again}; everything here is of the last snapshot.`
      : `${again}, and the tables that were finished stayed: each table is of one snapshot, not all of the same one.`;
  return {
    kind: promised.kind === 'snapshot' && kept > 0 ? 'table' : promised.kind,
    note: promised.note === '' ? note : `${promised.note} ${note}`,
  };
}

/** Tables that stayed from an earlier snapshot stand elsewhere in the source's history, so that no position is true of all. */
const positionOf = ({ position }: ExportPlan, kept: number): Pick<Manifest, 'position'> =>
  position === undefined || kept > 0 ? {} : { position };

const linesOf = (manifest: Manifest, key: string) =>
  manifest.tables
    .filter((table) => table.status === 'complete' && tableKey(table) === key)
    .map((table) => tableLine(table, { bytes: table.rawBytes, rows: table.rows }, 'exported'));

function done(
  plan: ExportPlan,
  storage: Storage,
  manifest: Manifest,
  failed: readonly FailedUnit[],
  lines: ReturnType<typeof linesOf>,
): TaskOutcome {
  const result: ExportResult = {
    ...(manifest.position === undefined ? {} : { position: manifest.position }),
    files: storage.keeps ? manifest.files.map(({ name, bytes }) => ({ name, bytes })) : [],
    tables: manifest.tables.length,
    rows: manifest.tables.reduce((total, table) => total + table.rows, 0),
    bytes: manifest.tables.reduce((total, table) => total + table.rawBytes, 0),
    failedTables: manifest.tables.filter((table) => table.status === 'failed').map(tableKey),
  };
  const files = manifest.files.map(({ name }) => name);
  return {
    type: 'done',
    result: null,
    ...forgetHashKey(plan),
    jobResult: result,
    errors: failed.length,
    log: [
      ...failed.map(({ unit, error }) => unitErrorLine(unit, error)),
      ...lines,
      storage.keeps
        ? logLine('files', `The dump set has ${files.length} files, the last is ${files.at(-1)}.`, {
            files: files.slice(-99),
          })
        : logLine('files', `Nothing was kept: ${storage.description} threw ${files.length} files away.`, {
            files: [],
          }),
    ],
  };
}
