import assert from 'node:assert/strict';
import { after, before, it } from 'node:test';
import type { TestApp } from '../harness/app.ts';
import { type DataArtsCall, signIn, startDataArts } from '../harness/dataarts-stage.ts';
import { zipBytes } from '../harness/zip-bytes.ts';

/* Whatever is sent, the answer is one of the contract's, and never that of a defect. */

let app: TestApp;
let call: DataArtsCall;
before(async () => {
  app = await startDataArts();
  call = await signIn(app.origin);
});
after(() => app[Symbol.asyncDispose]());

const deep = `{"name":"j","nodes":[],"x":${'['.repeat(3000)}${']'.repeat(3000)}}`;
const names = ['constructor', '__proto__', 'toString', '..', '订单', 'x'.repeat(200)];
const values = [
  'null',
  '[]',
  '{}',
  '1',
  '-1',
  '1e999',
  '""',
  '"x"',
  'true',
  '[null]',
  '[[]]',
  '[{}]',
  '{"a":null}',
];
const members = [
  'name',
  'nodes',
  'schedule',
  'params',
  'processType',
  'basicConfig',
  'description',
  'targetStatus',
  'emptyRunningJob',
  'type',
  'content',
  'connectionName',
  'location',
  'desc',
  'database',
  'config',
  'obsPath',
  'exportDepend',
  'exportStatus',
  'jobList',
  'path',
  'credential',
  'sameNamePolicy',
  'jobsParam',
  'jobParams',
  'start_date',
  'retry_location',
];
const bodies: readonly string[] = [
  ...values,
  '{',
  'x',
  '\ufeff{}',
  deep,
  ...members.flatMap((member) =>
    values.map((value) => `{"name":"j","type":"jar","content":"","${member}":${value}}`),
  ),
  ...values.map(
    (value) =>
      `{"name":"j","nodes":[{"name":"n","type":"RDSSQL","properties":${value},"conditions":${value},"preNodeName":${value}}]}`,
  ),
  ...names.map(
    (name) =>
      `{"name":"j","nodes":[{"name":"n","type":"${name}","failPolicy":"${name}","properties":[{"name":"${name}","value":"${name}"}]}],"params":[{"name":"${name}","value":"${name}"}]}`,
  ),
  '{"name":"j","schedule":{"type":"CRON","cron":{"expression":"0 0 0 ? * 99999999999999999999","startTime":"9999-99-99T00:00:00+99"}}}',
  '{"name":"j","schedule":{"type":"CRON","cron":{"expression":"0 0 0 * * ?","expressionTimeZone":"GMT+99"}}}',
];

async function assertContract(answer: Response, what: string): Promise<void> {
  const text = await answer.text();
  assert.ok(answer.status < 500, `${what}: ${answer.status} ${text}`);
  if (answer.status < 400) return;
  const { error_code: code, error_msg: message } = JSON.parse(text) as {
    error_code: string;
    error_msg: string;
  };
  assert.match(code, answer.status === 400 ? /^DLF\.\d{4,5}$/ : /^APIGW\.\d{4}$/, what);
  assert.ok(message.length > 0, what);
}

it('bodies', async () => {
  const calls = [
    ['POST', '/jobs'],
    ['PUT', '/jobs/j'],
    ['POST', '/jobs/j/start'],
    ['POST', '/jobs/j/run-immediate'],
    ['POST', '/jobs/j/export'],
    ['POST', '/jobs/batch-export'],
    ['POST', '/jobs/check-file'],
    ['POST', '/jobs/import'],
    ['POST', '/scripts'],
    ['POST', '/resources'],
    ['POST', '/connections'],
  ] as const;
  // Each call gets each kind of body, and not all of them: neighbours take turns.
  for (const [index, [method, path]] of calls.entries()) {
    for (const [at, body] of bodies.entries()) {
      if (at > 20 && at % (2 * calls.length) !== index) continue;
      await assertContract(await call(method, path, body), `${method} ${path} ${body.slice(0, 200)}`);
    }
  }
});

it('addresses and queries', async () => {
  const parts = [...names, '%2e%2e', '%00', '%ff', ' ', '%25', "'", '%E8%AE%A2'];
  for (const part of parts) {
    const name = part.startsWith('%') ? part : encodeURIComponent(part);
    for (const path of [
      `/jobs/${name}`,
      `/jobs/${name}/instances/${name}`,
      `/scripts/${name}`,
      `/resources/${name}`,
      `/system-tasks/${name}`,
      `/jobs/instances/detail?status=${name}&limit=${name}`,
      `/jobs?tags=${name}&jobType=${name}`,
      `/jobs?jobName=a&jobName=b`,
    ])
      await assertContract(await call('GET', path), path);
  }
});

it('zips', async () => {
  const content = deep;
  const zips = [
    Buffer.alloc(0),
    Buffer.from('PK'),
    zipBytes([]),
    zipBytes([{ name: 'jobs/j.job', content }]),
    zipBytes([{ name: '../j.job', content: '{}' }]),
    ...bodies.slice(0, 40).map((text) => zipBytes([{ name: 'jobs/j.job', content: text }])),
    zipBytes([{ name: 'x.job', content: '{"name":"constructor","nodes":[],"__proto__":{"a":1}}' }]),
  ];
  for (const [index, bytes] of zips.entries())
    await assertContract(await call('POST', '/jobs/check-file', bytes), `zip ${index}`);
});
