import { type Catalogue, type DdlObject, type Table, type TableName, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Manifest, ManifestTable } from '../core/manifest.ts';
import type { ImportRequest, SchemaRemap } from '../core/request.ts';
import {
  chooseObjects,
  chooseTables,
  compileSelection,
  differInCaseAlone,
  refuseEmpty,
  remapTableName,
} from '../core/selection.ts';
import { checkFiles, openDumpSet, readObjects } from '../dump/read-set.ts';
import type { Engine, ImportSchedule } from '../engines/engine.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import type { Environment } from './environment.ts';
import { sharedTarget } from './import-target.ts';
import { logLine, objectTypeLine } from './log-lines.ts';
import type { ImportPlan } from './plan-types.ts';
import { reportFindings } from './preflight.ts';
import { verifyTasks } from './verify-file.ts';

/** Decides everything before the first byte is written; what it refuses leaves the target as it was. */
export async function planImport(
  environment: Environment,
  request: ImportRequest,
  context: TaskContext,
): Promise<TaskOutcome> {
  // The set must be there, whole by its sizes, and of a kind that the target can read.
  const storage = await environment.storage(request.location);
  const { manifest } = await openDumpSet(storage, request.filePattern, context);
  const { engine } = await environment.database(request.database);
  refuseForeignSet(engine, manifest);
  await checkFiles(storage, manifest, context);

  // What of it was asked for, under its new names.
  const content = await chooseContent(request, manifest, await readObjects(storage, manifest, context));
  const { objects, tables, leftAlone } = await remapContent(engine, request.remapSchemas, content);

  // Can the target take it? An object that is there already refuses the whole import, before anything is written.
  const target = await sharedTarget(environment, request, context);
  await reportFindings(await target.preflight(context), context);
  const existing = await target.findExisting(objects, context);
  if (existing !== null) {
    const name = existing.schema === null ? existing.name : `${existing.schema}.${existing.name}`;
    throw new AppError('object-exists', {
      field: 'database',
      message: `The ${existing.type.toLowerCase()} ${name} exists already in database ${request.database}.`,
    });
  }

  const plan: ImportPlan = { kind: 'import', source: manifest.source, tables: tables.length };
  const units = tables.reduce((sum, { units: own }) => sum + own.length, 0);
  const bytes = tables.reduce((sum, { rawBytes }) => sum + rawBytes, 0);
  return {
    type: 'done',
    result: null,
    plan,
    spawn: [
      ...verifyTasks(manifest, false),
      ...applyTasks(engine.schedule(objects), tables),
      ...tables.flatMap(dataTasks),
      finishTask(tables),
    ],
    log: [
      ...leftAlone.map((message) => ({ level: 'warn' as const, event: 'note' as const, message, data: {} })),
      ...failedTables(content.tables),
      logLine('plan', `Planned ${units} units of ${tables.length} tables, ${bytes} bytes.`, {
        tables: tables.length,
        units,
        bytes,
      }),
      objectTypeLine(manifest.mode, 'IMPORT'),
    ],
  };
}

/** @throws AppError unsupported */
export function refuseForeignSet(engine: Engine, manifest: Manifest): void {
  if (manifest.source.engine === engine.id) return;
  throw new AppError('unsupported', {
    field: 'database',
    message: `The dump set comes from ${manifest.source.engine}, the target is ${engine.title}.`,
    hint: `Import it into a ${manifest.source.engine} database.`,
  });
}

export interface ImportContent {
  readonly tables: readonly ManifestTable[];
  readonly objects: readonly DdlObject[];
}

/** Applies the selection to what the set holds. Without one, everything. */
export async function chooseContent(
  request: ImportRequest,
  manifest: Manifest,
  objects: readonly DdlObject[],
): Promise<ImportContent> {
  if (request.selection === null) return { tables: manifest.tables, objects };
  const selection = await compileSelection(request.selection);
  const chosen = chooseTables(selection, catalogueOf(manifest, objects), null);
  const keys = new Set(chosen.tables.map(tableKey));
  const content = {
    tables: manifest.tables.filter((table) => keys.has(tableKey(table))),
    objects: chooseObjects(selection, chosen, objects),
  };
  refuseEmpty(selection, chosen, content.objects, 'the dump set');
  return content;
}

function catalogueOf(manifest: Manifest, objects: readonly DdlObject[]): Catalogue {
  const tables = manifest.tables.map(
    ({ schema, name, tablespace, columns, rows, rawBytes }): Table => ({
      schema,
      name,
      tablespace,
      columns,
      estimate: { rows, bytes: rawBytes },
      details: null,
    }),
  );
  const named = objects.flatMap((object) => (object.type === 'SCHEMA' ? object.name : (object.schema ?? [])));
  return {
    schemas: [...new Set([...tables.map(({ schema }) => schema), ...named])],
    tablespaces: [...new Set(tables.flatMap(({ tablespace }) => tablespace ?? []))],
    tables,
  };
}

interface RemappedContent extends ImportContent {
  readonly leftAlone: readonly string[];
}

