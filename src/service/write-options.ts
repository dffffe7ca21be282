import { type Remap, tableExistsActions, type WriteOptions } from '../core/request.ts';
import {
  fieldInvalid,
  readChoice,
  readEntries,
  readFlag,
  readPossiblyEmpty,
  readText,
  spell,
} from './input.ts';
import { readTable } from './read-options.ts';

/** Longest name of a schema, a table, a tablespace or a role, in characters. */
const longestName = 255;
/** Longest beginning of keys, in characters. */
const longestPrefix = 1024;

/** How objects are brought into a database. What is renamed is looked up later, by the check of the request. */
export function readWriteOptions(input: Readonly<Record<string, unknown>>): WriteOptions {
  return {
    remaps: {
      schemas: readRemaps(input.remapSchemas, 'remap_schemas', 'schema'),
      tables: readTableRemaps(input.remapTables),
      tablespaces: readRemaps(input.remapTablespaces, 'remap_tablespaces', 'tablespace'),
      owners: readRemaps(input.remapOwners, 'remap_owner', 'role'),
      keyPrefixes: readKeyRemaps(input.remapKeys),
    },
    tableExistsAction: readChoice(input.tableExistsAction, 'table_exists_action', tableExistsActions) ?? null,
    globals: readFlag(input.globals, 'globals'),
  };
}

/** New names; those that are the old ones are dropped. */
function readRemaps(value: unknown, field: string, thing: string): readonly Remap[] {
  const hint = `Give each source ${thing} once, as {source, target}; several sources may share a target.`;
  const remaps = readEntries(value, field, hint, (entry, place) => ({
    source: readText(entry.source, `${place}.source`, hint, longestName),
    target: readText(entry.target, `${place}.target`, hint, longestName),
  }));
  refuseRepeated(
    remaps.map(({ source }) => source),
    field,
    hint,
  );
  return remaps.filter(({ source, target }) => source !== target);
}

/** New beginnings of keys. An empty source fits every key; an empty target takes the beginning away. */
function readKeyRemaps(value: unknown): readonly Remap[] {
  const field = 'remap_keys';
  const hint =
    'Give each beginning of keys once, as {source, target}; an empty source puts the target before every key.';
  const remaps = readEntries(value, field, hint, (entry, place) => ({
    source: readPossiblyEmpty(entry.source, `${place}.source`, hint, longestPrefix),
    target: readPossiblyEmpty(entry.target, `${place}.target`, hint, longestPrefix),
  }));
  refuseRepeated(
    remaps.map(({ source }) => source),
    field,
    hint,
  );
  return remaps.filter(({ source, target }) => source !== target);
}

function readTableRemaps(value: unknown): WriteOptions['remaps']['tables'] {
  const field = 'remap_tables';
  const hint = 'Give each table once, as {table, target}: hr.emp and its new name, without a schema.';
  const remaps = readEntries(value, field, hint, (entry, place) => ({
    table: readTable(entry.table, `${place}.table`),
    target: readText(entry.target, `${place}.target`, hint, longestName),
  }));
  refuseRepeated(
    remaps.map(({ table }) => table),
    field,
    hint,
  );
  return remaps;
}

function refuseRepeated(sources: readonly string[], field: string, hint: string): void {
  const repeated = sources.find((source, index) => sources.indexOf(source) < index);
  if (repeated !== undefined)
    throw fieldInvalid(field, `gives ${spell(repeated)} more than one target`, hint);
}
