/** The DDL types of all engines, as include and exclude name them. */
export const objectTypes = [
  'ACCESS METHOD',
  'ACL',
  'AGGREGATE',
  'BLOB',
  'CAST',
  'CHECK CONSTRAINT',
  'CLUSTER ON',
  'COLLATION',
  'COMMENT',
  'CONSTRAINT',
  'CONVERSION',
  'DEFAULT',
  'DEFAULT ACL',
  'DOMAIN',
  'EVENT TRIGGER',
  'EXTENSION',
  'FK CONSTRAINT',
  'FOREIGN DATA WRAPPER',
  'FOREIGN TABLE',
  'FUNCTION',
  'INDEX',
  'INDEX ATTACH',
  'MATERIALIZED VIEW',
  'MATERIALIZED VIEW DATA',
  'OPERATOR',
  'OPERATOR CLASS',
  'OPERATOR FAMILY',
  'OWNER',
  'POLICY',
  'PRAGMA',
  'PROCEDURAL LANGUAGE',
  'PROCEDURE',
  'PUBLICATION',
  'PUBLICATION TABLE',
  'PUBLICATION TABLES IN SCHEMA',
  'REPLICA IDENTITY',
  'ROLE',
  'ROW SECURITY',
  'RULE',
  'SCHEMA',
  'SECURITY LABEL',
  'SEQUENCE',
  'SEQUENCE OWNED BY',
  'SEQUENCE SET',
  'SERVER',
  'SHELL TYPE',
  'STATISTICS',
  'SUBSCRIPTION',
  'TABLE',
  'TABLE ATTACH',
  'TABLESPACE',
  'TEXT SEARCH CONFIGURATION',
  'TEXT SEARCH DICTIONARY',
  'TEXT SEARCH PARSER',
  'TEXT SEARCH TEMPLATE',
  'TRANSFORM',
  'TRIGGER',
  'TYPE',
  'USER MAPPING',
  'VIEW',
  'VIRTUAL TABLE',
] as const;

/** Only the rows of tables, not their definitions. */
export const tableData = 'TABLE DATA';

/** Other words, and words that mean several types: Data Pump's, and those that name what one cannot do without the other. */
const meanings: Readonly<Record<string, readonly string[]>> = {
  CONSTRAINT: ['CONSTRAINT', 'CHECK CONSTRAINT', 'FK CONSTRAINT'],
  'DB LINK': ['SERVER', 'USER MAPPING'],
  GRANT: ['ACL', 'DEFAULT ACL'],
  'MATERIALIZED VIEW': ['MATERIALIZED VIEW', 'MATERIALIZED VIEW DATA'],
  'OBJECT GRANT': ['ACL'],
  'REF CONSTRAINT': ['FK CONSTRAINT'],
  'RLS POLICY': ['POLICY', 'ROW SECURITY'],
  SEQUENCE: ['SEQUENCE', 'SEQUENCE OWNED BY', 'SEQUENCE SET'],
  'TABLE DATA': [],
  TYPE: ['TYPE', 'SHELL TYPE'],
  USER: ['ROLE'],
};

/** Every word that a filter may use, in order. */
export const filterWords: readonly string[] = [...new Set([...objectTypes, ...Object.keys(meanings)])].sort();

/** The DDL types that a word means, `_` standing for a blank and letters without regard to case; null: no such word. */
export function typesOf(word: string): { readonly word: string; readonly types: readonly string[] } | null {
  const plain = word.trim().replaceAll('_', ' ').toUpperCase();
  const types = meanings[plain] ?? ((objectTypes as readonly string[]).includes(plain) ? [plain] : null);
  return types === null ? null : { word: plain, types };
}
