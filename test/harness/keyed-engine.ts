import type { TableName } from '../../src/core/catalogue.ts';
import { AppError, toAppError } from '../../src/core/errors.ts';
import type { Engine, ExaminedFile, TargetSession, WriteUnit } from '../../src/engines/engine.ts';

/*
 * An engine in memory whose rows have keys, whose tables exist without definitions, and which has files of its own: `SLATE`, a line
 * `schema key value` for each row, and `END <number of rows>`. It stands in where what the operations do is looked at, and no server.
 */

/** What a database of it holds, and what was done to it. */
export interface Slate {
  readonly rows: Map<string, Map<string, string>>;
  readonly receipts: Map<string, number>;
  /** `erase`, `clear db0`, `write db0 replace`: in their order. */
  readonly done: string[];
}

export interface KeyedEngine {
  readonly engine: Engine;
  /** The database behind `slate://<name>`. */
  slate(name: string): Slate;
}

/** The text of an own file. */
export const slateFile = (rows: readonly (readonly [schema: string, key: string, value: string])[]): string =>
  ['SLATE', ...rows.map((row) => row.join(' ')), `END ${rows.length}`, ''].join('\n');

/** @param beforeWrite is awaited before the rows of a unit are written */
export function createKeyedEngine(beforeWrite: () => Promise<void> = async () => undefined): KeyedEngine {
  const slates = new Map<string, Slate>();
  const slate = (name: string): Slate => {
    const known = slates.get(name) ?? { rows: new Map(), receipts: new Map(), done: [] };
    slates.set(name, known);
    return known;
  };
  const engine: Engine = {
    id: 'slate',
    title: 'Slate',
    schemes: ['slate'],
    capabilities: {
      modes: ['full', 'schema', 'table'],
      encodings: ['slate'],
      joinableSnapshot: false,
      localFiles: false,
      remaps: ['schemas', 'keyPrefixes'],
      tableExistsActions: ['skip', 'truncate', 'replace'],
      readRules: false,
      copy: false,
      keyedRows: true,
      ownFiles: { encoding: 'slate', extension: 'slate' },
      erase: true,
      scratch: false,
      scripts: false,
      globalTypes: [],
    },
    defaultSchema: 'db0',
    parseUrl: (url) => ({ name: new URL(url).host }),
    describe: ({ name }) => `slate://${name}`,
    openSource: async () => {
      throw new AppError('unsupported', { message: 'Slates are not read.' });
    },
    openTarget: async ({ name }) => openTarget(slate(String(name)), beforeWrite),
    schedule: () => ({ before: [], perTable: new Map(), constraints: [], after: [] }),
    remap: async (objects) => ({ objects, leftAlone: [] }),
    refuse: async () => [],
    examineFile: async (bytes) => examine(await textOf(bytes)),
    classify: (error) => toAppError(error),
  };
  return { engine, slate };
}

async function textOf(bytes: AsyncIterable<Uint8Array>): Promise<string> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of bytes) chunks.push(Buffer.from(chunk));
  return Buffer.concat(chunks).toString();
}

function rowsOf(text: string): readonly (readonly [string, string, string])[] {
  const lines = text.split('\n');
  if (lines[0] !== 'SLATE') throw new AppError('dump-damaged', { message: 'This is no slate.' });
  const end = lines.at(-2) ?? '';
  if (!end.startsWith('END ')) throw new AppError('dump-truncated', { message: 'The slate has no end.' });
  const rows = lines.slice(1, -2).map((line) => line.split(' ') as [string, string, string]);
  if (end !== `END ${rows.length}`) throw new AppError('dump-damaged', { message: 'Rows are missing.' });
  return rows;
}

function examine(text: string): ExaminedFile {
  const bySchema = Map.groupBy(rowsOf(text), ([schema]) => schema);
  return {
    serverVersion: '1.0',
    tables: [...bySchema].map(([schema, rows]) => ({
      schema,
      name: 'keys',
      columns: [{ name: 'key', type: 'text' }],
      rows: rows.length,
      variant: schema,
    })),
    notes: [],
  };
}

function openTarget(slate: Slate, beforeWrite: () => Promise<void>): TargetSession {
  const tableOf = ({ schema }: TableName): Map<string, string> => {
    const known = slate.rows.get(schema) ?? new Map<string, string>();
    slate.rows.set(schema, known);
    return known;
  };
  return {
    serverVersion: '1.0',
    preflight: async () => [],
    findExisting: async () => [],
    describeTables: async (tables) =>
      tables
        .filter((table) => (slate.rows.get(table.schema)?.size ?? 0) > 0)
        .map((table) => ({ ...table, columns: ['key'], references: [], referredToBy: [], usedBy: [] })),
    clearTables: async (_key, things) => {
      for (const thing of things) {
        tableOf(thing).clear();
        slate.done.push(`clear ${thing.schema}`);
      }
    },
    begin: async () => undefined,
    apply: async () => ({ alreadyApplied: false, failures: [] }),
    async write(unit, bytes) {
      const known = slate.receipts.get(unit.key);
      if (known !== undefined) return { rows: known, alreadyApplied: true };
      await beforeWrite();
      const rows = rowsOf(await textOf(bytes)).filter(([schema]) => schema === unit.variant);
      const table = tableOf(unit.table);
      for (const [, key, value] of rows) {
        const renamed = rename(unit, key);
        if (unit.existingRows !== 'skip' || !table.has(renamed)) table.set(renamed, value);
      }
      slate.receipts.set(unit.key, rows.length);
      slate.done.push(
        `write ${unit.table.schema} ${unit.existingRows ?? (unit.wholeTable ? 'whole' : 'part')}`,
      );
      return { rows: rows.length, alreadyApplied: false };
    },
    receipts: async () => slate.receipts,
    finish: async () => [],
    async eraseAll(key) {
      if (slate.receipts.has(key)) return;
      slate.rows.clear();
      slate.receipts.set(key, 0);
      slate.done.push('erase');
    },
    forget: async () => slate.receipts.clear(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}

/** The longest beginning that fits counts. */
function rename({ keyPrefixes = [] }: WriteUnit, key: string): string {
  const [fitting] = keyPrefixes
    .filter(({ source }) => key.startsWith(source))
    .sort((a, b) => b.source.length - a.source.length);
  return fitting === undefined ? key : fitting.target + key.slice(fitting.source.length);
}
