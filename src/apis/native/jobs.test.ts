import assert from 'node:assert/strict';
import { randomUUID } from 'node:crypto';
import test, { after, before } from 'node:test';
import { type NativeFixture, openNativeFixture } from '../../../test/harness/native-fixture.ts';
import type { JobView } from './job-view.ts';

let fixture: NativeFixture;
before(async () => {
  fixture = await openNativeFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const post = (url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
  fixture.call({ method: 'POST', url, headers, ...(body === undefined ? {} : { body }) });

async function start(more: Readonly<Record<string, unknown>> = {}): Promise<JobView> {
  fixture.now += 1000;
  const answer = await post('/api/v1/jobs', { kind: 'export', database: 'orders', ...more });
  assert.equal(answer.statusCode, 201, answer.body);
  return answer.json();
}

test('a start answers 201 with the job, its address and its tag', async () => {
  const answer = await post('/api/v1/jobs', {
    kind: 'export',
    database: 'orders',
    mode: 'table',
    name_expressions: ["= 'line'"],
    directory: 'DATA_PUMP_DIR',
    file_pattern: 'LINE%U.DMP',
    encoding: 'text',
    threads: 1_000_000_000,
  });
  assert.equal(answer.statusCode, 201, answer.body);
  const job: JobView = answer.json();
  assert.equal(answer.headers.location, `/api/v1/jobs/${job.id}`);
  assert.equal(job.state, 'queued');
  assert.equal(job.api, 'native');
  assert.equal(job.threads, 16);
  const { mode, name_expressions, directory, file_pattern, encoding } = job.request;
  assert.deepEqual(
    { mode, name_expressions, directory, file_pattern, encoding },
    {
      mode: 'table',
      name_expressions: ["= 'line'"],
      directory: 'DATA_PUMP_DIR',
      file_pattern: 'LINE%U.DMP',
      encoding: 'text',
    },
  );
  assert.equal(job.links.report, null);
  assert.equal(job.progress.percent, 0);
  assert.equal(job.created_at, new Date(fixture.now).toISOString());
  const shown = await fixture.call(job.links.self);
  assert.deepEqual(shown.json(), job);
  assert.equal(shown.headers.etag, answer.headers.etag);
});

test('a mail is asked for, and the log tells when none will come', async () => {
  for (const [mail, told] of [
    [true, 1],
    [false, 0],
  ] as const) {
    const { links } = await start({ mail, estimate: true });
    const { body } = await fixture.call(links.log);
    assert.equal(body.split('No mail will tell how the job ends').length - 1, told);
  }
});

test('an idempotency key gives the same job again, and only for the same request', async () => {
  const key = { 'idempotency-key': randomUUID() };
  fixture.now += 1000;
  const body = { kind: 'export', database: 'orders', mode: 'full' };
  const first = await post('/api/v1/jobs', body, key);
  assert.equal(first.statusCode, 201, first.body);
  assert.equal(first.headers['idempotency-replayed'], undefined);
  const again = await post('/api/v1/jobs', body, key);
  assert.equal(again.statusCode, 200, again.body);
  assert.equal(again.headers['idempotency-replayed'], 'true');
  assert.equal(again.headers.location, first.headers.location);
  assert.equal(again.json().id, first.json().id);
  const other = await post('/api/v1/jobs', { ...body, threads: 2 }, key);
  assert.equal(other.statusCode, 409);
  assert.equal(other.json().code, 'idempotency-mismatch');
  const malformed = await post('/api/v1/jobs', body, { 'idempotency-key': 'a b' });
  assert.equal(malformed.json().field, 'Idempotency-Key');
});

test('a job that has not changed answers 304; changes hold to If-Match', async () => {
  const job = await start();
  const { etag } = (await fixture.call(job.links.self)).headers as { etag: string };
  assert.match(etag, /^"[\w+/]{86}=="$/);
  const seen = await fixture.call({ url: job.links.self, headers: { 'if-none-match': etag } });
  assert.equal(seen.statusCode, 304);

  const stopped = await post(`${job.links.self}/stop`, undefined, { 'if-match': etag });
  assert.equal(stopped.statusCode, 200, stopped.body);
  assert.equal(stopped.json().state, 'stopped');
  const stale = await post(`${job.links.self}/resume`, undefined, { 'if-match': etag });
  assert.equal(stale.statusCode, 412);
  assert.equal(stale.json().code, 'precondition-failed');
  const changed = await fixture.call({ url: job.links.self, headers: { 'if-none-match': etag } });
  assert.equal(changed.statusCode, 200);

  const resumed = await post(`${job.links.self}/resume`, undefined, {
    'if-match': String(stopped.headers.etag),
  });
  assert.equal(resumed.json().state, 'queued');
  assert.equal((await post(`${job.links.self}/resume`)).json().code, 'job-state');
  const cancelled = await post(`${job.links.self}/cancel`);
  assert.match(cancelled.json().state, /^cancel/);
  assert.equal((await post('/api/v1/jobs/none/stop', undefined, { 'if-match': etag })).statusCode, 404);
});

test('lists are paged by cursor and filtered', async () => {
  const mine = [await start(), await start(), await start()].map(({ id }) => id).reverse();
  await post(`/api/v1/jobs/${mine[1]}/stop`);
  const first = (await fixture.call('/api/v1/jobs?limit=2')).json();
  assert.deepEqual(
    first.items.map(({ id }: JobView) => id),
    mine.slice(0, 2),
  );
  const second = (await fixture.call(`/api/v1/jobs?limit=2&cursor=${first.next_cursor}`)).json();
  assert.equal(second.items[0].id, mine[2]);
  const stopped = (
    await fixture.call('/api/v1/jobs?state=stopped&state=failed&kind=export&database=orders')
  ).json();
  assert.ok(stopped.items.every(({ state }: JobView) => state === 'stopped'));
  assert.ok(stopped.items.some(({ id }: JobView) => id === mine[1]));
  assert.deepEqual((await fixture.call('/api/v1/jobs?kind=import')).json(), { items: [], next_cursor: null });
});

test('the log comes as JSON by pages, or as text', async () => {
  const job = await start();
  const lines = Array.from({ length: 5 }, (_, index) => `line ${index}`);
  await fixture.store.appendLog(
    job.id,
    lines.map((message) => ({ level: 'warn', event: 'note', message, data: { deep: { x: 1 } } })),
  );
  const all = (await fixture.call(job.links.log)).json();
  assert.deepEqual(
    all.items.slice(-5).map(({ message }: { message: string }) => message),
    lines,
  );
  assert.equal(all.next_after, null);
  const before = all.items.at(-5).seq - 1;
  const page = (await fixture.call(`${job.links.log}?after=${before}&limit=2`)).json();
  assert.deepEqual(
    page.items.map(({ message }: { message: string }) => message),
    ['line 0', 'line 1'],
  );
  assert.equal(page.next_after, before + 2);

  const text = await fixture.call({
    url: `${job.links.log}?after=${before}`,
    headers: { accept: 'text/plain' },
  });
  assert.equal(text.headers['content-type'], 'text/plain; charset=utf-8');
  assert.match(text.body, /^\d{4}-\d\d-\d\dT[\d:.]+Z warn {2}line 0\n/);
  assert.equal(text.body.split('\n').length, 6);
  const none = await fixture.call({ url: job.links.log, headers: { accept: 'image/png' } });
  assert.equal(none.statusCode, 406);
});

test('tables and files of a job without a plan are empty lists', async () => {
  const job = await start();
  assert.deepEqual((await fixture.call(job.links.tables)).json(), { items: [] });
  assert.deepEqual((await fixture.call(job.links.files)).json(), { items: [] });
  const file = await fixture.call(`${job.links.files}/a/b.zst`);
  assert.equal(file.statusCode, 404);
  assert.equal(file.json().code, 'file-unknown');
});
