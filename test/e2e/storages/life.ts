import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { compareDatabases } from '../../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../../src/cli/demo/sample-database.ts';
import { createRandom } from '../../harness/random.ts';
import type { RemotePlace } from '../../harness/remote-place.ts';
import { runWithKills } from '../../harness/run-with-kills.ts';
import { type ServiceJob, type ServiceProcess, startServiceProcess } from '../../harness/service-process.ts';
import { makeFolder } from '../../harness/with-folder.ts';

export interface LifeOptions {
  /** False: the place cannot be listed, so that its sets are found by name only. */
  readonly lists: boolean;
  /** True: sets in every form; else a folder and encrypted files, and the rest in the campaign: a storage sees names and bytes alone. */
  readonly everyForm?: boolean;
  /** True: an export is killed once; else in the campaign alone. Kills try how a storage commits: in parts (S3), by a new name (SFTP). */
  readonly killed?: boolean;
  /** True: all of it in the campaign alone. What a storage promises, its conformance and fault suites hold in `npm test`. */
  readonly inCampaign?: boolean;
}

interface SetForm {
  readonly file_pattern: string | null;
  readonly encryption_key?: string;
}

interface ReportedJob extends ServiceJob {
  readonly result: { readonly bytes_read?: number } | null;
}

interface Listed {
  readonly items: readonly { readonly file_pattern: string; readonly bytes: number }[];
}

/** A database that does not compress. */
function createBulk(file: string): void {
  const database = new Database(file);
  try {
    database.exec('CREATE TABLE blobs (id INTEGER PRIMARY KEY, body BLOB)');
    const insert = database.prepare('INSERT INTO blobs (body) VALUES (randomblob(250000))');
    database.transaction(() => {
      for (let row = 0; row < 100; row += 1) insert.run();
    })();
  } finally {
    database.close();
  }
}

/** Loopback is a place where no URL of a user may lead, unless it is allowed. */
const environment = { PUMPHOUSE_URL_ALLOW: '127.0.0.1' };
/** Small units, so that there is much to lose. */
const flags = ['--unit-bytes', '262144', '--workers', '3'];
/** For uploads in several parts that take more than a second. */
const slowFlags = ['--unit-bytes', '16MiB', '--workers', '3', '--storage-rate', '16MiB'];
const killsOfCampaign = Number(process.env.PUMPHOUSE_STORAGE_KILLS ?? 0);

/**
 * The life of dump sets at a storage, by the API of a service in a process of its own and a real server: exports in all forms, encrypted too; listed,
 * shown, verified, imported whole and in part; copied, deleted; and exports that are killed in the middle. PUMPHOUSE_STORAGE_KILLS makes a
 * campaign of the last one, PUMPHOUSE_TEST_SEED repeats it.
 */
