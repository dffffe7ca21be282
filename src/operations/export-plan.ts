import { tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { ExportRequest } from '../core/request.ts';
import {
  chooseObjects,
  chooseTables,
  compileSelection,
  ownSchemaOf,
  refuseEmpty,
} from '../core/selection.ts';
import { findExistingFile } from '../dump/existing.ts';
import {
  assignFiles,
  type DumpLayout,
  type FileAssignment,
  layoutForExport,
  masterName,
} from '../dump/layout.ts';
import type { Unit } from '../engines/engine.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import type { Environment } from './environment.ts';
import type { ExportSettings } from './export.ts';
import { removeDumpFiles } from './export-cleanup.ts';
import { beginSource } from './export-source.ts';
import { logLine, objectTypeLine } from './log-lines.ts';
import type { ExportPlan } from './plan-types.ts';
import { reportFindings } from './preflight.ts';

/** Steps 1 to 4 of DESIGN section 3. Nothing is written to the location before the plan is in the store. */
export async function planExport(
  environment: Environment,
  settings: ExportSettings,
  request: ExportRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  const { job } = context;
  const storage = await environment.storage(request.location);
  // An earlier plan of this job may have left files: they are ours to remove, and only they are.
  if (job.plan !== null) await removeDumpFiles(storage, job.plan as ExportPlan, context);

  // Preflight, and the snapshot that everything is read through.
  const { session, snapshot } = await beginSource(environment, request, context);
  await reportFindings(await session.preflight(context), context);
  const { engine } = await environment.database(request.database);

  // What there is, and what of it was asked for.
  const selection = await compileSelection(request.selection);
  const catalogue = await snapshot.inspect(context);
  const ownSchema = ownSchemaOf(
    request.selection.ownSchemaOf ?? job.owner,
    catalogue.schemas,
    engine.defaultSchema,
  );
  const chosen = chooseTables(selection, catalogue, ownSchema);
  if (chosen.tables.length === 0) {
    const scope = { mode: request.selection.mode, schemas: chosen.schemas, tables: [] };
    const objects = chooseObjects(selection, chosen, await snapshot.ddl(scope, context));
    refuseEmpty(selection, chosen, objects, `database ${request.database}`);
  }

  // Units, and the files that they go to.
  const layout = layoutForExport(request.filePattern, job.name);
  const existing = await findExistingFile(storage, layout, context);
  if (existing !== null) {
    throw new AppError('file-exists', {
      field: 'file_pattern',
      message: `The file ${existing} exists already at ${storage.description}.`,
    });
  }
  const units = snapshot.plan(chosen.tables, settings.unitBytes);
  const files = assignFiles(
    layout,
    units.map((unit) => ({ id: unit.id, table: unit.table, part: unit.part, bytes: unit.estimate.bytes })),
    request.encoding,
    request.threads,
  );
  const plan: ExportPlan = {
    kind: 'export',
    layout,
    files:
      layout.form === 'folder' ? [] : [...new Set([...files.map(({ file }) => file), masterName(layout)])],
    snapshotToken: snapshot.token,
    lanes: snapshot.lanes,
    source: { engine: engine.id, serverVersion: session.serverVersion, database: request.database },
    createdAt: new Date().toISOString(),
    tables: chosen.tables.length,
  };
  const bytes = units.reduce((sum, unit) => sum + unit.estimate.bytes, 0);
  return {
    type: 'done',
    result: null,
    plan,
    spawn: [
      {
        ...step('ddl', [], { tables: chosen.tables, schemas: chosen.schemas }),
        bytes: Number.MAX_SAFE_INTEGER,
      },
      ...(layout.form === 'file'
        ? [singleTask(units, chosen.tables, bytes)]
        : dataTasks(layout, files, units)),
      ...(layout.form === 'file'
        ? []
        : [step('finish', ['ddl', ...dataGroups(files, units)], { tables: chosen.tables, inline: [] })]),
    ],
    log: [
      logLine(
        'plan',
        `Planned ${units.length} units of ${chosen.tables.length} tables, about ${bytes} bytes.`,
        {
          tables: chosen.tables.length,
          units: units.length,
          bytes,
        },
      ),
      objectTypeLine(request.selection.mode, 'EXPORT'),
    ],
  };
}

const step = (kind: string, waitsFor: readonly string[], payload: unknown): TaskSpec => ({
  key: kind,
  kind,
  group: kind,
  waitsFor,
  payload,
  bytes: 0,
  rows: 0,
  counted: false,
});

function singleTask(units: readonly Unit[], tables: unknown, bytes: number): TaskSpec {
  const rows = units.reduce((sum, unit) => sum + unit.estimate.rows, 0);
  return { ...step('single', ['ddl'], { tables, inline: units }), bytes, rows, counted: true };
}

function dataTasks(
  layout: DumpLayout,
  files: readonly FileAssignment[],
  units: readonly Unit[],
): readonly TaskSpec[] {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  return files.map(({ file, units: ids, bytes }, position) => {
    const inFile = ids.flatMap((id) => byId.get(id) ?? []);
    return {
      key: `data/${layout.form === 'folder' ? (ids[0] ?? position) : file}`,
      kind: 'data',
      group: groupOf(file, inFile),
      waitsFor: [],
      payload: { file, units: inFile, bytes },
      bytes,
      rows: inFile.reduce((sum, unit) => sum + unit.estimate.rows, 0),
      counted: true,
    };
  });
}

function dataGroups(files: readonly FileAssignment[], units: readonly Unit[]): readonly string[] {
  const byId = new Map(units.map((unit) => [unit.id, unit]));
  return [
    ...new Set(
      files.map(({ file, units: ids }) =>
        groupOf(
          file,
          ids.flatMap((id) => byId.get(id) ?? []),
        ),
      ),
    ),
  ];
}

/** Files of one table are counted together, so that the table's log line comes with its last unit; a mixed file stands alone. */
function groupOf(file: string, units: readonly Unit[]): string {
  const keys = new Set(units.map((unit) => tableKey(unit.table)));
  return keys.size === 1 ? `data:${[...keys][0]}` : `data-file:${file}`;
}
