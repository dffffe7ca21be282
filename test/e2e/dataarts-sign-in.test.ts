import assert from 'node:assert/strict';
import { after, before, beforeEach, describe, it } from 'node:test';
import { AKSKSigner } from '@huaweicloud/huaweicloud-sdk-core/auth/AKSKSigner.js';
import { BasicCredentials } from '@huaweicloud/huaweicloud-sdk-core/auth/BasicCredentials.js';
import { createDataArtsApi } from '../../src/apis/dataarts/dataarts-api.ts';
import { localAdministrator } from '../../src/core/permission.ts';
import { createHttpServer, type HttpServer } from '../../src/http/server.ts';
import { openServiceFixture, type ServiceFixture } from '../harness/service-fixture.ts';

/* Signed requests and tokens, with a clock that can be moved. Signatures are made by the vendor's own signer. */

const project = '5b7d1f0c2a9e4c6d8f30a1b2c3d4e5f6';
const host = 'dayu-dlf.pump.example.net';
const minute = 60_000;
const start = Date.UTC(2026, 1, 14, 9, 30, 7);
/** The key of the contract's test vector. */
const known = { id: 'PHEXAMPLEAK000000001', secret: 'phExampleSecretKey/0123456789abcdefABCDEF' };

interface Key {
  readonly id: string;
  readonly secret: string;
}
interface Sent {
  readonly method: 'GET' | 'POST' | 'PUT';
  readonly path: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly body?: object;
}

let fixture: ServiceFixture;
let server: HttpServer;
before(async () => {
  fixture = await openServiceFixture();
  const { service, dependencies } = fixture;
  fixture.now = start;
  const clock = { now: () => fixture.now };
  const api = createDataArtsApi({ service, version: '1', projectId: project, clock });
  server = createHttpServer({ apis: [api], service, log: dependencies.log });
  const admin = fixture.as(localAdministrator);
  await service.addUser(admin, { name: 'ann', role: 'operator', password: 'Lantern44' });
  await service.addWorkspace(admin, 'main');
  const sealedSecret = dependencies.wallet.seal(known.secret);
  await dependencies.accessKeys.addAccessKey({ id: known.id, user: 'ann', sealedSecret });
});
beforeEach(() => {
  fixture.now = start;
});
after(async () => {
  await server.close(0);
  await fixture[Symbol.asyncDispose]();
});

/** The headers that the vendor's signer gives a request, made at a time. */
function signed({ method, path, query = {}, body }: Sent, key: Key, at = start): Record<string, string> {
  const credentials = new BasicCredentials().withAk(key.id).withSk(key.secret).withProjectId(project);
  const date = new Date(at).toISOString().replaceAll(/[-:]|\.\d+/g, '');
  const request = {
    endpoint: `https://${host}/v1/${project}${path}`,
    method,
    queryParams: query,
    headers: {
      'X-Sdk-Date': date,
      workspace: 'main',
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
    },
    ...(body === undefined ? {} : { data: body }),
  };
  return AKSKSigner.sign(request as never, credentials) as Record<string, string>;
}

async function send(sent: Sent, headers: Readonly<Record<string, string>>) {
  const answer = await server.inject({
    method: sent.method,
    url: `/v1/${project}${sent.path}?${new URLSearchParams(sent.query)}`.replace(/\?$/, ''),
    headers,
    ...(sent.body === undefined ? {} : { payload: JSON.stringify(sent.body) }),
  });
  return { status: answer.statusCode, body: answer.body === '' ? null : answer.json() };
}

function assertRefused({ status, body }: Awaited<ReturnType<typeof send>>, words: RegExp): void {
  assert.equal(status, 401);
  assert.deepEqual(Object.keys(body), ['error_code', 'error_msg', 'request_id']);
  assert.equal(body.error_code, 'APIGW.0301');
  assert.match(body.error_msg, words);
}

