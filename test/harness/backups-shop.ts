import { readdir } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { SetBackupPolicy } from '../../src/service/backup-service.ts';
import type { BackupsFixture } from './backups-fixture.ts';
import { flipByte } from './damage.ts';

/** Makes the SQLite database `shop` with 500 rows, and gives it a policy. Gives its file. */
export async function makeShop(
  fixture: BackupsFixture,
  policy: Partial<SetBackupPolicy> = {},
): Promise<string> {
  const file = path.join(fixture.dumps, '..', 'shop.db');
  withShop(file, (database) =>
    database.exec(`CREATE TABLE item (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
      WITH RECURSIVE n(g) AS (SELECT 1 UNION ALL SELECT g + 1 FROM n WHERE g < 500)
      INSERT INTO item SELECT g, 'item ' || g FROM n`),
  );
  await fixture.service.addDatabase(fixture.context(), { name: 'shop', url: `sqlite:${file}` });
  await fixture.service.setBackupPolicy(fixture.context(), {
    database: 'shop',
    location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
    ...policy,
  });
  return file;
}

export function withShop<T>(file: string, work: (database: Database.Database) => T): T {
  const database = new Database(file);
  try {
    return work(database);
  } finally {
    database.close();
  }
}

/** How many items it has. */
export const itemsOf = (file: string): number =>
  withShop(file, (database) => database.prepare<[], number>('SELECT count(*) FROM item').pluck().get() ?? 0);

/** Changes a byte of the data of a backup. */
export async function damageBackup(fixture: BackupsFixture, id: number): Promise<void> {
  const backup = await fixture.catalogue.getBackup(id);
  const folder = path.join(fixture.dumps, backup?.filePattern ?? '', 'data');
  const [file] = await readdir(folder);
  await flipByte(path.join(folder, file ?? ''));
}
