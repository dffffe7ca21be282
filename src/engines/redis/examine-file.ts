import { releaseChunk } from '../../base/release-chunk.ts';
import { abortError } from '../../core/abort-error.ts';
import type { OperationContext } from '../../core/context.ts';
import { AppError } from '../../core/errors.ts';
import type { ExaminedFile } from '../engine.ts';
import { keyColumns, keysTable, schemaOf } from './logical-database.ts';
import { createRdbScanner, type RdbScanner } from './rdb/scan-rdb.ts';

/** Reads an RDB file from its first byte to its last, and says what it holds; values are skipped, not looked at. */
export async function examineRdbFile(
  bytes: AsyncIterable<Uint8Array>,
  { signal }: OperationContext,
): Promise<ExaminedFile> {
  const scanner = createRdbScanner();
  const databases = new Set<number>();
  for await (const chunk of bytes) {
    if (signal.aborted) throw abortError(signal);
    scanner.push(chunk);
    for (const { kind, database } of scanner.takeMarks()) if (kind === 'database') databases.add(database);
    if (scanner.surplus > 0) throw surplus(scanner.position);
    releaseChunk(chunk);
  }
  scanner.assertEnd();
  const magic = scanner.format?.magic ?? '';
  // An import writes functions with the logical database that comes first, also where it has no keys.
  const [first = 0] = databases;
  const isHeld = (database: number): boolean =>
    scanner.keysIn(database) > 0 || (scanner.functions > 0 && database === first);
  // Keys that no logical database was selected for are those of the first.
  const held = [...databases.add(0)].filter(isHeld).sort((a, b) => a - b);
  if (held.length > mostDatabases) throw tooManyDatabases(held.length);
  return {
    serverVersion: scanner.aux.get('valkey-ver') ?? scanner.aux.get('redis-ver') ?? '',
    tables: held.map((database) => ({
      schema: schemaOf(database),
      name: keysTable,
      columns: keyColumns,
      rows: scanner.keysIn(database),
      variant: `${magic}/file/${database}`,
    })),
    notes: notesOf(scanner),
  };
}

function notesOf({ checksum, modules }: RdbScanner): readonly string[] {
  return [
    ...(checksum === 'off'
      ? [
          'The file has no checksum (rdbchecksum no): its structure is right, and damage within values cannot be seen.',
        ]
      : []),
    ...[...modules].map(
      (module) =>
        `The file holds data of the module ${module}: they can be written only where the same module is loaded, and are left out elsewhere, by name.`,
    ),
  ];
}

/** Most logical databases with keys in one file: each is read from it by itself. */
const mostDatabases = 4096;

const tooManyDatabases = (count: number): AppError =>
  new AppError('unsupported', {
    message: `The file has keys in ${count} logical databases: at most ${mostDatabases} are read from one file.`,
    hint: 'Restore this RDB by a server of its own, and move the keys into fewer logical databases.',
    operation: 'read an RDB',
  });

const surplus = (position: number): AppError =>
  new AppError('dump-damaged', {
    message: `The file goes on after the end of its RDB, at byte ${position}.`,
    hint: 'Give the RDB file alone; an append-only file with an RDB in it is none.',
    operation: 'read an RDB',
    context: { offset: position },
  });