describe('requests that are signed with an access key', () => {
  const exporting: Sent = {
    method: 'POST',
    path: '/jobs/nightly_orders/export',
    body: { exportDepend: false, exportStatus: 'DEVELOP' },
  };
  /** Past the door: the job is not there. */
  const passed = { status: 400, body: { error_code: 'DLF.0100', error_msg: 'The job does not exists.' } };

  it('the vector of the contract is what the signer of the vendor makes, and is let in', async () => {
    const headers = {
      'content-type': 'application/json',
      host,
      workspace: '0f1e2d3c4b5a69788796a5b4c3d2e1f0',
      'x-sdk-date': '20260214T093007Z',
    };
    const signature = '27277be54dc561f523e1b9ce88bf2ea2d2bdfa36da02c835045b7ecacc8fc25d';
    const own = AKSKSigner.sign(
      {
        endpoint: `https://${host}/v1/${project}/jobs/nightly_orders/export`,
        method: 'POST',
        headers: {
          'content-type': headers['content-type'],
          workspace: headers.workspace,
          'X-Sdk-Date': headers['x-sdk-date'],
        },
        queryParams: {},
        data: exporting.body,
      } as never,
      new BasicCredentials().withAk(known.id).withSk(known.secret) as never,
    ) as Record<string, string>;
    const authorization = `SDK-HMAC-SHA256 Access=${known.id}, SignedHeaders=content-type;host;workspace;x-sdk-date, Signature=${signature}`;
    assert.equal(own.Authorization, authorization);
    const { status, body } = await send(exporting, { ...headers, authorization });
    assert.deepEqual([status, body.error_code], [400, 'DLF.0819']);
  });

  it('come in with queries, odd names and no body', async () => {
    const key = await fixture.service.addAccessKey(fixture.as(localAdministrator), 'ann');
    assert.deepEqual(await send(exporting, signed(exporting, key)), passed);
    const job = { name: '订单 1', nodes: [], schedule: { type: 'EXECUTE_ONCE' }, processType: 'BATCH' };
    const others: readonly (readonly [Sent, number])[] = [
      [{ method: 'GET', path: '/jobs' }, 200],
      [{ method: 'GET', path: '/jobs', query: { limit: '5', jobName: 'a b*ä+1', offset: '0' } }, 200],
      [{ method: 'GET', path: `/jobs/${encodeURIComponent('a b(x)!~')}` }, 400],
      [{ method: 'POST', path: '/jobs', body: { ...job, name: '订单' } }, 204],
      [{ method: 'GET', path: `/jobs/${encodeURIComponent('订单')}` }, 200],
      [{ method: 'PUT', path: '/jobs/%E8%AE%A2%E5%8D%95', body: { ...job, name: '订单', a: 'ä"' } }, 204],
      [{ method: 'POST', path: '/jobs/%E8%AE%A2%E5%8D%95/stop' }, 204],
    ];
    for (const [sent, status] of others)
      assert.equal((await send(sent, signed(sent, key))).status, status, sent.path);
  });

  it('stay outside with a wrong secret, or a key that there is not', async () => {
    const words = /key|signature/i;
    assertRefused(await send(exporting, signed(exporting, { ...known, secret: 'wrong' })), words);
    assertRefused(await send(exporting, signed(exporting, { ...known, id: 'PHEXAMPLEAK000000002' })), words);
  });

  it('stay outside with a clock that is off by more than 15 minutes', async () => {
    for (const off of [-15 * minute, 15 * minute])
      assert.deepEqual(await send(exporting, signed(exporting, known, start + off)), passed);
    for (const off of [-15 * minute - 1000, 15 * minute + 1000])
      assertRefused(await send(exporting, signed(exporting, known, start + off)), /15 minutes/);
  });

  it('stay outside when the signature was made for another request', async () => {
    const headers = signed(exporting, known);
    const words = /signature|key/i;
    assertRefused(await send({ ...exporting, body: { exportStatus: 'SUBMIT' } }, headers), words);
    assertRefused(await send({ ...exporting, path: '/jobs/other/export' }, headers), words);
    assertRefused(await send({ ...exporting, query: { a: '1' } }, headers), words);
    assertRefused(await send(exporting, { ...headers, workspace: 'other' }), words);
    assertRefused(await send({ method: 'GET', path: '/jobs' }, headers), words);
    assert.deepEqual(await send(exporting, headers), passed);
  });

  it('stay outside once their key, or its user, is gone', async () => {
    const { service } = fixture;
    const admin = fixture.as(localAdministrator);
    await service.addUser(admin, { name: 'bob', role: 'viewer', password: 'Halyard55' });
    const [one, two] = [await service.addAccessKey(admin, 'bob'), await service.addAccessKey(admin, 'bob')];
    const listing: Sent = { method: 'GET', path: '/jobs' };
    assert.equal((await send(listing, signed(listing, one))).status, 200);
    await service.removeAccessKey(admin, one.id);
    assertRefused(await send(listing, signed(listing, one)), /key|signature/i);
    assert.equal((await send(listing, signed(listing, two))).status, 200);
    await service.removeUser(admin, 'bob');
    assertRefused(await send(listing, signed(listing, two)), /key|signature/i);
  });
});

