import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { postgresVersions, startPostgres, withServers } from './postgres.ts';

withServers(postgresVersions, (server, version) => {
  test('it is the version that was asked for, and takes databases', async () => {
    const database = await server().createDatabase();
    const [row] = await server().query(database, 'SHOW server_version_num');
    assert.equal(Math.floor(Number(row?.server_version_num) / 10_000), version);
  });
});

test('a password is asked for over TCP', async () => {
  await using server = await startPostgres({ password: "s'ecret/@", settings: { max_connections: '7' } });
  const client = new pg.Client({ connectionString: server.url() });
  await client.connect();
  assert.equal((await client.query('SHOW max_connections')).rows[0].max_connections, '7');
  await client.end();
  const stranger = new pg.Client({ host: '127.0.0.1', port: server.port, user: 'postgres', password: 'x' });
  await assert.rejects(stranger.connect(), /password authentication failed/);
});

test('TLS verifies against its certificate', async () => {
  await using server = await startPostgres({ ssl: true });
  const ssl = { ca: server.certificate ?? '' };
  const client = new pg.Client({ connectionString: server.url(), ssl });
  await client.connect();
  const { rows } = await client.query('SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()');
  assert.deepEqual(rows, [{ ssl: true }]);
  await client.end();
});

test('data and port survive a crash and a restart; the folder goes with the server', async () => {
  const server = await startPostgres();
  const url = server.url();
  await server.query('postgres', 'CREATE TABLE kept AS SELECT 1 AS n');
  await server.stop('immediate');
  await server.restart();
  assert.deepEqual(await server.query('postgres', 'SELECT n FROM kept'), [{ n: 1 }]);
  assert.equal(server.url(), url);
  await server[Symbol.asyncDispose]();
  assert.equal(existsSync(server.socketDir), false);
});

test('a killed test process leaves no server and no folder', async () => {
  const program = `
    import { startPostgres } from ${JSON.stringify(new URL('postgres.ts', import.meta.url).href)};
    const server = await startPostgres();
    console.log(server.socketDir);
    setInterval(() => {}, 1000);`;
  const child = spawn(process.execPath, ['--input-type=module-typescript', '--eval', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output] = (await once(child.stdout, 'data')) as [Buffer];
  const folder = output.toString().trim();
  assert.equal(existsSync(folder), true);
  child.kill('SIGKILL');
  await once(child, 'exit');
  while (existsSync(folder)) await sleep(20);
});
