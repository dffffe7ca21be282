import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import Database from 'better-sqlite3';
import { fromBufferPromise } from 'yauzl';
import { startApp, type TestApp, type TestAppOptions } from './app.ts';
import { basic, type Stage } from './transcript.ts';
import { zipBytes } from './zip-bytes.ts';

/** The project of the vendor's printed cases. */
export const project = 'b384b9e9ab9b4ee8994c8633aabc9505';
const ann = { name: 'ann', role: 'operator', password: 'Lantern44' };
const vic = { name: 'vic', role: 'viewer', password: 'Halyard55' };

/** A call of the API below the project, and what came. */
export type DataArtsCall = (
  method: string,
  path: string,
  body?: string | object | Uint8Array,
  headers?: Readonly<Record<string, string>>,
) => Promise<Response>;

/** Calls by a token of ann's: an object is sent as JSON, a text as the JSON that it is, bytes as a zip. */
export async function signIn(origin: string): Promise<DataArtsCall> {
  const password = { user: { name: ann.name, password: ann.password, domain: { name: 'tide' } } };
  const auth = { identity: { methods: ['password'], password }, scope: { project: { id: project } } };
  const answer = await fetch(`${origin}/v3/auth/tokens`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ auth }),
  });
  const token = answer.headers.get('x-subject-token') ?? assert.fail(await answer.text());
  return (method, where, body, headers = {}) => {
    const type = body instanceof Uint8Array ? 'application/zip' : 'application/json';
    return fetch(`${origin}/v1/${project}${where}`, {
      method,
      headers: {
        'x-auth-token': token,
        ...(body === undefined ? {} : { 'content-type': type }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: bytesOf(body) }),
    });
  };
}

const bytesOf = (body: string | object | Uint8Array): Uint8Array<ArrayBuffer> =>
  body instanceof Uint8Array
    ? Uint8Array.from(body)
    : Uint8Array.from(Buffer.from(typeof body === 'string' ? body : JSON.stringify(body)));

