import assert from 'node:assert/strict';
import { randomBytes, randomUUID } from 'node:crypto';
import { after, before, describe, it } from 'node:test';
import { AppError } from '../../src/core/errors.ts';
import { startApp, type TestApp } from '../harness/app.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { until } from '../harness/shared-jobs.ts';

interface Status {
  readonly instances: readonly { readonly name: string; readonly url: string | null }[];
}

describe('two instances on one store', { timeout: 120_000 }, () => {
  let server: PostgresServer;
  let one: TestApp;
  let other: TestApp;
  const walletKey = randomBytes(32).toString('base64');
  const start = (instance: string, key = walletKey): Promise<TestApp> =>
    startApp({
      flags: { instance, workers: '2' },
      environment: { PUMPHOUSE_STORE: server.url('store'), PUMPHOUSE_WALLET_KEY: key },
    });
  const post = <T>(app: TestApp, path: string, body: unknown): Promise<T> =>
    app.json<T>({ method: 'POST', path: `/api/v1${path}`, body });

  before(async () => {
    server = await startPostgres();
    await server.createDatabase('store');
    await server.createDatabase('shop');
    await server.query('shop', 'CREATE TABLE items AS SELECT g AS id FROM generate_series(1, 500) g');
    [one, other] = await Promise.all([start('one'), start('other')]);
    await post(one, '/databases', { name: 'shop', url: server.url('shop') });
  });
  after(async () => {
    await Promise.all([one[Symbol.asyncDispose](), other[Symbol.asyncDispose]()]);
    await server[Symbol.asyncDispose]();
  });

  it('know each other by name and address', async () => {
    for (const app of [one, other]) {
      const names = new Map<string, string | null>();
      await until(async () => {
        const { instances } = await app.json<Status>({ method: 'GET', path: '/api/v1/status' });
        for (const { name, url } of instances) names.set(name, url);
        return names.get('one') !== null && names.get('other') !== null && names.size === 2;
      });
      assert.deepEqual([names.get('one'), names.get('other')], [one.origin, other.origin]);
    }
  });

  it("do each other's jobs, with credentials that one of them has sealed", async () => {
    await using place = await startApp();
    await post(one, '/directories', { name: 'dumps', path: place.dumps, shared: true });
    const body = { kind: 'export', database: 'shop', mode: 'full', directory: 'dumps' };
    for (const app of [one, other, one, other]) {
      const job = await app.settled((await post<{ id: string }>(app, '/jobs', body)).id);
      assert.equal(job.state, 'completed', JSON.stringify(job.error));
      assert.equal(job.result?.rows, 500);
    }
  });

  it('give one job for one idempotency key, and know the entity tags of each other', async () => {
    await using place = await startApp();
    await post(one, '/directories', { name: 'estimates', path: place.dumps, shared: true });
    const body = { kind: 'export', database: 'shop', mode: 'full', estimate: true, directory: 'estimates' };
    const headers = { 'idempotency-key': randomUUID() };
    const answers = await Promise.all(
      [one, other, one, other].map((app) =>
        app.call({ method: 'POST', path: '/api/v1/jobs', body, headers }),
      ),
    );
    assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 200, 200, 201]);
    const ids = new Set(answers.map((answer) => (JSON.parse(answer.body) as { readonly id: string }).id));
    assert.equal(ids.size, 1);

    const [id = ''] = ids;
    const path = `/api/v1/jobs/${id}`;
    assert.equal((await one.settled(id)).state, 'completed');
    const tag = String((await one.call({ method: 'GET', path })).headers.etag);
    const seen = await other.call({ method: 'GET', path, headers: { 'if-none-match': tag } });
    assert.deepEqual([seen.status, seen.headers.etag], [304, tag]);
    const created = answers.find(({ status }) => status === 201);
    const stale = { 'if-match': String(created?.headers.etag) };
    const refused = await other.call({ method: 'POST', path: `${path}/stop`, headers: stale });
    assert.equal(refused.status, 412);
  });

  it('have no directory that is of one machine, and say what to do about it', async () => {
    const answer = await one.call({
      method: 'POST',
      path: '/api/v1/jobs',
      body: { kind: 'export', database: 'shop', mode: 'full' },
    });
    assert.equal(answer.status, 404);
    const { hint } = JSON.parse(answer.body) as { readonly hint: string };
    assert.match(hint, /pumphouse directory add DATA_PUMP_DIR PATH;.* --shared/);
  });

  it('refuse one with another wallet key', async () => {
    await assert.rejects(
      start('third', randomBytes(32).toString('base64')),
      (error) => error instanceof AppError && error.code === 'wallet-mismatch',
    );
  });
});
