import { readdir } from 'node:fs/promises';
import path from 'node:path';
import Database from 'better-sqlite3';
import type { Backup } from '../../src/core/backup.ts';
import type { Job } from '../../src/core/job.ts';
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

/** Makes a backup by its policy, and waits until the job rests. */
export const backUp = (fixture: BackupsFixture): Promise<Job> =>
  fixture.run((service, context) => service.startBackup(context, { database: 'shop' }, { api: 'native' }));

/** The catalogue, oldest first. */
export const entriesOf = async (fixture: BackupsFixture): Promise<readonly Backup[]> =>
  [...(await fixture.catalogue.listBackups({}))].reverse();

export const statesOf = async (fixture: BackupsFixture): Promise<readonly string[]> =>
  (await entriesOf(fixture)).map(({ state }) => state);

/** Of the events so far. */
export const typesOf = ({ events }: BackupsFixture): readonly string[] => events.map(({ type }) => type);

/** The lines of a job's log. */
export const logOf = async (fixture: BackupsFixture, id: string): Promise<readonly string[]> =>
  (await fixture.store.jobs.readLog(id, 0, 1000)).map(({ message }) => message);
