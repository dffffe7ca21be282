import assert from 'node:assert/strict';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js';
import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core/auth/BasicCredentials.js';
import Database from 'better-sqlite3';
import { startApp, type TestApp } from '../harness/app.ts';
import { type Balancer, startBalancer } from '../harness/nginx-balancer.ts';
import { basic } from '../harness/transcript.ts';

/* What every API says about its own addresses, through NGINX with TLS and a prefix, and to somebody who only claims to be such a proxy. */

const ann = { name: 'ann', role: 'administrator', password: 'Lantern44' };
const project = 'b384b9e9ab9b4ee8994c8633aabc9505';
const instances = '/paas/service/dbcs/api/v1.1/instances/quay';
const dataPump = '/ords/tide/_/db-api/stable/database/datapump';
const prefix = '/dumps';

/** One request; `links`: how many addresses its answer has at least. `{job}`: the id of an export that has completed, `{backup}` the number of a backup. */
interface Row {
  readonly path: string;
  readonly method?: 'POST';
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly links: number;
}

const rows: readonly Row[] = [
  { path: '/api/v1/', links: 12 },
  { path: '/openapi.json', links: 1 },
  { path: '/api/v1/jobs', links: 5 },
  { path: '/api/v1/jobs/{job}', links: 5 },
  { path: '/api/v1/jobs/{job}/files', links: 1 },
  { path: '/api/v1/jobs/{job}/events', links: 5 },
  { path: '/api/v1/jobs', method: 'POST', body: { kind: 'export', database: 'tide' }, links: 6 },
  { path: '/api/v1/workspaces', method: 'POST', body: { name: 'w{turn}' }, links: 1 },
  { path: '/ords/', links: 1 },
  { path: '/ords', links: 1 },
  { path: '/ords/_/landing', links: 1 },
  { path: '/ords/_/db-api/stable/metadata-catalog/', links: 3 },
  { path: '/ords/tide/_/db-api/latest/metadata-catalog/openapi.json', links: 1 },
  { path: `${dataPump}/export`, method: 'POST', body: { datapump_dir: 'DATA_PUMP_DIR' }, links: 4 },
  { path: `${dataPump}/export`, method: 'POST', body: { datapump_dir: 'DATA_PUMP_DIR' }, links: 4 },
  { path: `${dataPump}/export`, method: 'POST', body: { datapump_dir: 'DATA_PUMP_DIR' }, links: 4 },
  { path: `${dataPump}/jobs/?limit=1&offset=1`, links: 4 },
  { path: '/v1/openapi.json', links: 1 },
  { path: '/dataarts/openapi.json', links: 1 },
  {
    path: `${instances}/tide/backups`,
    method: 'POST',
    body: {},
    headers: { 'x-id-tenant-name': 'quay' },
    links: 2,
  },
  { path: `${instances}/status/backup/job/{backup}`, headers: { 'x-id-tenant-name': 'quay' }, links: 1 },
];

/** Those that change nothing. */
const reading = rows.filter(({ method }) => method === undefined);

/** Header fields with an address in them. */
const linkHeaders = ['location', 'content-location', 'link', 'service-uri'];
/** Where our addresses begin, seen from inside. */
const ours = /^\/(?:api\/v1|ords|paas|v1|v2|v3|openapi\.json|dataarts)(?:\/|$)/;

/** Every address in an answer: in its headers, and the texts of its body that are one. */
function addressesOf(answer: Response, body: string): readonly string[] {
  const isPage = answer.headers.get('content-type')?.startsWith('text/') === true;
  const texts = isPage ? [...body.matchAll(/"([^"]*)"/g)].map(([, text = '']) => text) : stringsOf(body);
  return [
    ...linkHeaders.flatMap((name) => answer.headers.get(name) ?? []),
    ...texts.filter((text) => /^https?:/.test(text) || ours.test(text) || text.startsWith(`${prefix}/`)),
    ...(texts.includes(prefix) ? [`${prefix}/`] : []),
    ...(texts.includes('/') ? ['/'] : []),
  ];
}

