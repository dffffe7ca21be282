import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { type NativeFixture, openNativeFixture } from '../../../test/harness/native-fixture.ts';

let fixture: NativeFixture;
before(async () => {
  fixture = await openNativeFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const policyUrl = '/api/v1/databases/orders/backup-policy';
const put = (body: unknown) => fixture.call({ method: 'PUT', url: policyUrl, body });
const post = (url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
  fixture.call({ method: 'POST', url, headers, ...(body === undefined ? {} : { body }) });

/** A completed entry of the catalogue. */
async function completed(database = 'orders', daysAgo = 0): Promise<number> {
  const { backups } = fixture.dependencies;
  const at = fixture.now - daysAgo * 86_400_000;
  const { id } = await backups.addBackup({
    database,
    engine: 'sqlite',
    jobId: `job-${database}-${daysAgo}`,
    location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
    encryptionKey: null,
    keepForever: false,
    startedAt: at,
  });
  const filePattern = 'BACKUP_20261121093007';
  await backups.changeBackup(id, ['running'], {
    state: 'completed',
    completedAt: at,
    rows: 5,
    bytes: 99,
    filePattern,
  });
  return id;
}

test('a policy: set, show, list, remove', async () => {
  assert.equal((await fixture.call(policyUrl)).json().code, 'backup-policy-missing');
  assert.deepEqual((await fixture.call('/api/v1/backup-policies')).json(), { items: [] });
  const answer = await put({
    directory: 'DATA_PUMP_DIR',
    verify: 'none',
    retention: { keep_last: 3, keep_days: 30 },
    schedule: { cron: '30 2 * * *', time_zone: 'Europe/Zurich', missed: 'all' },
    threads: 2,
    priority: -4,
  });
  assert.equal(answer.statusCode, 200, answer.body);
  const policy = answer.json();
  assert.deepEqual(policy, {
    database: 'orders',
    directory: 'DATA_PUMP_DIR',
    location: null,
    credential: null,
    encryption_key: null,
    verify: 'none',
    scratch_database: null,
    retention: {
      keep_last: 3,
      keep_daily: null,
      keep_weekly: null,
      keep_monthly: null,
      keep_days: 30,
      time_zone: 'Europe/Zurich',
    },
    schedule: {
      cron: '30 2 * * *',
      time_zone: 'Europe/Zurich',
      start_at: null,
      end_at: null,
      missed: 'all',
      overlap: 'skip',
    },
    threads: 2,
    priority: -4,
    owner: 'local',
    updated_at: '2026-11-21T09:30:07.000Z',
  });
  assert.deepEqual((await fixture.call(policyUrl)).json(), policy);
  assert.deepEqual((await fixture.call('/api/v1/backup-policies')).json(), { items: [policy] });
  const [schedule] = (await fixture.call('/api/v1/schedules')).json().items;
  assert.deepEqual(
    [schedule.starts, schedule.database, schedule.definition, schedule.next_at, schedule.last_at],
    ['backup', 'orders', null, '2026-11-22T01:30:00.000Z', null],
  );
  // What is shown can be set again.
  const { database: _, owner: _owner, updated_at: _at, location: _url, credential: _name, ...again } = policy;
  assert.deepEqual((await put(again)).json(), policy);
  assert.equal((await fixture.call({ method: 'DELETE', url: policyUrl })).statusCode, 204);
  assert.equal((await fixture.call({ method: 'DELETE', url: policyUrl })).statusCode, 409);
  assert.deepEqual((await fixture.call('/api/v1/schedules')).json(), { items: [] });
});

test('a policy that cannot be taken names its field', async () => {
  const cases: readonly (readonly [body: object, field: string])[] = [
    [{}, 'location'],
    [{ directory: 'A', location: 's3://b/c' }, 'location'],
    [{ directory: 'DATA_PUMP_DIR', schedule: { cron: 'x' } }, 'schedule.cron'],
    [{ directory: 'DATA_PUMP_DIR', retention: { keep_last: 0 } }, 'retention.keep_last'],
    [{ directory: 'DATA_PUMP_DIR', keep_last: 3 }, 'keep_last'],
  ];
  for (const [body, field] of cases) {
    const answer = await put(body);
    assert.equal(answer.statusCode, 400, answer.body);
    assert.equal(answer.json().field, field, answer.body);
  }
});

test('backups are made, proved, restored and removed by jobs', async () => {
  await put({ directory: 'DATA_PUMP_DIR', retention: { keep_last: 1 } });
  const [old, id] = [await completed('orders', 2), await completed()];
  const start = async (body: object) => {
    const answer = await post('/api/v1/jobs', body);
    assert.equal(answer.statusCode, 201, answer.body);
    const { kind, database, request, parent } = answer.json();
    assert.equal(parent, null);
    return { kind, database, request };
  };
  const made = await start({ kind: 'backup', database: 'orders', keep_forever: true });
  assert.deepEqual(
    [made.database, made.request.keep_forever, made.request.verify],
    ['orders', true, 'digest'],
  );
  const proved = await start({ kind: 'backup_verify', backup: id });
  assert.deepEqual([proved.request.backups, proved.request.verify], [[id], 'digest']);
  const restored = await start({ kind: 'restore', database: 'empty', from: 'orders', in_place: true });
  assert.deepEqual(
    [restored.database, restored.request.backups, restored.request.in_place, restored.request.keep_old],
    ['empty', [id], true, false],
  );
  const earlier = await start({
    kind: 'restore',
    database: 'empty',
    from: 'orders',
    time: new Date(fixture.now - 86_400_000).toISOString(),
  });
  assert.deepEqual(earlier.request.backups, [old]);
  const removed = await start({ kind: 'backup_delete', database: 'orders', backups: [old] });
  assert.deepEqual([removed.request.backups, removed.request.force], [[old], false]);

  const twice = await post('/api/v1/jobs', { kind: 'restore', database: 'empty', tag: 'T', position: '0/1' });
  assert.deepEqual([twice.statusCode, twice.json().field], [400, 'position']);
  const gone = await post('/api/v1/jobs', { kind: 'backup_delete', database: 'orders', backups: [] });
  assert.equal(gone.statusCode, 400);

  const key = { 'idempotency-key': 'one' };
  const first = await post('/api/v1/jobs', { kind: 'backup', database: 'orders' }, key);
  const second = await post('/api/v1/jobs', { kind: 'backup', database: 'orders' }, key);
  assert.deepEqual([first.statusCode, second.statusCode], [201, 200]);
  assert.equal(second.json().id, first.json().id);
});

test('the catalogue: list, show, keep', async () => {
  const id = await completed('empty');
  const shown = await fixture.call(`/api/v1/backups/${id}`);
  assert.deepEqual(shown.json(), {
    id,
    database: 'empty',
    engine: 'sqlite',
    tag: 'TAG20261121T093007',
    state: 'completed',
    good: true,
    job: 'job-empty-0',
    directory: 'DATA_PUMP_DIR',
    location: null,
    credential: null,
    file_pattern: 'BACKUP_20261121093007',
    encryption_key: null,
    keep_forever: false,
    started_at: '2026-11-21T09:30:07.000Z',
    completed_at: '2026-11-21T09:30:07.000Z',
    bytes: 99,
    rows: 5,
    position: null,
    error: null,
    proofs: [],
    deleted_at: null,
    deleted_reason: null,
  });
  const listed = await fixture.call('/api/v1/backups?database=empty&state=completed&state=failed&limit=5');
  assert.deepEqual(listed.json(), { items: [shown.json()] });
  const kept = await post(`/api/v1/backups/${id}/keep`, { keep_forever: true });
  assert.deepEqual(kept.json(), { ...shown.json(), keep_forever: true });
  assert.equal((await fixture.call('/api/v1/backups/99999')).statusCode, 404);
  assert.equal((await fixture.call('/api/v1/backups/x')).statusCode, 400);
  assert.equal((await fixture.call('/api/v1/backups?state=lost')).statusCode, 400);
});

test('retention: the plan, and its start', async () => {
  const url = '/api/v1/databases/orders/retention';
  const { keep, remove } = (await fixture.call(url)).json();
  assert.deepEqual([keep.length, remove.length], [1, 1]);
  assert.equal(remove[0].reason, 'retention: no rule keeps it (keep-last 1)');
  const started = await post(`${url}/prune`);
  assert.equal(started.statusCode, 201, started.body);
  assert.deepEqual(started.json().request.backups, [remove[0].backup.id]);
  assert.equal(started.headers.location, started.json().links.self);
  await put({ directory: 'DATA_PUMP_DIR' });
  const nothing = await post(`${url}/prune`);
  assert.deepEqual([nothing.statusCode, nothing.body], [204, '']);
});

test('events come in pages, in order', async () => {
  for (const key of ['a', 'b', 'c']) {
    await fixture.dependencies.tell({
      type: key === 'c' ? 'backup.failed' : 'backup.completed',
      message: `Event ${key}.`,
      database: 'orders',
      jobId: 'J1',
      data: { key },
      key,
    });
  }
  const page = (await fixture.call('/api/v1/events?limit=2')).json();
  assert.deepEqual(
    page.items.map(({ message }: { message: string }) => message),
    ['Event a.', 'Event b.'],
  );
  const next = (await fixture.call(`/api/v1/events?after=${page.next_after}&limit=2`)).json();
  assert.deepEqual(next, {
    items: [
      {
        seq: page.next_after + 1,
        at: '2026-11-21T09:30:07.000Z',
        type: 'backup.failed',
        alarm: true,
        message: 'Event c.',
        database: 'orders',
        job: 'J1',
        data: { key: 'c' },
      },
    ],
    next_after: null,
  });
});

test('a job that another one started is shown with it, and left out where only the others are asked for', async () => {
  const { store } = fixture.dependencies;
  const backup = (await post('/api/v1/jobs', { kind: 'backup', database: 'orders' })).json();
  const parent = await store.getJob(backup.id);
  assert.ok(parent !== null);
  const { job: child } = await store.createJob({
    name: () => 'CHILD_1',
    owner: parent.owner,
    database: 'orders',
    api: 'native',
    apiData: {},
    request: parent.request,
    requestFor: () => parent.request,
    threads: 1,
    idempotency: null,
    parent: { jobId: parent.id, step: 'export' },
  });
  const shown = (await fixture.call(`/api/v1/jobs/${child.id}`)).json();
  assert.deepEqual(shown.parent, { id: parent.id, step: 'export' });
  const ids = async (query: string) =>
    (await fixture.call(`/api/v1/jobs?limit=1000${query}`))
      .json()
      .items.map(({ id }: { id: string }) => id) as string[];
  assert.ok((await ids('')).includes(child.id));
  const top = await ids('&top_level=true');
  assert.ok(top.includes(parent.id) && !top.includes(child.id));
});