describe('tokens', () => {
  const day = 24 * 60 * minute;
  const identity = (password = 'Lantern44') => ({
    methods: ['password'],
    password: { user: { name: 'ann', password, domain: { name: 'tide' } } },
  });
  const ask = (auth: object) =>
    server.inject({
      method: 'POST',
      url: '/v3/auth/tokens',
      headers: { 'content-type': 'application/json' },
      payload: { auth },
    });
  const list = (token: string) => send({ method: 'GET', path: '/jobs' }, { 'x-auth-token': token });

  it('are given for a project, and are good for a day', async () => {
    for (const scope of [{ project: { id: project } }, { project: { name: 'tide' } }]) {
      fixture.now = start;
      const answer = await ask({ identity: identity(), scope });
      assert.equal(answer.statusCode, 201);
      const token = String(answer.headers['x-subject-token']);
      const { issued_at, expires_at, user } = answer.json().token;
      assert.deepEqual(
        [issued_at, expires_at],
        ['2026-02-14T09:30:07.000000Z', '2026-02-15T09:30:07.000000Z'],
      );
      assert.equal(user.name, 'ann');
      assert.ok(!answer.body.includes(token), 'the token is in the header alone');
      assert.equal((await list(token)).status, 200);
      fixture.now = start + day - 1000;
      assert.equal((await list(token)).status, 200);
      fixture.now = start + day + 1000;
      assertRefused(await list(token), /token/);
    }
  });

  it('are not given for a domain, another project, or a wrong password', async () => {
    const refusal = async (auth: object) => {
      const answer = await ask(auth);
      assert.equal(answer.headers['x-subject-token'], undefined);
      return [answer.statusCode, answer.json().error_code];
    };
    const scope = { project: { id: project } };
    for (const other of [undefined, {}, { domain: { name: 'tide' } }, { project: { id: '0'.repeat(32) } }])
      assert.deepEqual(await refusal({ identity: identity(), scope: other }), [403, 'APIGW.0302']);
    assert.deepEqual(await refusal({ identity: identity('wrong'), scope }), [401, 'APIGW.0301']);
    for (const wrong of [
      {},
      { methods: ['token'] },
      { ...identity(), methods: [] },
      { methods: ['password'], password: { user: {} } },
    ])
      assert.deepEqual(await refusal({ identity: wrong, scope }), [400, 'DLF.3051']);
  });

  it('of another API, and changed ones, are none', async () => {
    const { service } = fixture;
    const ann = { name: 'ann', role: 'operator', databases: [] } as const;
    const other = await service.issueToken(fixture.as(ann), { api: 'redis-enterprise', ttlSeconds: 60 });
    assertRefused(await list(other), /token/);
    for (const token of ['', 'x', `${other}x`]) assertRefused(await list(token), /./);
  });
});