/** Of a description only where its API is: it has examples of everything. */
function stringsOf(body: string): readonly string[] {
  if (body === '') return [];
  const { openapi, servers, ...rest } = JSON.parse(body);
  const found: string[] = [];
  JSON.stringify(openapi === undefined ? { servers, ...rest } : servers, (_key, value: unknown) => {
    if (typeof value === 'string') found.push(value);
    return value;
  });
  return found;
}

/** What the requests of the table are about. */
interface Stage {
  readonly app: TestApp;
  readonly job: string;
  readonly backup: string;
}

async function startStage(flags: Readonly<Record<string, string>>): Promise<Stage> {
  const app = await startApp({
    users: [ann],
    flags: {
      defaultDatabase: 'tide',
      dbcsIdentityDomain: 'quay',
      dataartsProjectId: project,
      dbcsPort: '0',
      redisEnterprisePort: '0',
      ...flags,
    },
  });
  try {
    return await furnish(app);
  } catch (error) {
    await app[Symbol.asyncDispose]();
    throw error;
  }
}

async function furnish(app: TestApp): Promise<Stage> {
  const file = path.join(app.data, 'tide.db');
  const database = new Database(file);
  database.exec('CREATE TABLE trip (id INTEGER PRIMARY KEY)');
  database.close();
  await app.json({
    method: 'POST',
    path: '/api/v1/databases',
    body: { name: 'tide', url: `sqlite:${file}` },
  });
  await app.json({
    method: 'PUT',
    path: '/api/v1/databases/tide/backup-policy',
    body: { directory: 'DATA_PUMP_DIR' },
  });
  const start = async (body: object): Promise<string> => {
    const { id } = await app.json<{ id: string }>({ method: 'POST', path: '/api/v1/jobs', body });
    await app.settled(id);
    return id;
  };
  const job = await start({ kind: 'export', database: 'tide' });
  const started = await fetch(`${app.origin}${instances}/tide/backups`, {
    method: 'POST',
    headers: {
      authorization: basic(ann),
      'content-type': 'application/json',
      'x-id-tenant-name': 'quay',
    },
    body: '{}',
  });
  const backup = started.headers.get('location')?.split('/').at(-1) ?? assert.fail(await started.text());
  return { app, job, backup };
}

/** Waits until nothing runs: a database has one backup at a time. */
async function untilQuiet(app: TestApp): Promise<void> {
  const { items } = await app.json<{ items: readonly { id: string }[] }>({
    method: 'GET',
    path: '/api/v1/jobs',
  });
  await Promise.all(items.map(({ id }) => app.settled(id)));
}

