import assert from 'node:assert/strict';
import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:http2';
import { request } from 'node:https';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { startApp, type TestApp } from '../harness/app.ts';
import { basic, checkTranscript, type Stage } from '../harness/transcript.ts';

/* The contract's cases on a database that needs no server: what the API says does not depend on the engine. */

const admin = { name: 'serviceadmin', role: 'operator', password: 'Pa55_word' };
const domain = 'usexample';
const base = `/paas/service/dbcs/api/v1.1/instances/${domain}`;
const headers = {
  authorization: basic(admin),
  'x-id-tenant-name': domain,
  'content-type': 'application/json',
};
const printedHeaders = [
  'service-uri',
  'server',
  'strict-transport-security',
  'x-frame-options',
  'x-oracle-dms-ecid',
  'content-language',
  'vary',
  'access-control-allow-origin',
  'access-control-allow-headers',
  'access-control-allow-methods',
];

const setPolicy = (app: TestApp, name: string): Promise<unknown> =>
  app.json({
    method: 'PUT',
    path: `/api/v1/databases/${name}/backup-policy`,
    body: { directory: 'DATA_PUMP_DIR' },
  });

async function startStage(): Promise<TestApp & Stage> {
  const app = await startApp({
    users: [admin, { ...admin, name: 'vic', role: 'viewer' }],
    flags: {
      trustedProxies: 'loopback',
      dbcsIdentityDomain: domain,
      dbcsPort: '0',
      patienceSeconds: '300',
    },
  });
  for (const name of ['db12c', 'tides1', 'quay1']) {
    const file = path.join(app.data, `${name}.db`);
    const database = new Database(file);
    database.exec(
      "CREATE TABLE berth (id INTEGER PRIMARY KEY, name TEXT); INSERT INTO berth VALUES (1, 'north');",
    );
    database.close();
    await app.json({ method: 'POST', path: '/api/v1/databases', body: { name, url: `sqlite:${file}` } });
  }
  const developer = { ...admin, name: 'dev', role: 'developer', databases: ['tides1'] };
  await app.json({ method: 'POST', path: '/api/v1/users', body: developer });
  return Object.assign(app, {
    authorization: basic(admin),
    numbered: { number: /\/job\/(\d+)/g, tag: /\b(TAG20[2-9]\d{5}T\d{6})\b/g },
    volatile: [
      [/\d\d-[A-Z][a-z]{2}-\d{4} [\d:]{8} UTC/g, '{date}'],
      [/\d{4}-\d\d-\d\dT[\d:.]{12}\+0000/g, '{time}'],
      [/(?<=\()\d{4}-\d\d-\d\dT[\d:.]+Z/g, '{time}'],
      [/(?<=x-oracle-dms-ecid: )[\w-]{22}$/gm, '{ecid}'],
      // The lines of the job's log are no part of the contract.
      [
        /(?: {4}\{\n +"activityDate": "\{time\}",\n +"message": "(?!Backup complete).*"\n +\},\n)+/,
        '    {lines},\n',
      ],
    ] as const,
  });
}

const rowsOf = (app: TestApp, name: string): unknown => {
  const database = new Database(path.join(app.data, `${name}.db`), { readonly: true });
  try {
    return database.prepare('SELECT name FROM berth ORDER BY id').pluck().all();
  } finally {
    database.close();
  }
};

let stage: TestApp & Stage;
before(async () => {
  stage = await startStage();
});
after(() => stage[Symbol.asyncDispose]());

describe('the published cases of the dbcs API', () => {
  it('P1: a backup is started and polled', async () => {
    await setPolicy(stage, 'db12c');
    await checkTranscript('dbcs/p1-start', { ...stage, origin: stage.origin, headers: printedHeaders });
  });

  it('P2: it is in the list', () => checkTranscript('dbcs/p2-list', stage));

  it('P3: its activity is told', () => checkTranscript('dbcs/p3-activity', stage));

  it('recoveries bring the database itself back', async () => {
    const database = new Database(path.join(stage.data, 'db12c.db'));
    database.exec("INSERT INTO berth VALUES (2, 'south')");
    database.close();
    await checkTranscript('dbcs/recovery', stage);
    assert.deepEqual(rowsOf(stage, 'db12c'), ['north']);
  });

  it('users are held to their roles, databases and jobs', async () => {
    const as = async (name: string, method: string, address: string): Promise<number> => {
      const headersOf = { ...headers, authorization: basic({ name, password: admin.password }) };
      return (await fetch(stage.origin + address, { method, headers: headersOf })).status;
    };
    assert.equal(await as('vic', 'GET', `${base}/db12c/backups`), 200);
    assert.equal(await as('vic', 'POST', `${base}/db12c/backups`), 403);
    assert.equal(await as('dev', 'GET', `${base}/tides1/backups/recovery/history`), 200);
    for (const [method, address] of [
      ['GET', 'backups'],
      ['POST', 'backups'],
      ['POST', 'backups/recovery'],
      ['GET', 'backups/recovery/history'],
    ] as const)
      assert.equal(await as('dev', method, `${base}/db12c/${address}`), 403, `${method} ${address}`);
    assert.equal(await as('vic', 'GET', `${base}/status/backup/job/1`), 200);
    assert.equal(await as('dev', 'GET', `${base}/status/backup/job/1`), 404);
    // A job that is no backup has no address here.
    assert.equal(await as('vic', 'GET', `${base}/status/backup/job/2`), 404);
  });

  it('what is refused', () => checkTranscript('dbcs/refusals', stage));
});

describe('backups of a deployment over time', () => {
  async function call(method: string, address: string, body?: unknown) {
    const answer = await fetch(stage.origin + address, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    return {
      status: answer.status,
      location: new URL(answer.headers.get('location') ?? stage.origin).pathname,
      body: text === '' ? null : JSON.parse(text),
    };
  }
  async function ended(location: string): Promise<Record<string, string>> {
    for (;;) {
      const { body } = await call('GET', location);
      if (body.job_status !== 'In Progress') return body;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }
  const list = async (name: string) => (await call('GET', `${base}/${name}/backups`)).body.backupList;
  const statuses = async (name: string): Promise<unknown> =>
    (await list(name)).map(({ status }: { readonly status: string }) => status);

  it('refuse another backup and a recovery while one runs, which waits for its database', async () => {
    await setPolicy(stage, 'quay1');
    const lock = new Database(path.join(stage.data, 'quay1.db'));
    lock.exec('BEGIN EXCLUSIVE');
    const first = await call('POST', `${base}/quay1/backups`, { keepForever: true });
    assert.equal(first.status, 202);
    const second = await call('POST', `${base}/quay1/backups`, {});
    assert.equal(second.status, 400);
    assert.match(second.body.message, /is not finished/);
    const recovery = await call('POST', `${base}/quay1/backups/recovery`, { latest: 'yes' });
    assert.equal(recovery.status, 400);
    assert.deepEqual(await statuses('quay1'), ['IN PROGRESS']);
    const running = (await call('GET', first.location)).body;
    assert.deepEqual(
      [running.status, running.job_request_parameters],
      ['In Progress', { keepForever: 'true' }],
    );
    lock.exec('COMMIT');
    lock.close();
    assert.equal((await ended(first.location)).job_status, 'Succeeded');
    assert.deepEqual(await statuses('quay1'), ['COMPLETED']);
    const [item] = await list('quay1');
    assert.deepEqual(Object.keys(item), ['backupCompleteDate', 'dbTag', 'status']);
    // The date that the list prints means this backup.
    const timestamp = item.backupCompleteDate.replace(' UTC', '');
    const again = await call('POST', `${base}/quay1/backups/recovery`, { timestamp });
    assert.equal(again.status, 202);
    const { message } = await ended(again.location);
    assert.equal(message, `From the backup ${item.dbTag}, completed ${item.backupCompleteDate}.`);
    const { recoveryList } = (await call('GET', `${base}/quay1/backups/recovery/history`)).body;
    assert.deepEqual([recoveryList[0].status, recoveryList[0].timestamp], ['COMPLETED', timestamp]);
  });

  it('that failed say why, and the last of them is in the list', async () => {
    await setPolicy(stage, 'tides1');
    const good = await call('POST', `${base}/tides1/backups`);
    assert.equal(good.status, 202, 'without a body');
    assert.equal((await ended(good.location)).job_status, 'Succeeded');
    const file = path.join(stage.data, 'tides1.db');
    const whole = await readFile(file);
    await writeFile(
      file,
      'no database at all, whatever its name says, and long enough to be read as a header of one',
    );
    let last = '';
    for (let at = 0; at < 2; at += 1) {
      const bad = await call('POST', `${base}/tides1/backups`, {});
      assert.equal(bad.status, 202);
      const job = await ended(bad.location);
      assert.equal(job.job_status, 'Failed');
      assert.match(job.message ?? '', /database/);
      last = bad.location;
    }
    const number = last.split('/').at(-1);
    const activity = (await call('GET', `/paas/api/v1.1/activitylog/${domain}/job/${number}`)).body;
    assert.equal(activity.status, 'FAILED');
    assert.match(activity.messages.at(-1).message, /^Backup failed\. /);
    const items = await list('tides1');
    assert.deepEqual(
      items.map(({ status }: { readonly status: string }) => status),
      ['FAILED', 'COMPLETED'],
    );
    assert.deepEqual(Object.keys(items[0]), ['backupStartDate', 'status']);
    await writeFile(file, whole);
  });

  it('are served over HTTP/2 and HTTP/1.1 with TLS at a port of their own', async () => {
    const [own] = stage.ownPorts.filter(({ title }) => title.startsWith('dbcs'));
    const url = own?.url ?? '';
    const ca = await readFile(path.join(stage.data, 'tls.pem'), 'utf8');
    const session = connect(url, { ca });
    const stream = session.request({
      ':method': 'POST',
      ':path': `${base}/tides1/backups`,
      ...headers,
    });
    stream.end('{ }');
    const [answer] = (await once(stream, 'response')) as [Record<string, unknown>];
    assert.equal(answer[':status'], 202);
    const location = String(answer.location);
    assert.match(location, new RegExp(`^${url}${base}/status/backup/job/\\d+$`));
    assert.equal(answer['service-uri'], `${url}${base}/tides1`);
    assert.equal(answer['retry-after'], '60');
    let text = '';
    for await (const piece of stream.setEncoding('utf8')) text += String(piece);
    assert.equal(text, '');
    const refused = session.request({ ':path': `${base}/tides1/backups`, 'x-id-tenant-name': domain });
    const [unknown] = (await once(refused, 'response')) as [Record<string, unknown>];
    assert.equal(unknown[':status'], 401);
    session.close();

    const polled = request(location, { ca, agent: false, headers });
    polled.end();
    const [response] = await once(polled, 'response');
    assert.deepEqual([response.statusCode, response.httpVersion], [200, '1.1']);
    response.resume();
    assert.equal((await ended(new URL(location).pathname)).job_status, 'Succeeded');
  });
});
