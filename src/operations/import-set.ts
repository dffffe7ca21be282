import { belongingTo } from '../core/belonging.ts';
import { type Catalogue, type DdlObject, type Table, tableKey } from '../core/catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { Manifest, ManifestTable } from '../core/manifest.ts';
import { compileObjectFilters } from '../core/object-filter.ts';
import type { ImportRequest } from '../core/request.ts';
import { chooseObjects, chooseTables, compileSelection, refuseEmpty } from '../core/selection.ts';
import type { Engine } from '../engines/engine.ts';
import type { JobContent } from './remap-content.ts';

/** @throws AppError unsupported */
export function refuseForeignSet(engine: Engine, manifest: Manifest): void {
  if (manifest.source.engine !== engine.id) {
    throw new AppError('unsupported', {
      field: 'database',
      message: `The dump set comes from ${manifest.source.engine}, the target is ${engine.title}.`,
      hint: `Import it into a ${manifest.source.engine} database.`,
    });
  }
  refuseForeignEncoding(engine, manifest);
}

/** A later version of the engine may write rows in another way. */
function refuseForeignEncoding({ title, capabilities }: Engine, { encoding, tables }: Manifest): void {
  const foreign = [encoding, ...tables.map((table) => table.encoding)].find(
    (word) => !capabilities.encodings.includes(word),
  );
  if (foreign === undefined) return;
  throw new AppError('unsupported', {
    field: 'file_pattern',
    message: `The rows of the dump set are written in the encoding ${foreign}, which this version of Pumphouse does not know for ${title}.`,
    hint: 'Import it with the version that wrote it, or a later one.',
  });
}

/** What an import takes of a set. */
export interface SetContent extends JobContent<ManifestTable> {
  /** Every object of the set, taken or not. */
  readonly all: readonly DdlObject[];
  /** The roles that the set defines, whether they are taken or not. */
  readonly roles: readonly string[];
}

/**
 * What of a set an import is about: its selection, then its filters; globals only when asked for.
 * @param all every object of the set
 */
export async function chooseContent(
  engine: Engine,
  request: ImportRequest,
  manifest: Manifest,
  all: readonly DdlObject[],
): Promise<SetContent> {
  const content = await filter(request, await select(request, manifest, all));
  return {
    tables: content.tables,
    objects: withoutGlobals(engine, request.globals, content.objects),
    all,
    roles: all.flatMap(({ type, name }) => (type === 'ROLE' ? name : [])),
  };
}

/** Without a selection, everything. */
async function select(
  request: ImportRequest,
  manifest: Manifest,
  objects: readonly DdlObject[],
): Promise<JobContent<ManifestTable>> {
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

async function filter(
  { include, exclude }: ImportRequest,
  selected: JobContent<ManifestTable>,
): Promise<JobContent<ManifestTable>> {
  const filters = await compileObjectFilters(include, exclude);
  if (filters.isEmpty) return selected;
  const content = { tables: filters.tables(selected.tables), objects: filters.objects(selected.objects) };
  if (content.tables.length > 0 || content.objects.length > 0) return content;
  throw new AppError('selection-empty', {
    field: include.length > 0 ? 'include' : 'exclude',
    message: 'Nothing of the dump set passes include and exclude.',
    hint: 'See with a dry run without them what the set holds.',
  });
}

/** What lies outside of the database, and what describes it, only when asked for. */
export function withoutGlobals(
  { capabilities }: Engine,
  wanted: boolean,
  objects: readonly DdlObject[],
): readonly DdlObject[] {
  if (wanted) return objects;
  const globals = new Set(objects.filter(({ type }) => capabilities.globalTypes.includes(type)));
  if (globals.size === 0) return objects;
  const belongs = belongingTo([...globals], objects);
  return objects.filter((object) => !globals.has(object) && !belongs(object));
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
