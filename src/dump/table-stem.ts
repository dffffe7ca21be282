import { createHash } from 'node:crypto';
import { type TableName, tableKey } from '../core/catalogue.ts';

/** Longest stem that stays whole; with part number, encoding and suffix a name stays far below the 255 bytes of file systems. */
const maxStemBytes = 160;

/** Percent-encodes every byte of UTF-8 outside `[A-Za-z0-9_-]`; reversible. */
export function escapeName(name: string): string {
  let escaped = '';
  for (const byte of Buffer.from(name)) {
    const char = String.fromCharCode(byte);
    escaped += /[A-Za-z0-9_-]/.test(char) ? char : `%${byte.toString(16).toUpperCase().padStart(2, '0')}`;
  }
  return escaped;
}

/**
 * The begin of the data file names of each table, by {@link tableKey}: `<schema>.<table>`, escaped. Where that is too long, or differs from
 * that of another table only by case (which some file systems do not tell apart), `~` and 16 digits of the name's SHA-256 follow.
 */
export function tableStems(tables: Iterable<TableName>): ReadonlyMap<string, string> {
  const plain = new Map<string, string>();
  for (const table of tables) {
    const key = tableKey(table);
    if (!plain.has(key)) plain.set(key, `${escapeName(table.schema)}.${escapeName(table.name)}`);
  }
  const uses = new Map<string, number>();
  for (const stem of plain.values()) uses.set(fold(stem), (uses.get(fold(stem)) ?? 0) + 1);
  const stems = new Map<string, string>();
  for (const [key, stem] of plain) {
    const isClear = uses.get(fold(stem)) === 1 && stem.length <= maxStemBytes;
    stems.set(key, isClear ? stem : `${stem.slice(0, maxStemBytes)}~${hashOf(key)}`);
  }
  return stems;
}

const fold = (stem: string): string => stem.toLowerCase();

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 16);
