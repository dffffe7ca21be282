import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp } from '../harness/app.ts';
import { runCommand } from '../harness/command-line.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

let folder: TestFolder;
before(async () => {
  folder = await makeFolder();
  createSampleDatabase(folder.join('shop.db'), { orderItems: 2_000 });
});
after(() => folder[Symbol.asyncDispose]());

async function ok(data: string, args: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await runCommand([...args, '--data', data], { stdin });
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `${args.join(' ')}: ${stdout}`);
  return stdout;
}

describe('settings of a database', () => {
  it('hold for its jobs, and for no others', async () => {
    const data = folder.join('data');
    await ok(data, ['config', 'set', 'threads-max', '6']);
    await ok(data, ['config', 'set', 'threads-max', '2', '--database', 'shop']);
    assert.match(
      await ok(data, ['config', 'set', 'unit-bytes', '64KiB', '--database', 'shop']),
      /databases\/shop\/settings\.json.*at its next start/,
    );
    assert.match(
      await ok(data, ['config', 'list', '--database', 'shop']),
      /^threads-max +2 +config folder of the database$/m,
    );
    assert.equal(await ok(data, ['config', 'get', 'threads-max', '--database', 'shop']), '2\n');
    assert.equal(await ok(data, ['config', 'get', 'threads-max', '--database', 'other']), '6\n');

    const url = `sqlite:${folder.join('shop.db')}`;
    await using app = await startApp({ data, databases: { shop: url, other: url } });
    const run = async (database: string) => {
      const { id } = await app.json<{ id: string }>({
        method: 'POST',
        path: '/api/v1/jobs',
        body: { kind: 'export', database, threads: 16 },
      });
      const { state, progress } = await app.settled(id);
      const { threads } = await app.json<{ threads: number }>({ method: 'GET', path: `/api/v1/jobs/${id}` });
      return { state, threads, units: progress.units_total };
    };
    const [shop, other] = [await run('shop'), await run('other')];
    assert.deepEqual(
      [shop.state, shop.threads, other.state, other.threads],
      ['completed', 2, 'completed', 6],
    );
    assert.ok(shop.units > other.units, `${shop.units} units of 64 KiB, ${other.units} of 64 MiB`);
  });
});

describe('secrets of the config folder', () => {
  it('come by standard input, are sealed, outlive a rotation of the wallet, and can be given again', async () => {
    const data = folder.join('sealed');
    assert.match(
      await ok(data, ['config', 'secret', 'smtp-password', '--password-stdin'], 'Lantern7\n'),
      /smtp-password is sealed in .*secrets\.json/,
    );
    const list = () => ok(data, ['config', 'list']);
    assert.match(await list(), /^smtp-password +\[secret\] +config folder$/m);
    for (const name of await readdir(data, { recursive: true })) {
      const text = await readFile(folder.join('sealed', name), 'utf8').catch(() => '');
      assert.ok(!text.includes('Lantern7'), name);
    }
    assert.match(await ok(data, ['wallet', 'rotate']), /1/);
    assert.match(await list(), /^smtp-password +\[secret\] +config folder$/m);

    // Another key: commands that need the options say so, those that mend it work.
    await writeFile(folder.join('sealed', 'wallet.key'), `${Buffer.alloc(32, 5).toString('base64')}\n`);
    const refused = await runCommand(['jobs', 'list', '--data', data]);
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /smtp-password .* cannot be opened.*\n.*config secret smtp-password/);
    await ok(data, ['config', 'secret', 'smtp-password', '--password-stdin'], 'other\n');
    await ok(data, ['jobs', 'list']);
    await ok(data, ['config', 'delete', 'smtp-password']);
    assert.doesNotMatch(await list(), /smtp-password/);
  });

  it('are refused where they would show', async () => {
    const set = await runCommand(['config', 'set', 'smtp-password', 'Lantern7', '--data', folder.join('s')]);
    assert.equal(set.code, 2);
    assert.ok(!`${set.stdout}${set.stderr}`.includes('Lantern7'));
    const plain = await runCommand(['config', 'secret', 'port', '--data', folder.join('s')]);
    assert.match(plain.stderr, /The option port is no secret/);
    const key = await runCommand(['config', 'secret', 'wallet-key', '--data', folder.join('s')]);
    assert.match(key.stderr, /cannot stand in the config folder.*\n.*PUMPHOUSE_WALLET_KEY/);
  });

  it('explains options', async () => {
    const text = await ok(folder.join('s'), ['config', 'info', 'threads-max']);
    assert.match(text, /^environment +PUMPHOUSE_THREADS_MAX$/m);
    assert.match(text, /^config folder +yes, also for a database alone/m);
  });
});

