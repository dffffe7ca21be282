import {
  parseExcludedColumn,
  parseKeyRemap,
  parseMask,
  parseObjectFilter,
  parseQuery,
  parseRemap,
  parseSample,
  parseTableRemap,
} from '../option-values.ts';

/** A body of the native API, or a part of one. */
export type Body = Readonly<Record<string, unknown>>;

/** Which of the objects. */
export interface ContentFlags {
  readonly content?: string;
  readonly include?: readonly string[];
  readonly exclude?: readonly string[];
}

/** How rows are read. */
export interface ReadFlags {
  readonly consistency?: string;
  readonly query?: readonly string[];
  readonly sample?: readonly string[];
  readonly excludeColumn?: readonly string[];
  readonly mask?: readonly string[];
}

/** How objects are brought into a database. */
export interface WriteFlags {
  readonly remapSchema?: readonly string[];
  readonly remapTable?: readonly string[];
  readonly remapTablespace?: readonly string[];
  readonly remapOwner?: readonly string[];
  readonly remapKeys?: readonly string[];
  readonly tableExists?: string;
  readonly globals?: boolean;
}

export const contentBody = (flags: ContentFlags): Body => ({
  ...given('content', flags.content),
  ...given('include', flags.include?.map(parseObjectFilter)),
  ...given('exclude', flags.exclude?.map(parseObjectFilter)),
});

export const readBody = (flags: ReadFlags): Body => ({
  ...given('consistency', flags.consistency),
  ...given('query', flags.query?.map(parseQuery)),
  ...given('sample', flags.sample?.map(parseSample)),
  ...given('exclude_columns', flags.excludeColumn?.map(parseExcludedColumn)),
  ...given('mask', flags.mask?.map(parseMask)),
});

export function writeBody(flags: WriteFlags): Body {
  const remaps = (field: string, flag: string, texts: readonly string[] | undefined): Body =>
    given(
      field,
      texts?.map((text) => parseRemap(text, field, flag)),
    );
  return {
    ...remaps('remap_schemas', '--remap-schema', flags.remapSchema),
    ...given('remap_tables', flags.remapTable?.map(parseTableRemap)),
    ...remaps('remap_tablespaces', '--remap-tablespace', flags.remapTablespace),
    ...remaps('remap_owner', '--remap-owner', flags.remapOwner),
    ...given('remap_keys', flags.remapKeys?.map(parseKeyRemap)),
    ...given('table_exists_action', flags.tableExists),
    ...given('globals', flags.globals),
  };
}

/** The member, unless its option was not given. */
export const given = (key: string, value: unknown): Body => (value === undefined ? {} : { [key]: value });