export function storageLife(
  name: string,
  open: () => Promise<RemotePlace>,
  { lists, everyForm = killsOfCampaign > 1, killed = false, inCampaign = false }: LifeOptions,
): void {
  const kills = Math.max(killsOfCampaign, killed ? 1 : 0);
  if (inCampaign && killsOfCampaign === 0) return;
  describe(`life of dump sets: ${name}`, { timeout: 120_000 + kills * 20_000 }, () => {
    const stack = new AsyncDisposableStack();
    let place: RemotePlace;
    let folder: string;
    let source: string;
    let service: ServiceProcess;

    before(async () => {
      place = stack.use(await open());
      folder = stack.use(await makeFolder()).path;
      source = path.join(folder, 'source.db');
      createSampleDatabase(source, { orderItems: 30_000 });
      service = await startServiceProcess({ data: path.join(folder, 'data'), flags, environment });
      stack.defer(() => service[Symbol.asyncDispose]());
      await service.request('POST', '/api/v1/databases', { name: 'source', url: `sqlite:${source}` });
      if (place.credential !== null)
        await service.request('POST', '/api/v1/credentials', { name: 'key', ...place.credential });
      await service.request('POST', '/api/v1/credentials', {
        name: 'phrase',
        type: 'encryption',
        secret: 'correct horse battery staple',
      });
    });
    after(() => stack.disposeAsync());

    const at = (base: string) => ({
      location: place.locationOf(base),
      ...(place.credential === null ? {} : { credential: 'key' }),
    });
    const query = (base: string, more: Readonly<Record<string, string>> = {}): string =>
      new URLSearchParams({ ...at(base), ...more }).toString();

    let targets = 0;
    /** Imports into a fresh database and compares that with the source. */
    async function importAll(
      body: Readonly<Record<string, unknown>>,
      original = source,
    ): Promise<ReportedJob> {
      const [database, file] = [`target${++targets}`, path.join(folder, `target${targets}.db`)];
      await service.request('POST', '/api/v1/databases', { name: database, url: `sqlite:${file}` });
      const job = (await service.run({ kind: 'import', database, threads: 3, ...body })) as ReportedJob;
      const { tables, differingObjects } = compareDatabases(original, file);
      assert.deepEqual(
        tables.filter((table) => table.differing > 0 || table.sourceRows !== table.targetRows),
        [],
      );
      assert.deepEqual(differingObjects, []);
      return job;
    }

    it('is tried out, and becomes a directory', async () => {
      const tested = await service.request<{ ok: boolean; message: string }>(
        'POST',
        '/api/v1/locations/test',
        at('tried'),
      );
      assert.equal(tested.ok, true, tested.message);
      const { location, ...rest } = at('named');
      await service.request('POST', '/api/v1/directories', { name: 'REMOTE', path: location, ...rest });
      await service.run({
        kind: 'export',
        database: 'source',
        directory: 'REMOTE',
        file_pattern: 'NAMED%U.DMP',
        threads: 3,
      });
      await importAll({ directory: 'REMOTE', file_pattern: 'NAMED%U.DMP' });
      assert.deepEqual(await place.leftovers(), []);
    });

    const furtherForms: readonly SetForm[] = [{ file_pattern: 'EXP%U.DMP' }, { file_pattern: 'one.dmp' }];
    const forms: readonly SetForm[] = [
      { file_pattern: null },
      ...(everyForm ? furtherForms : []),
      { file_pattern: 'SEALED%U.DMP', encryption_key: 'phrase' },
    ];
    for (const form of forms) {
      const title = `${form.file_pattern ?? 'a folder'}${form.encryption_key === undefined ? '' : ', encrypted'}`;
      it(`${title}: exported, shown, verified, imported`, async () => {
        const exported = await service.run({
          kind: 'export',
          database: 'source',
          ...at('forms'),
          ...form,
          threads: 3,
        });
        const set = { ...at('forms'), file_pattern: form.file_pattern ?? exported.name };
        const listing = `/api/v1/dump-sets?${query('forms')}`;
        if (lists) {
          const { items } = await service.request<Listed>('GET', listing);
          assert.ok(items.some(({ file_pattern }) => file_pattern === set.file_pattern));
        } else {
          await assert.rejects(service.request('GET', listing), /cannot be listed/);
        }
        const shown = await service.request<{ tables: readonly unknown[] }>(
          'GET',
          `/api/v1/dump-sets/show?${query('forms', { file_pattern: set.file_pattern })}`,
        );
        assert.ok(shown.tables.length > 3);
        await service.run({ kind: 'verify', ...set, threads: 3 });
        const { encryption_key } = form;
        await importAll({ ...set, ...(encryption_key === undefined ? {} : { encryption_key }) });
        assert.deepEqual(await place.leftovers(), []);
      });
    }

    it('one table is fetched by its ranges alone', async () => {
      const file_pattern = 'PART%U.DMP';
      await service.run({ kind: 'export', database: 'source', ...at('part'), file_pattern, threads: 1 });
      const set = { ...at('part'), file_pattern };
      const url = `sqlite:${path.join(folder, 'part.db')}`;
      await service.request('POST', '/api/v1/databases', { name: 'part', url });
      const { id } = await service.run({
        kind: 'import',
        database: 'part',
        ...set,
        mode: 'table',
        name_expressions: ["= 'categories'"],
      });
      const log = await service.request<{ items: readonly { message: string }[] }>(
        'GET',
        `/api/v1/jobs/${id}/log`,
      );
      const line = log.items.find(({ message }) => /^Read \d+ of \d+ bytes/.test(message))?.message ?? '';
      const [, read = '', all = ''] = /^Read (\d+) of (\d+) bytes/.exec(line) ?? [];
      assert.ok(Number(read) > 0 && Number(read) < Number(all) / 3, line);
    });

    it('is copied to a folder and back, and deleted', async () => {
      const file_pattern = 'MOVED%U.DMP';
      await service.run({ kind: 'export', database: 'source', ...at('from'), file_pattern, threads: 3 });
      const set = { ...at('from'), file_pattern };
      const to = { to_directory: 'DATA_PUMP_DIR' };
      await service.run({ kind: 'dump_copy', ...set, ...to, threads: 3 });
      const local = { directory: 'DATA_PUMP_DIR', file_pattern };
      await service.run({ kind: 'verify', ...local });
      await service.run({ kind: 'dump_delete', ...set });
      await assert.rejects(service.run({ kind: 'verify', ...set }), /file-missing|does not exist/);
      const { location, ...rest } = at('from');
      const credential = 'credential' in rest ? { to_credential: rest.credential } : {};
      await service.run({ kind: 'dump_copy', ...local, to_location: location, ...credential, threads: 3 });
      await importAll(set);
      assert.deepEqual(await place.leftovers(), []);
    });

    if (kills === 0) return;
    it(`killed ${kills} times in the middle, an export goes on and leaves no orphan`, async (t) => {
      const random = createRandom();
      t.diagnostic(`seed ${random.seed}`);
      const bulk = path.join(folder, 'bulk.db');
      createBulk(bulk);
      await service.request('POST', '/api/v1/databases', { name: 'bulk', url: `sqlite:${bulk}` });
      const forms = [{}, { file_pattern: 'KILLED%U.DMP' }, { file_pattern: 'killed.dmp' }];
      for (let round = 0; round * 3 < kills; round += 1) {
        await service[Symbol.asyncDispose]();
        service = await startServiceProcess({
          data: path.join(folder, 'data'),
          flags: slowFlags,
          environment,
        });
        const base = `killed${round}`;
        const form = forms[round % forms.length] ?? {};
        const exported = await runWithKills(
          service,
          { kind: 'export', database: 'bulk', ...at(base), ...form, threads: 3 },
          { random, kills: Math.min(3, kills - round * 3), withinMs: 1500, flags: slowFlags, environment },
        );
        service = exported.service;
        t.diagnostic(`round ${round}: ${exported.midway} kills found the export at work`);
        const { state, name: job, error } = exported.job;
        assert.equal(state, 'completed', JSON.stringify(error));
        const set = { ...at(base), file_pattern: form.file_pattern ?? job };
        await service.run({ kind: 'verify', ...set, threads: 3 });
        assert.deepEqual(await place.leftovers(), [], `round ${round} of seed ${random.seed}`);
        await importAll(set, bulk);
      }
    });
  });
}
