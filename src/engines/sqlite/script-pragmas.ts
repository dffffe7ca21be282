/** What a PRAGMA that scripts may use is about: the connection, the file within a transaction, the file outside of one. */
export type PragmaKind = 'connection' | 'file' | 'file-alone';

const byKind: Readonly<Record<PragmaKind, string>> = {
  connection: `analysis_limit automatic_index cache_size case_sensitive_like collation_list compile_options database_list defer_foreign_keys
    foreign_key_check foreign_key_list foreign_keys freelist_count function_list ignore_check_constraints index_info index_list index_xinfo
    integrity_check legacy_alter_table module_list page_count pragma_list quick_check recursive_triggers reverse_unordered_selects
    secure_delete synchronous table_info table_list table_xinfo temp_store wal_autocheckpoint`,
  file: 'application_id user_version',
  'file-alone':
    'auto_vacuum incremental_vacuum journal_mode journal_size_limit optimize page_size wal_checkpoint',
};

const kinds: ReadonlyMap<string, PragmaKind> = new Map(
  (Object.keys(byKind) as PragmaKind[]).flatMap((kind) =>
    byKind[kind].split(/\s+/).map((name) => [name, kind] as const),
  ),
);

/**
 * Null: scripts must not use it. Others than these write into the schema behind SQLite's back, choose folders, or are about the whole process.
 */
export const pragmaKind = (name: string): PragmaKind | null => kinds.get(name.toLowerCase()) ?? null;
