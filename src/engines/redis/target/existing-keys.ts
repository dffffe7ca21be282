import type { TableName } from '../../../core/catalogue.ts';
import { AppError } from '../../../core/errors.ts';
import type { ExistingTable } from '../../engine.ts';
import { replyItems } from '../client/reply.ts';
import { databaseOf, keyColumns } from '../logical-database.ts';
import type { Masters } from './masters.ts';
import { isOwnKey } from './receipts.ts';
import { callOne } from './routed-call.ts';

const scanCount = 1_000;

/**
 * Those of `tables` whose logical databases hold keys. Throws `unsupported` for a logical database that the target does not have.
 * @param only of the database URL
 */
export async function describeKeyTables(
  masters: Masters,
  only: number | null,
  tables: readonly TableName[],
  signal: AbortSignal,
): Promise<readonly ExistingTable[]> {
  const found: ExistingTable[] = [];
  for (const { schema, name } of tables) {
    const database = writableDatabase(schema, only);
    if (!(await hasKeys(masters, database, signal))) continue;
    const columns = keyColumns.map((column) => column.name);
    found.push({ schema, name, columns, references: [], referredToBy: [], usedBy: [] });
  }
  return found;
}

async function hasKeys(masters: Masters, database: number, signal: AbortSignal): Promise<boolean> {
  for (const address of masters.route.addresses) {
    const connection = await masters.control(address, database, signal);
    if ((await callOne(connection, ['DBSIZE'], signal)) === 0) continue;
    for (let cursor = ''; cursor !== '0'; ) {
      const reply = await callOne(
        connection,
        ['SCAN', cursor === '' ? '0' : cursor, 'COUNT', scanCount],
        signal,
      );
      const [next, keys] = replyItems(reply);
      if (replyItems(keys).some((key) => key instanceof Uint8Array && !isOwnKey(key))) return true;
      cursor = Buffer.from(next as Uint8Array).toString();
    }
  }
  return false;
}

/** The logical database that a schema stands for; throws `field-invalid` where the database URL means another one. */
export function writableDatabase(schema: string, only: number | null): number {
  const database = databaseOf(schema);
  if (only === null || only === database) return database;
  throw new AppError('field-invalid', {
    field: 'remap_schemas',
    message: `The URL of the target means its logical database ${only} alone, and the import would write db${database}.`,
    hint: `Write it there with remap_schemas db${database}:db${only}, or leave the database out of the URL.`,
  });
}