describe('the versions of program and store', () => {
  it('are told in this order, and a difference is a warning', async () => {
    const data = folder.join('versions');
    const version = () => runCommand(['--version'], { env: { PUMPHOUSE_DATA: data } });
    assert.match((await version()).stdout, /^\d+\.\d+\.\d+\n$/);
    await ok(data, ['jobs', 'list']);
    assert.match((await version()).stdout, /^\d+\.\d+\.\d+\nStore: schema version (\d+)\n$/);

    const database = new Database(folder.join('versions', 'store.sqlite'));
    database.exec('insert into schema_version values (99, 0)');
    database.close();
    const { code, stdout } = await version();
    assert.equal(code, 0);
    assert.match(
      stdout,
      /^\d+\.\d+\.\d+\nStore: schema version 99\nWARNING: The store has schema version 99, and Pumphouse \S+ knows version \d+\..*\n$/,
    );
    const wrong: readonly Readonly<Record<string, string>>[] = [
      { PUMPHOUSE_PORT: 'x' },
      { PUMPHOUSE_STORE: 'postgres://u@127.0.0.1:1/x' },
    ];
    for (const env of wrong) {
      const asked = await runCommand(['--version'], { env: { PUMPHOUSE_DATA: data, ...env } });
      assert.equal(asked.code, 0);
      assert.match(asked.stdout, /^\d+\.\d+\.\d+\n/);
    }
  });

  it('are asked of the service that has the store open', async () => {
    await using app = await startApp();
    const { stdout } = await runCommand(['--version'], { env: { PUMPHOUSE_DATA: app.data } });
    assert.match(stdout, /^\d+\.\d+\.\d+\nStore: schema version \d+\n$/);
  });
});

describe('a database that cannot be used', () => {
  it('stops nothing else, is refused by the ORDS API alone, and is back by itself', async () => {
    await writeFile(
      folder.join('torn.db'),
      'This is no database, but it is long enough to be read as one.'.repeat(20),
    );
    const databases = {
      shop: `sqlite:${folder.join('shop.db')}`,
      torn: `sqlite:${folder.join('torn.db')}`,
      away: 'postgres://nobody@127.0.0.1:1/none',
      // The first import makes the file.
      later: `sqlite:${folder.join('later.db')}`,
    };
    await using app = await startApp({
      databases,
      flags: { defaultDatabase: 'shop', logLevel: 'silent' },
    });
    const status = await app.json<{
      databases: { name: string; valid: boolean; problem: string | null }[];
      directories: { name: string; valid: boolean }[];
    }>({ method: 'GET', path: '/api/v1/status' });
    assert.deepEqual(
      status.databases.map(({ name, valid }) => [name, valid]),
      [
        ['away', false],
        ['later', true],
        ['shop', true],
        ['torn', false],
      ],
    );
    assert.match(status.databases[0]?.problem ?? '', /127\.0\.0\.1:1/);
    assert.deepEqual(
      status.directories.map(({ name, valid }) => [name, valid]),
      [['DATA_PUMP_DIR', true]],
    );

    const jobs = (pool: string) =>
      app.call({ method: 'GET', path: `/ords${pool}/_/db-api/stable/database/datapump/jobs/` });
    assert.equal((await jobs('')).status, 200);
    assert.equal((await jobs('/shop')).status, 200);
    const away = await jobs('/away');
    assert.deepEqual([away.status, away.headers['content-type']], [503, 'application/problem+json']);
    const problem = JSON.parse(away.body);
    assert.deepEqual([problem.code, problem['o:errorCode']], ['ServiceUnavailable', 'database-away']);
    assert.match(problem.message, /The database away cannot be used now: /);
    assert.equal((await jobs('/nowhere')).status, 404);
    // Probes, and what the store knows, are answered all the same.
    const catalogue = await app.call({ method: 'GET', path: '/ords/away/_/db-api/stable/metadata-catalog/' });
    assert.equal(catalogue.status, 200);
    assert.equal((await app.call({ method: 'GET', path: '/readyz' })).status, 200);
    const unknownJob = await app.call({
      method: 'GET',
      path: '/ords/away/_/db-api/stable/database/datapump/jobs/X,Y/',
    });
    assert.equal(unknownJob.status, 404);

    assert.equal((await jobs('/torn')).status, 503);
    await writeFile(folder.join('torn.db'), await readFile(folder.join('shop.db')));
    // A request looks again itself, once the last look is a moment old.
    let answer = 503;
    while (answer === 503) answer = (await jobs('/torn')).status;
    assert.equal(answer, 200);
  });

  it('is shown by the status command, which ends well', async () => {
    await using app = await startApp({
      databases: { away: 'postgres://nobody@127.0.0.1:1/none' },
      flags: { logLevel: 'silent' },
    });
    const { code, stdout } = await runCommand(['status', '--data', app.data]);
    assert.equal(code, 0);
    assert.match(stdout, /^Pumphouse \d+\.\d+\.\d+ at http/);
    assert.match(stdout, /^database +away +postgres +postgres:\/\/nobody@127\.0\.0\.1:1\/none +INVALID: /m);
    assert.match(stdout, /^directory +DATA_PUMP_DIR .* VALID$/m);
  });
});
