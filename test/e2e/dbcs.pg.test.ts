import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { startApp, type TestApp } from '../harness/app.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { basic } from '../harness/transcript.ts';

/* Recovery by scn on a server whose sets hold one: the log sequence number of their snapshot. */

const admin = { name: 'quayops', role: 'operator', password: 'Tide-44-gate' };
const headers = {
  authorization: basic(admin),
  'x-id-tenant-name': 'quay',
  'content-type': 'application/json',
};
const base = '/paas/service/dbcs/api/v1.1/instances/quay/tides1';

let server: PostgresServer;
let app: TestApp;
before(async () => {
  server = await startPostgres({ version: 17 });
  app = await startApp({ users: [admin] });
  await server.createDatabase('tides1');
  await server.query(
    'tides1',
    "CREATE TABLE berth (id int PRIMARY KEY, name text); INSERT INTO berth VALUES (1, 'north')",
  );
  const url = server.url('tides1');
  await app.json({ method: 'POST', path: '/api/v1/databases', body: { name: 'tides1', url } });
  const path = '/api/v1/databases/tides1/backup-policy';
  await app.json({ method: 'PUT', path, body: { directory: 'DATA_PUMP_DIR', verify: 'none' } });
});
after(async () => {
  await app?.[Symbol.asyncDispose]();
  await server?.[Symbol.asyncDispose]();
});

async function call(method: string, path: string, body?: unknown) {
  const answer = await fetch(app.origin + path, {
    method,
    headers,
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const text = await answer.text();
  const location = new URL(answer.headers.get('location') ?? app.origin).pathname;
  return { status: answer.status, location, body: text === '' ? null : JSON.parse(text) };
}

/** The status of a job that was accepted, once it has ended. */
async function run(path: string, body: unknown): Promise<Record<string, string>> {
  const { status, location, body: refusal } = await call('POST', path, body);
  assert.equal(status, 202, JSON.stringify(refusal));
  for (;;) {
    const { body: job } = await call('GET', location);
    if (job.job_status !== 'In Progress') {
      assert.equal(job.job_status, 'Succeeded', job.message);
      return job;
    }
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
}

test('an scn is a log sequence number: the newest backup that is not after it is recovered, and named', async () => {
  await run(`${base}/backups`, {});
  await server.query('tides1', "INSERT INTO berth VALUES (2, 'south')");
  const between = await server.query('tides1', 'SELECT pg_current_wal_lsn() AS lsn');
  await server.query('tides1', "INSERT INTO berth VALUES (3, 'east')");
  await run(`${base}/backups`, { keepForever: false });
  const { backupList } = (await call('GET', `${base}/backups`)).body;
  assert.equal(backupList.length, 2);
  const [, first] = backupList;

  const { message } = await run(`${base}/backups/recovery`, { scn: between[0]?.lsn });
  assert.equal(message, `From the backup ${first.dbTag}, completed ${first.backupCompleteDate}.`);
  assert.deepEqual(await server.query('tides1', 'SELECT name FROM berth'), [{ name: 'north' }]);
  const { recoveryList } = (await call('GET', `${base}/backups/recovery/history`)).body;
  assert.equal(recoveryList[0].scn, between[0]?.lsn);

  const early = await call('POST', `${base}/backups/recovery`, { scn: '0/1' });
  assert.equal(early.status, 400);
  assert.match(early.body.message, /stands at 0\/1 or before/);
  const malformed = await call('POST', `${base}/backups/recovery`, { scn: '4711' });
  assert.equal(malformed.status, 400);
  assert.match(malformed.body.message, /"4711" is no log sequence number/);
});