let turn = 0;
/** Asks, and holds the addresses in the answers to where they have to begin. */
async function askAll(
  stage: Stage,
  asking: readonly Row[],
  asked: { readonly url: string; readonly headers?: Readonly<Record<string, string>> },
  base: string,
): Promise<void> {
  const { job, backup } = stage;
  for (const row of asking) {
    turn += 1;
    if (row.path.endsWith('/backups')) await untilQuiet(stage.app);
    const filled = (text: string): string =>
      text.replace('{job}', job).replace('{backup}', backup).replace('{turn}', String(turn));
    const answer = await fetch(asked.url + filled(row.path), {
      method: row.method ?? 'GET',
      redirect: 'manual',
      headers: {
        authorization: basic(ann),
        ...row.headers,
        ...asked.headers,
        ...(row.body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(row.body === undefined ? {} : { body: filled(JSON.stringify(row.body)) }),
    });
    const text = await answer.text();
    const isStream = row.path.endsWith('/events');
    const body = isStream ? (/^event: job\n(?:id: .*\n)?data: (.*)$/m.exec(text)?.[1] ?? '') : text;
    const said = `${row.method ?? 'GET'} ${row.path}: ${answer.status} ${text.slice(0, 500)}`;
    assert.ok(answer.status < 400, said);
    const addresses = addressesOf(answer, body);
    assert.ok(addresses.length >= row.links, `${addresses.length} addresses in ${said}`);
    for (const address of addresses) {
      // As a client takes what has no host: against the address that it asked.
      const { href } = new URL(address, asked.url);
      assert.ok(href.startsWith(`${base}/`), `${address} in ${said}`);
    }
  }
}

const portOf = (url: string): number => Number(new URL(url).port);

describe('links through a proxy with TLS and a prefix', () => {
  let stage: Stage;
  let balancer: Balancer;
  before(async () => {
    stage = await startStage({ trustedProxies: '127.0.0.1' });
    const ownPort = (api: string): number =>
      portOf(
        stage.app.ownPorts.find(({ title }) => title.toLowerCase().startsWith(api))?.url ?? assert.fail(api),
      );
    balancer = await startBalancer({
      upstreams: [portOf(stage.app.origin)],
      redisEnterprise: [ownPort('redis enterprise')],
      dbcs: [ownPort('dbcs')],
      prefix,
    });
  });
  after(async () => {
    await balancer?.[Symbol.asyncDispose]();
    await stage?.app[Symbol.asyncDispose]();
  });

  it('begin with what is seen outside, in every API', () =>
    askAll(stage, rows, { url: balancer.url }, balancer.url));

  it('lead there', async () => {
    const first = await fetch(`${balancer.url}/ords`);
    assert.deepEqual([first.status, first.url], [200, `${balancer.url}/ords/_/landing`]);
    const list = await fetch(`${balancer.url}${dataPump}/jobs/?limit=1`, {
      headers: { authorization: basic(ann) },
    });
    const { links } = (await list.json()) as { links: readonly { rel: string; href: string }[] };
    const next = links.find(({ rel }) => rel === 'next')?.href ?? assert.fail('no next page');
    assert.equal((await fetch(next, { headers: { authorization: basic(ann) } })).status, 200);
  });

  it('are those of the port where an API has one of its own', async () => {
    const { dbcs, redisEnterprise } = balancer.ownPorts;
    const answer = await fetch(`${dbcs}${instances}/status/backup/job/${stage.backup}`, {
      headers: { authorization: basic(ann), 'x-id-tenant-name': 'quay' },
    });
    const { 'service-uri': uri } = (await answer.json()) as Readonly<Record<string, string>>;
    assert.equal(uri, `${dbcs}${instances}/tide`);
    assert.equal((await fetch(`${redisEnterprise}/v1/openapi.json`)).status, 200);
    assert.equal((await fetch(`${redisEnterprise}/api/v1/`)).status, 404);
  });

  it('what is escaped in an address stays so, and a signature over the address outside is right', async () => {
    const key = await stage.app.json<{ id: string; secret: string }>({
      method: 'POST',
      path: '/api/v1/users/ann/access-keys',
    });
    const odd = await fetch(`${balancer.url}/api/v1/jobs/a%2Fb%20c`, {
      headers: { authorization: basic(ann) },
    });
    assert.match(await odd.text(), /a\/b c/);
    await stage.app.json({ method: 'POST', path: '/api/v1/workspaces', body: { name: 'main' } });
    const endpoint = `${balancer.url}/v1/${project}/jobs`;
    const headers = AKSKSigner.sign(
      { endpoint, method: 'GET', headers: { workspace: 'main' }, queryParams: {} } as never,
      new BasicCredentials().withAk(key.id).withSk(key.secret).withProjectId(project),
    ) as Record<string, string>;
    const { host: _own, ...sent } = Object.fromEntries(
      Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]),
    );
    const answer = await fetch(endpoint, { headers: sent });
    assert.equal(answer.status, 200, await answer.text());
  });

  it('what clients send under the names that a proxy sends under is replaced', () =>
    askAll(
      stage,
      reading,
      {
        url: balancer.url,
        headers: {
          'x-forwarded-host': 'evil.example.net',
          'x-forwarded-proto': 'http',
          'x-forwarded-prefix': '/evil',
          'x-forwarded-port': '666',
          forwarded: 'host=evil.example.net;proto=http',
        },
      },
      balancer.url,
    ));
});

describe('somebody who is not trusted', () => {
  it('changes no link', async () => {
    const stage = await startStage({ trustedProxies: '192.0.2.1' });
    try {
      await askAll(
        stage,
        reading,
        {
          url: stage.app.origin,
          headers: {
            'x-forwarded-host': 'evil.example.net',
            'x-forwarded-proto': 'https',
            'x-forwarded-prefix': '/evil',
            'x-forwarded-port': '666',
            forwarded: 'host=evil.example.net;proto=https',
          },
        },
        stage.app.origin,
      );
    } finally {
      await stage.app[Symbol.asyncDispose]();
    }
  });
});