async function remapContent(
  engine: Engine,
  asked: readonly SchemaRemap[],
  content: ImportContent,
): Promise<RemappedContent> {
  const remaps = resolveRemaps(asked, schemasOf(content));
  if (remaps.length === 0) return { ...content, leftAlone: [] };
  if (engine.remap === undefined) {
    throw new AppError('unsupported', {
      field: 'remap_schemas',
      message: `${engine.title} has no schemas to remap.`,
      hint: 'Leave remap_schemas out.',
    });
  }
  const { objects, leftAlone } = await engine.remap(content.objects, remaps);
  const names = new Map(remaps.map(({ source, target }) => [source, target]));
  const tables = content.tables.map((table) => remapTableName(table, names));
  refuseDoubles(tables);
  return { objects, tables, leftAlone };
}

function schemasOf({ tables, objects }: ImportContent): readonly string[] {
  return [
    ...new Set([
      ...tables.map(({ schema }) => schema),
      ...objects.flatMap((object) => (object.type === 'SCHEMA' ? object.name : (object.schema ?? []))),
    ]),
  ];
}

/**
 * Finds the schemas that the sources mean, without regard to case unless the set has two that differ in case alone. A target is written
 * in the case style that its source turned out to have (HR:BLAKE on a set with `hr` makes `blake`). Sources that are not in the set are left out.
 */
export function resolveRemaps(
  asked: readonly SchemaRemap[],
  schemas: readonly string[],
): readonly SchemaRemap[] {
  const ignoreCase = !differInCaseAlone(schemas);
  return asked.flatMap(({ source, target }) => {
    if (schemas.includes(source)) return source === target ? [] : { source, target };
    const found = ignoreCase
      ? schemas.find((name) => name.toLowerCase() === source.toLowerCase())
      : undefined;
    if (found === undefined) return [];
    const styled =
      found === found.toLowerCase() && target === target.toUpperCase() ? target.toLowerCase() : target;
    return found === styled ? [] : { source: found, target: styled };
  });
}

/** Several sources may share a target, but not when their tables clash there. */
function refuseDoubles(tables: readonly TableName[]): void {
  const seen = new Set<string>();
  for (const table of tables) {
    const key = tableKey(table);
    if (seen.has(key)) {
      throw new AppError('object-exists', {
        field: 'remap_schemas',
        message: `Two schemas that are remapped to ${table.schema} both have a table ${table.name}.`,
        hint: 'Remap them to different schemas.',
      });
    }
    seen.add(key);
  }
}

const task = (
  key: string,
  kind: string,
  group: string,
  waitsFor: readonly string[],
  payload: unknown,
  bytes = 0,
): TaskSpec => ({
  key,
  kind,
  group,
  waitsFor,
  payload,
  bytes,
  rows: 0,
  counted: false,
});

/** prepare -> (data) -> index -> constraints -> after; an index task without objects stands for a table that has no index, so that `index` means all tables. */
function applyTasks(schedule: ImportSchedule, tables: readonly ManifestTable[]): readonly TaskSpec[] {
  const byKey = new Map(tables.map((table) => [tableKey(table), table]));
  const indexTasks = [...new Set([...byKey.keys(), ...schedule.perTable.keys()])].flatMap((key, position) => {
    const table = byKey.get(key);
    const ready = table === undefined ? ['prepare'] : [`data:${key}`, 'prepare'];
    const lists = schedule.perTable.get(key) ?? [[]];
    return lists.map((objects, part) =>
      task(`index/${position}-${part}`, 'index', 'index', ready, { objects }, table?.rawBytes ?? 0),
    );
  });
  return [
    task('prepare', 'prepare', 'prepare', ['verify'], { objects: schedule.before }),
    ...indexTasks,
    ...schedule.constraints.map((objects, position) =>
      task(`constraints/${position}`, 'constraints', 'constraints', ['prepare', 'index'], { objects }),
    ),
    task('after', 'after', 'after', ['prepare', 'index', 'constraints'], { objects: schedule.after }),
  ];
}

function dataTasks(table: ManifestTable): readonly TaskSpec[] {
  return table.units.map((unit) => ({
    ...task(`data/${unit.id}`, 'data', `data:${tableKey(table)}`, ['prepare'], null, unit.rawBytes),
    payload: {
      schema: table.schema,
      name: table.name,
      columns: table.columns.map(({ name }) => name),
      encoding: table.encoding,
      wholeTable: table.units.length === 1,
      parts: table.units.length,
      unit,
    },
    rows: unit.rows,
    counted: true,
  }));
}

const finishTask = (tables: readonly ManifestTable[]): TaskSpec =>
  task('finish', 'finish', 'finish', ['after'], {
    tables: tables.map(({ schema, name, rows, units }) => ({
      schema,
      name,
      rows,
      units: units.map(({ id }) => `data/${id}`),
    })),
  });

const failedTables = (tables: readonly ManifestTable[]) =>
  tables
    .filter((table) => table.status === 'failed')
    .map((table) => ({
      level: 'warn' as const,
      event: 'note' as const,
      message: `The set holds table ${tableKey(table)} without data, since its export failed: ${table.error ?? 'unknown'}`,
      data: {},
    }));
