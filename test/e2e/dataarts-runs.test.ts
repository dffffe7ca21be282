import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { fromBufferPromise } from 'yauzl';
import type { TestApp } from '../harness/app.ts';
import { type DataArtsCall, listing, signIn, startDataArts } from '../harness/dataarts-stage.ts';

/* What the API starts, stops, tells and keeps, on the service as a whole. */

let app: TestApp;
let call: DataArtsCall;
before(async () => {
  app = await startDataArts();
  call = await signIn(app.origin);
});
after(() => app[Symbol.asyncDispose]());

interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: answers of many shapes, whose members the assertions name
  readonly body: any;
}

async function ask(...args: Parameters<DataArtsCall>): Promise<Answer> {
  const answer = await call(...args);
  const text = await answer.text();
  return { status: answer.status, body: text === '' ? null : JSON.parse(text) };
}

async function done(...args: Parameters<DataArtsCall>): Promise<void> {
  assert.deepEqual(await ask(...args), { status: 204, body: null });
}

/** The run of that number, once it has ended. */
async function ended(job: string, instanceId: number): Promise<Answer['body']> {
  for (;;) {
    const { status, body } = await ask('GET', `/jobs/${job}/instances/${instanceId}`);
    assert.equal(status, 200, JSON.stringify(body));
    if (!['waiting', 'running', 'running-exception'].includes(body.status)) return body;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const once = { type: 'EXECUTE_ONCE' };
const node = (name: string, type: string, properties: object = {}, more: object = {}): object => ({
  name,
  type,
  location: { x: '0', y: '0' },
  properties: Object.entries(properties).map(([key, value]) => ({ name: key, value })),
  ...more,
});
const job = (name: string, nodes: readonly object[], more: object = {}): object => ({
  name,
  nodes,
  schedule: once,
  processType: 'BATCH',
  ...more,
});

describe('runs of jobs', () => {
  it('an export of ours is a node, and its definition goes with the job', async () => {
    const pumphouseJob = { kind: 'export', input: { database: 'tide' } };
    const nodes = [
      node('begin', 'Dummy'),
      node('dump', 'CDMJob', { pumphouseJob }, { preNodeName: ['begin'] }),
    ];
    await done('POST', '/jobs', job('nightly', nodes, { params: [{ name: 'day', value: '1' }] }));
    const { body } = await ask('POST', '/jobs/nightly/run-immediate', {
      jobParams: [{ name: 'day', value: '2' }],
    });
    const run = await ended('nightly', body.instanceId);
    assert.equal(run.status, 'success', JSON.stringify(run));
    assert.deepEqual(
      run.nodes.map((each: Readonly<Record<string, string>>) => [each.nodeName, each.nodeType, each.status]),
      [
        ['begin', 'Dummy', 'success'],
        ['dump', 'CDMJob', 'success'],
      ],
    );
    assert.equal(run.instanceType, 2);
    assert.equal(run.total, 2);
    assert.equal((await readdir(app.dumps)).length, 1);
    const { body: list } = await ask('GET', '/jobs?jobName=nightly');
    assert.equal(list.jobs[0].lastInstanceStatus, 'success');
  });

  it('a failed one says why, and goes on or begins anew', async () => {
    const broken = node(
      'call',
      'RESTAPI',
      { url: 'http://127.0.0.1:1/' },
      { preNodeName: ['begin'], retryTimes: 0 },
    );
    await done('POST', '/jobs', job('failing', [node('begin', 'Dummy'), broken]));
    const { body } = await ask('POST', '/jobs/failing/run-immediate');
    const first = await ended('failing', body.instanceId);
    assert.equal(first.status, 'fail');
    assert.ok(first.errorMessage.length > 0);
    await done('POST', `/jobs/failing/instances/${body.instanceId}/restart`, {
      retry_location: 'error_node',
    });
    assert.equal((await ended('failing', body.instanceId)).status, 'fail');
    await done('POST', `/jobs/failing/instances/${body.instanceId}/restart`, {
      retry_location: 'first_node',
    });
    const { body: list } = await ask('GET', '/jobs/instances/detail?jobName=failing&preciseQuery=true');
    assert.equal(list.total, 2);
    assert.equal((await ended('failing', list.instances[0].instanceId)).status, 'fail');
    const refused = await ask('POST', `/jobs/failing/instances/${body.instanceId}/restart`, {
      retry_location: 'specified_node',
    });
    assert.deepEqual([refused.status, refused.body.error_code], [400, 'DLF.3051']);
  });

  it('a parameter without a value is not guessed', async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that parameters have
    const url = 'http://127.0.0.1:1/${day}';
    await done('POST', '/jobs', job('asking', [node('call', 'RESTAPI', { url })]));
    assert.equal((await ask('POST', '/jobs/asking/run-immediate')).body.error_code, 'DLF.0802');
    await done('DELETE', '/jobs/asking');
  });

  it('are listed by name, state, kind and time', async () => {
    const total = async (query: string): Promise<number> =>
      (await ask('GET', `/jobs/instances/detail?${query}`)).body.total;
    const all = await total('');
    assert.equal((await total('status=success')) + (await total('status=fail')), all);
    assert.equal(await total('instanceType=2'), all);
    assert.equal(await total('instanceType=0'), 0);
    assert.equal(await total('jobName=night'), 1);
    assert.equal(await total('jobName=night&preciseQuery=true'), 0);
    const now = Date.now();
    const hour = 60 * 60 * 1000;
    assert.equal(await total(`minPlanTime=${now - hour}&maxPlanTime=${now + hour}`), all);
    assert.equal(await total(`minPlanTime=${now + hour}`), 0);
    const { body } = await ask('GET', `/jobs/instances/detail?minPlanTime=0&maxPlanTime=${now}`);
    assert.equal(body.error_code, 'DLF.3051');
    const { body: part } = await ask('GET', '/jobs/instances/detail?offset=1&limit=1');
    assert.deepEqual([part.total, part.instances.length], [all, 1]);
  });
});

describe('SQL', () => {
  const rows = (): readonly unknown[] => {
    const database = new Database(path.join(app.data, 'tide.db'), { readonly: true });
    const found = database.prepare('SELECT id, name FROM trip ORDER BY id').all();
    database.close();
    return found;
  };
  before(async () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that parameters have
    const content = "INSERT INTO trip (id, name) VALUES (${id}, 'script');";
    await done('POST', '/connections', { name: 'tide_pg', type: 'RDS', database: 'tide' });
    await done('POST', '/scripts', { name: 'load', type: 'DWSSQL', content, connectionName: 'tide_pg' });
  });

  it('runs as a node of a job', async () => {
    const nodes = [
      node('one', 'RDSSQL', { scriptName: 'load', connectionName: 'tide_pg' }),
      node(
        'two',
        'SparkSQL',
        {
          statementOrScript: 'STATEMENT',
          statement: "INSERT INTO trip (id, name) VALUES (2, 'statement')",
          connectionName: 'tide_pg',
        },
        { preNodeName: ['one'] },
      ),
    ];
    await done('POST', '/jobs', job('sql', nodes, { params: [{ name: 'id', value: '7' }] }));
    const { body } = await ask('POST', '/jobs/sql/run-immediate', { jobParams: [{ name: 'id', value: 1 }] });
    assert.equal((await ended('sql', body.instanceId)).status, 'success');
    assert.deepEqual(rows(), [
      { id: 1, name: 'script' },
      { id: 2, name: 'statement' },
    ]);
  });

  it('runs as a script by itself', async () => {
    const { status, body } = await ask('POST', '/scripts/load/execute', { params: { id: '3' } });
    assert.equal(status, 200, JSON.stringify(body));
    for (;;) {
      const { body: run } = await ask('GET', `/scripts/load/instances/${body.instanceId}`);
      if (run.status === 'FINISHED') break;
      assert.ok(['LAUNCHING', 'RUNNING'].includes(run.status), JSON.stringify(run));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.deepEqual(rows().at(-1), { id: 3, name: 'script' });
    assert.equal((await ask('GET', '/jobs/instances/detail?jobName=load')).body.total, 0);
  });
});

describe('start and stop', () => {
  const cron = {
    startTime: '2026-02-14T00:00:00+08',
    expression: '0 20 1 * * ?',
    expressionTimeZone: 'GMT+8',
  };

  it('a schedule is on, and off', async () => {
    await done('POST', '/jobs', job('scheduled', [node('n', 'Dummy')], { schedule: { type: 'CRON', cron } }));
    await done('POST', '/jobs/scheduled/start', { jobParams: [], start_date: 20260214 });
    assert.equal((await ask('GET', '/jobs/scheduled/status')).body.status, 'SCHEDULING');
    assert.equal((await ask('GET', '/jobs?jobName=scheduled')).body.jobs[0].status, 'SCHEDULING');
    assert.equal((await ask('GET', '/jobs/scheduled')).body.version, '1');
    assert.equal((await ask('DELETE', '/jobs/scheduled')).status, 400);
    await done('POST', '/jobs/scheduled/stop');
    assert.equal((await ask('GET', '/jobs/scheduled/status')).body.status, 'STOPPED');
    await done('DELETE', '/jobs/scheduled');
    assert.equal((await ask('GET', '/jobs/scheduled')).body.error_code, 'DLF.0100');
  });

  it('a job without a schedule runs once', async () => {
    await done('POST', '/jobs', job('single', [node('n', 'Dummy')]));
    await done('POST', '/jobs/single/start');
    const { body } = await ask('GET', '/jobs/instances/detail?jobName=single');
    assert.equal(body.instances[0].instanceType, 7);
    assert.equal((await ended('single', body.instances[0].instanceId)).status, 'success');
  });

  it('what depends on other jobs is kept, and not started', async () => {
    const schedule = {
      type: 'CRON',
      cron: { ...cron, dependJobs: { jobs: ['single'], dependPeriod: 'SAME_PERIOD' } },
    };
    await done('POST', '/jobs', job('dependent', [node('n', 'Dummy')], { schedule }));
    assert.equal((await ask('POST', '/jobs/dependent/start')).body.error_code, 'DLF.3025');
    await done(
      'PUT',
      '/jobs/dependent',
      job('dependent', [node('n', 'Dummy')], { schedule: { type: 'CRON', cron } }),
    );
    assert.deepEqual((await ask('GET', '/jobs/dependent')).body.schedule.cron.dependJobs, {
      jobs: ['single'],
    });
    const cleared = { type: 'CRON', cron: { ...cron, dependJobs: { jobs: [] } } };
    await done('PUT', '/jobs/dependent', job('dependent', [node('n', 'Dummy')], { schedule: cleared }));
    await done('POST', '/jobs/dependent/start');
    await done('POST', '/jobs/dependent/stop');
  });
});

describe('drafts and versions', () => {
  it('an export is of the one or the other', async () => {
    const exported = async (exportStatus: string): Promise<string> => {
      const file = await (await call('POST', '/jobs/versions/export', { exportStatus })).bytes();
      const looked = await call('POST', '/jobs/check-file', file);
      const { jobs } = (await looked.json()) as { jobs: readonly { params: object }[] };
      return JSON.stringify(jobs[0]?.params);
    };
    const version = (value: string, more: object = {}): object =>
      job('versions', [node('n', 'Dummy')], { params: [{ name: 'v', value }], ...more });
    await done('POST', '/jobs', version('1', { targetStatus: 'SUBMITTED' }));
    await done('PUT', '/jobs/versions', version('2'));
    assert.equal(await exported('SUBMIT'), '{"v":"1"}');
    assert.equal(await exported('DEVELOP'), '{"v":"2"}');
    await done('PUT', '/jobs/versions', version('3', { targetStatus: 'PRODUCTION' }));
    assert.equal(await exported('SUBMIT'), '{"v":"3"}');
    assert.equal((await ask('GET', '/jobs/versions?version=1')).body.params[0].value, '1');
    assert.equal((await ask('GET', '/jobs/versions?version=9')).status, 400);
  });
});

describe('scripts, resources, connections', () => {
  it('are made, read, changed and removed', async () => {
    const script = { name: 's', type: 'RDSSQL', content: 'SELECT 1', directory: '/a', extra: [1] };
    await done('POST', '/scripts', script);
    await done('PUT', '/scripts/s', { ...script, content: 'SELECT 2' });
    const read = (await ask('GET', '/scripts/s')).body;
    assert.deepEqual([read.content, read.extra, read.createUser], ['SELECT 2', [1], 'ann']);
    const { body: scripts } = await ask('GET', '/scripts?scriptName=s');
    assert.deepEqual(
      [scripts.total, scripts.scripts[0].directory, scripts.scripts[0].content],
      [1, '/a', undefined],
    );
    await done('DELETE', '/scripts/s');

    const resource = { name: 'r.jar', type: 'jar', location: 'obs://b/r.jar', extra: 1 };
    const { body: made } = await ask('POST', '/resources', resource);
    assert.match(made.resourceId, /^[0-9a-f]{32}$/);
    await done('PUT', `/resources/${made.resourceId}`, { ...resource, desc: 'd' });
    assert.deepEqual((await ask('GET', `/resources/${made.resourceId}`)).body, {
      ...resource,
      desc: 'd',
      id: made.resourceId,
    });
    assert.equal((await ask('GET', '/resources')).body.total, 1);
    await done('DELETE', `/resources/${made.resourceId}`);

    const connection = { name: 'c', type: 'RDS', database: 'tide', config: { user: 'u', password: 'hush' } };
    await done('POST', '/connections', connection);
    assert.equal(
      (await ask('PUT', '/connections/c', { ...connection, type: 'DWS' })).body.error_code,
      'DLF.6323',
    );
    await done('PUT', '/connections/c', { ...connection, description: 'd' });
    assert.deepEqual((await ask('GET', '/connections/c')).body, {
      ...connection,
      config: { user: 'u', password: '' },
      description: 'd',
    });
    assert.equal((await ask('GET', '/connections')).body.total, 2);
  });

  it('no secret is in a zip', async () => {
    const headers = 'Authorization=Bearer hush-1\nAccept=*/*';
    const nodes = [node('sh', 'Shell', { url: 'https://u:hush-2@a.example/', headers, password: 'hush-3' })];
    await done(
      'POST',
      '/jobs',
      job('secretive', nodes, { basicConfig: { agency: 'hush-4', tags: ['t'], owner: 'o' } }),
    );
    const files = [
      await (await call('POST', '/jobs/secretive/export')).bytes(),
      await (await call('POST', '/connections/export')).bytes(),
    ];
    assert.equal(await listing(files[0] ?? assert.fail()), 'jobs/secretive.job');
    assert.match(await listing(files[1] ?? assert.fail()), /^connections\/c\.conn$/m);
    for (const file of files) {
      const zip = await fromBufferPromise(Buffer.from(file));
      for await (const entry of zip.eachEntry()) {
        const chunks: Buffer[] = [];
        for await (const chunk of await zip.openReadStreamPromise(entry)) chunks.push(chunk as Buffer);
        assert.ok(!Buffer.concat(chunks).includes('hush'), entry.fileName);
      }
    }
  });
});

describe('a job that is changed and started again', () => {
  const of = (word: string, more: object = {}): object =>
    job('changed', [node('a', 'Dummy')], { description: word, ...more });
  const versions = async (): Promise<string> => (await ask('GET', '/jobs/changed')).body.version;
  /** Version that the newest run was of. */
  const newest = async (): Promise<number> =>
    (await ask('GET', '/jobs/instances/detail?jobName=changed&preciseQuery=true&limit=1')).body.instances[0]
      .version;

  it('runs as it was changed, and makes no version where nothing was', async () => {
    await done('POST', '/jobs', of('one'));
    await done('POST', '/jobs/changed/start');
    assert.deepEqual([await versions(), await newest()], ['1', 1]);
    await done('PUT', '/jobs/changed', of('two'));
    await ask('POST', '/jobs/changed/run-immediate');
    assert.deepEqual([await versions(), await newest()], ['1', 0]);
    await done('POST', '/jobs/changed/start');
    await done('POST', '/jobs/changed/start');
    assert.deepEqual([await versions(), await newest()], ['2', 2]);
    assert.equal((await ask('GET', '/jobs/changed?version=2')).body.description, 'two');
  });

  it('runs its last version where the change says that it is a draft', async () => {
    await done('PUT', '/jobs/changed', of('three', { targetStatus: 'SAVED' }));
    await done('POST', '/jobs/changed/start');
    assert.deepEqual([await versions(), await newest()], ['2', 2]);
  });
});