/** The service with a database `tide`, a workspace and its users. */
export async function startDataArts(flags: TestAppOptions['flags'] = {}): Promise<TestApp> {
  const app = await startApp({ users: [ann, vic], flags: { dataartsProjectId: project, ...flags } });
  try {
    const file = path.join(app.data, 'tide.db');
    const database = new Database(file);
    database.exec('CREATE TABLE trip (id INTEGER PRIMARY KEY, name TEXT);');
    database.close();
    await app.json({
      method: 'POST',
      path: '/api/v1/databases',
      body: { name: 'tide', url: `sqlite:${file}` },
    });
    await app.json({ method: 'POST', path: '/api/v1/workspaces', body: { name: 'main' } });
    return app;
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
}

/** What the transcripts are played on: the jobs of the printed cases, and buckets that are folders. */
export async function dataArtsStage(): Promise<TestApp & Stage> {
  const app = await startDataArts();
  try {
    const call = await signIn(app.origin);
    for (const [where, body] of things) {
      const answer = await call('POST', where, body);
      assert.ok(answer.ok, `${where}: ${await answer.text()}`);
    }
    for (const bucket of ['dataarts-test', 'aaaaa', 'only-to-read']) {
      const folder = path.join(app.data, bucket);
      await mkdir(folder);
      const directory = { name: bucket, path: folder, read_only: bucket === 'only-to-read' };
      await app.json({ method: 'POST', path: '/api/v1/directories', body: directory });
    }
    await writeFile(path.join(app.data, 'aaaaa', 'DLF_myJob.zip'), printedFile);
    await writeFile(path.join(app.data, 'aaaaa', 'no-zip.txt'), 'no zip');
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
  return Object.assign(app, {
    authorization: basic(ann),
    values: { viewer: basic(vic), folder: app.data },
    headers: ['Content-Disposition'],
    bytes: listing,
    numbered: { moment: /_exported\/(\d{13})"/g, task: /"(?:taskId|id)": "(0{7}[0-9a-f]{25})"/g },
    volatile: [
      [/("request_id": )"[\w-]{22}"/g, '$1"{request}"'],
      [/("(?:\w*Time|lastUpdate)": )\d{13}\b/g, '$1{time}'],
      [/("id": )"[0-9a-f]{32}"/g, '$1"{id}"'],
    ] as const,
  });
}

const once = { type: 'EXECUTE_ONCE' };
const script = (name: string): object => ({ name, type: 'RDSSQL', content: `SELECT '${name}';` });
const sqlNode = (name: string, scriptName: string): object => ({
  name,
  type: 'RDSSQL',
  location: { x: '-45.5', y: '-134.5' },
  properties: [
    { name: 'scriptName', value: scriptName },
    { name: 'connectionName', value: 'tide_pg' },
  ],
});
const job = (name: string, more: object = {}): object => ({
  name,
  nodes: [sqlNode('load', 'CS_PROCESS_TRIP')],
  schedule: once,
  processType: 'BATCH',
  ...more,
});

/** In the order in which they are made. */
const things: readonly (readonly [string, object])[] = [
  ['/connections', { name: 'tide_pg', type: 'RDS', database: 'tide', config: { password: 'hush' } }],
  ['/scripts', script('CS_PROCESS_TRIP')],
  ['/scripts', script('TRIP_RAW_STANDARD')],
  ['/resources', { name: 'trips.jar', type: 'jar', location: 'obs://b/trips.jar' }],
  [
    '/jobs',
    job('myJob', {
      nodes: [sqlNode('process', 'CS_PROCESS_TRIP'), sqlNode('standard', 'TRIP_RAW_STANDARD')],
      targetStatus: 'SUBMITTED',
    }),
  ],
  [
    '/jobs',
    job('job_6278', {
      nodes: [
        {
          name: 'spark',
          type: 'DLISpark',
          location: { x: 1, y: 2 },
          properties: [{ name: 'resources', value: 'trips.jar' }],
        },
      ],
    }),
  ],
  ['/jobs', job('draft_only', { nodes: [{ name: 'sh', type: 'Shell', location: {}, properties: [] }] })],
  ['/jobs', job('no_nodes', { nodes: [] })],
  ['/jobs', job('real_time', { processType: 'REAL_TIME' })],
  ['/jobs', job('by_event', { schedule: { type: 'EVENT', event: { eventType: 'KAFKA' } } })],
  ['/jobs', job('订单')],
];

/** The file of the printed case P4. */
const printedFile = zipBytes([
  {
    name: 'jobs/test.job',
    content: JSON.stringify({
      name: 'test',
      directory: '/test',
      nodes: [sqlNode('load', 'script1')],
      schedule: once,
      processType: 'BATCH',
      params: [{ name: 'ddd', value: 'dddd' }],
      maskedParams: [],
    }),
  },
  {
    name: 'scripts/script1.script',
    content: JSON.stringify({ name: 'script1', type: 'RDSSQL', content: 'SELECT 1;', directory: '/path1' }),
  },
]);

const run = promisify(execFile);

/** The names of the files in a zip, one a line, as `unzip` reads them; as a library does where that is not installed. */
export async function listing(bytes: Uint8Array): Promise<string> {
  const names = [];
  for await (const entry of (await fromBufferPromise(Buffer.from(bytes))).eachEntry())
    names.push(entry.fileName);
  const told = await unzipNames(bytes);
  if (told !== null) assert.deepEqual(told, names);
  return names.join('\n');
}

/** Null: there is no `unzip` here. It tests what it lists. */
async function unzipNames(bytes: Uint8Array): Promise<readonly string[] | null> {
  const folder = await mkdtemp(path.join(tmpdir(), 'pumphouse-unzip-'));
  const env = { ...process.env, LC_ALL: 'C.UTF-8' };
  try {
    const file = path.join(folder, 'file.zip');
    await writeFile(file, bytes);
    await run('unzip', ['-tqq', file], { env });
    const { stdout } = await run('unzip', ['-l', file], { env });
    return [...stdout.matchAll(/^ +\d+ +\d{4}-\d\d-\d\d \d\d:\d\d +(.+)$/gm)].map(([, name = '']) => name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw error;
  } finally {
    await rm(folder, { recursive: true });
  }
}
