/** Words that mean something in a statement of PostgreSQL or SQLite wherever a plain name can stand, or that begin or end a clause. */
const languageWords: ReadonlySet<string> = new Set(
  `all alter analyse analyze and any array as asc asymmetric at attach authorization before begin between binary both by call cascade case
  cast check collate collation column commit concurrently constraint copy create cross current_catalog current_date current_role
  current_schema current_time current_timestamp current_user default deferrable delete desc detach distinct do drop each else end escape
  except execute exists explain false fetch filter for foreign freeze from full glob grant group having if ignore ilike in indexed initially
  inner insert instead intersect into is isnull join lateral leading left like limit localtime localtimestamp lock match materialized
  natural no not nothing notnull nowait null nulls of offset on only or order outer over overlaps partition placing pragma primary raise
  recursive references regexp reindex release replace restrict returning revoke right rollback row savepoint select session_user set setof
  similar skip some symmetric system_user table tablesample temp temporary then ties to trailing transaction trigger true truncate union
  unique unlogged update user using vacuum values variadic verbose view virtual when where window with within without`.split(
    /\s+/,
  ),
);

/** Whether a word can be nothing but a name in a statement. */
export const isNameForSql = (word: string): boolean => !languageWords.has(word.toLowerCase());
