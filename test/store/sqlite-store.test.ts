import assert from 'node:assert/strict';
import { chmod, mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import Database from 'better-sqlite3';
import { Kysely, SqliteDialect } from 'kysely';
import { systemClock } from '../../src/base/clock.ts';
import { migrate } from '../../src/store/migrate.ts';
import { jobsAndRegistry } from '../../src/store/migrations/0001-jobs-and-registry.ts';
import { heldJobs } from '../../src/store/migrations/0002-held-jobs.ts';
import { whyHeld } from '../../src/store/migrations/0003-why-held.ts';
import { credentials } from '../../src/store/migrations/0004-credentials.ts';
import { mailsAndDocuments } from '../../src/store/migrations/0005-mails-and-documents.ts';
import type { StoreSchema } from '../../src/store/schema.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { newJob, rejects } from '../conformance/job-store-fixture.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';
import { withFolder } from '../harness/with-folder.ts';

const { log } = createMemoryLog();
const open = (path: string) => openSqliteStore({ path, clock: systemClock, log });
const goldenPath = fileURLToPath(new URL('golden/schema.sql', import.meta.url));

describe('openSqliteStore', () => {
  it('makes the schema of test/store/golden/schema.sql (a change needs a migration)', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'store.sqlite');
      await (await open(path)).close();
      assert.equal(schemaOf(path), await readFile(goldenPath, 'utf8'));
    });
  });

  it('keeps jobs and registry from one opening to the next', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'store.sqlite');
      const first = await open(path);
      const { job } = await first.jobs.createJob(newJob());
      await first.registry.addDirectory({ name: 'D', url: 'file:///d', credential: null });
      await first.close();
      await first.close();
      await using second = await open(path);
      assert.deepEqual(await second.jobs.getJob(job.id), job);
      assert.equal((await second.registry.listDirectories()).length, 1);
    });
  });

  it('is durable: write-ahead log, synchronous FULL, exclusive', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'store.sqlite');
      await using _store = await open(path);
      await rejects(open(path), 'data-folder-locked');
    });
  });

  it('is for its owner alone, also when an earlier version made it for all', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'store.sqlite');
      const modes = async () =>
        Promise.all(
          (await readdir(folder)).map(async (name) => (await stat(join(folder, name))).mode & 0o777),
        );
      await (await open(path)).close();
      await chmod(path, 0o644);
      await using store = await open(path);
      await store.registry.addDirectory({ name: 'D', url: 'file:///d', credential: null });
      const found = await modes();
      assert.ok(found.length > 1, 'the log of SQLite is beside the store');
      assert.deepEqual([...new Set(found)], [0o600]);
    });
  });

  it('refuses a newer schema as store-version', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'store.sqlite');
      await (await open(path)).close();
      const database = new Database(path);
      database.exec('insert into schema_version (version, applied_at) values (99, 0)');
      database.close();
      const error = await rejects(open(path), 'store-version');
      assert.match(error.message, /version 99/);
      // The file was let go of.
      new Database(path).exec('begin exclusive; rollback').close();
    });
  });

  it('names a path that cannot be written, and a file that is no store', async () => {
    await withFolder(async (folder) => {
      const missing = await rejects(open(join(folder, 'none', 'store.sqlite')), 'data-folder-unwritable');
      assert.match(missing.message, /none/);
      await mkdir(join(folder, 'sub'));
      await rejects(open(join(folder, 'sub')), 'data-folder-unwritable');
      await writeFile(join(folder, 'text'), 'this is not a database, '.repeat(100));
      await rejects(open(join(folder, 'text')), 'database-not-a-database');
    });
  });
});

describe('migrate', () => {
  it('makes each job of a store of version 5 a family of its own', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'store.sqlite');
      const database = new Database(path);
      const old = new Kysely<never>({ dialect: new SqliteDialect({ database }) });
      for (const step of [jobsAndRegistry, heldJobs, whyHeld, credentials, mailsAndDocuments])
        await step(old);
      database.exec(
        'create table schema_version (version bigint primary key not null, applied_at bigint not null)',
      );
      for (let version = 1; version <= 5; version++) {
        database.prepare('insert into schema_version values (?, 0)').run(version);
      }
      addOldJobs(database, ['a', 'b']);
      await old.destroy();

      await using store = await open(path);
      const { jobs } = store;
      assert.deepEqual((await jobs.getJob('a'))?.parent, null);
      assert.equal((await jobs.listJobs({ limit: 10, topLevel: true })).length, 2);
      await jobs.requestResume('a');
      assert.equal((await jobs.getJob('b'))?.state, 'stopped', 'the other one is no relative');
      await rejects(jobs.createJob(newJob({ database: '', onlyOfDatabase: true })), 'database-busy');
      assert.deepEqual(await jobs.prune(systemClock.now()), ['b']);
    });
  });

  it('may be raced, twenty at once', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'store.sqlite');
      const prepared = new Database(path);
      prepared.pragma('journal_mode = WAL');
      prepared.close();
      const openings = Array.from({ length: 20 }, async () => {
        const database = new Database(path, { timeout: 0 });
        const db = new Kysely<StoreSchema>({ dialect: new SqliteDialect({ database }) });
        await migrate(db, systemClock);
        await db.destroy();
      });
      await Promise.all(openings);
      assert.equal(schemaOf(path), await readFile(goldenPath, 'utf8'));
    });
  });
});

/** Stopped jobs, as the tables of version 5 took them. */
function addOldJobs(database: Database.Database, ids: readonly string[]): void {
  const columns = database.prepare<[], { name: string; type: string }>('pragma table_info(job)').all();
  const { request } = newJob();
  ids.forEach((id, index) => {
    const known: Readonly<Record<string, unknown>> = {
      id,
      name: id,
      seq: index + 1,
      kind: request.kind,
      state: 'stopped',
      api_data_json: '{}',
      request_json: JSON.stringify(request),
    };
    const nullable = /_key$|_digest$|_id$|error_json|held_for|mail_to_json|mail_due_at|started_at/;
    const values = columns.map(
      ({ name, type }) =>
        known[name] ?? (nullable.test(name) ? null : type.toLowerCase() === 'text' ? '' : 0),
    );
    database.prepare(`insert into job values (${values.map(() => '?').join(', ')})`).run(...values);
  });
}

/** Every statement of the schema, in an order that does not depend on the history. */
function schemaOf(path: string): string {
  const database = new Database(path, { readonly: true });
  try {
    const rows = database
      .prepare<[], { sql: string }>(
        'select sql from sqlite_schema where sql is not null order by type desc, name',
      )
      .all();
    return rows.map(({ sql }) => `${sql.replaceAll(', "', ',\n  "')};\n`).join('\n');
  } finally {
    database.close();
  }
}
