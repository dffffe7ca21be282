/** An identifier of any characters, quoted for SQL. */
export const quoteName = (name: string): string => `"${name.replaceAll('"', '""')}"`;

/** A string literal. Only for text without NUL: SQLite ends a statement there. */
export const quoteText = (text: string): string => `'${text.replaceAll("'", "''")}'`;

/** The only schema that a dump has; attached and temporary databases belong to a connection, not to the file. */
export const mainSchema = 'main';

/** Where a target keeps the receipts of imports; never exported. */
export const receiptTable = '_pumphouse_receipt';

/** True for what SQLite or an import keeps for itself. */
export const isInternalName = (name: string): boolean =>
  name.toLowerCase().startsWith('sqlite_') || name.toLowerCase() === receiptTable;

/** SQLite compares names without regard to the case of ASCII letters only. */
export const foldName = (name: string): string => name.replace(/[A-Z]/g, (letter) => letter.toLowerCase());
