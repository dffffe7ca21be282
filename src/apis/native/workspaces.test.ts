import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { basic, type NativeFixture, openNativeFixture } from '../../../test/harness/native-fixture.ts';

/** As far as these tests look. */
type Body = Readonly<Record<string, unknown>>;

const definition = {
  description: 'Loads the orders of a day.',
  params: [{ name: 'day', value: '2026-11-21' }],
  nodes: [
    {
      name: 'load',
      action: { type: 'sql', connection: null, script: { name: 'load' } },
    },
    {
      name: 'save',
      after: ['load'],
      action: { type: 'job', job: { kind: 'export', database: 'orders', directory: 'DATA_PUMP_DIR' } },
      retries: 2,
    },
  ],
  schedule: { cron: '30 2 * * *', time_zone: 'Europe/Zurich' },
};

describe('workspaces and what is in them', () => {
  let fixture: NativeFixture;
  before(async () => {
    fixture = await openNativeFixture();
  });
  after(() => fixture[Symbol.asyncDispose]());

  async function ask(
    method: 'GET' | 'POST' | 'PUT' | 'DELETE',
    path: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ) {
    const answer = await fixture.call({
      method,
      url: `/api/v1${path}`,
      headers,
      ...(body === undefined ? {} : { body }),
    });
    return {
      status: answer.statusCode,
      body: (answer.body === '' ? null : JSON.parse(answer.body)) as Body,
      headers: answer.headers,
    };
  }
  const main = '/workspaces/main';

  it('a workspace is made, the first is the default, an empty one can go', async () => {
    assert.equal((await ask('GET', '/workspaces/-')).body.code, 'workspace-unknown');
    const made = await ask('POST', '/workspaces', { name: 'main' });
    assert.deepEqual([made.status, made.body.is_default], [201, true]);
    assert.match(String(made.body.id), /^[0-9a-f]{32}$/);
    assert.equal((await ask('POST', '/workspaces', { name: 'main' })).body.code, 'workspace-exists');
    assert.equal((await ask('POST', '/workspaces', { name: '0'.repeat(32) })).body.code, 'name-invalid');
    assert.equal((await ask('POST', '/workspaces', { name: 'spare' })).body.is_default, false);
    await ask('PUT', '/default-workspace', { workspace: 'spare' });
    assert.equal((await ask('GET', '/workspaces/-')).body.name, 'spare');
    await ask('PUT', '/default-workspace', { workspace: 'main' });
    assert.equal((await ask('DELETE', '/workspaces/spare')).status, 204);
    assert.equal((await ask('DELETE', '/workspaces/-')).status, 404);
    assert.equal((await ask('GET', `/workspaces/${made.body.id}`)).body.name, 'main');
  });

  it('connections lead to registered databases', async () => {
    const wrong = await ask('POST', `${main}/connections`, { name: 'shop', database: 'nowhere' });
    assert.deepEqual([wrong.status, wrong.body.code], [404, 'database-unknown']);
    const made = await ask('POST', `${main}/connections`, { name: 'shop', database: 'orders' });
    assert.deepEqual([made.status, made.body.description], [201, '']);
    assert.equal(
      (await ask('POST', '/workspaces/-/connections', { name: 'shop', database: 'orders' })).status,
      409,
    );
  });

  it('names are letters of any script, and never a path', async () => {
    for (const name of ['订单_夜间', 'ordres.été', 'नमस्ते-1', `x${'y'.repeat(127)}`]) {
      const added = await ask('POST', `${main}/resources`, { name, type: 'file', location: 's3://b/x' });
      assert.equal(added.status, 201, name);
      const path = `${main}/resources/${encodeURIComponent(name)}`;
      assert.equal((await ask('GET', path)).body.name, name);
      assert.equal((await ask('DELETE', path)).status, 204);
    }
    for (const name of ['', '.', '..', 'a/b', '../a', 'a b', 'a\nb', 'a:b', 'x'.repeat(129)]) {
      const refused = await ask('POST', `${main}/resources`, { name, type: 'file', location: 's3://b/x' });
      assert.deepEqual([refused.status, refused.body.field], [400, 'name'], JSON.stringify(name));
    }
  });

  it('a definition comes back with all members, and changes only while it is what the caller saw', async () => {
    await ask('POST', `${main}/scripts`, { name: 'load', content: 'DELETE FROM line;', connection: 'shop' });
    const added = await ask('POST', `${main}/definitions`, { name: 'nightly', definition });
    assert.equal(added.status, 201, JSON.stringify(added.body));
    const path = `${main}/definitions/nightly`;
    const shown = await ask('GET', path);
    assert.deepEqual(shown.body, added.body);
    assert.deepEqual([shown.body.version, shown.body.document_of], [0, null]);
    const full = shown.body.definition as { readonly nodes: readonly Body[]; readonly schedule: Body };
    assert.deepEqual(full.nodes[1], {
      name: 'save',
      action: { type: 'job', job: { kind: 'export', database: 'orders', directory: 'DATA_PUMP_DIR' } },
      after: ['load'],
      conditions: [],
      retries: 2,
      retry_delay_seconds: 30,
      timeout_seconds: null,
      on_failure: 'fail',
    });
    assert.deepEqual(full.schedule, {
      cron: '30 2 * * *',
      time_zone: 'Europe/Zurich',
      start_at: null,
      end_at: null,
      missed: 'once',
      overlap: 'skip',
    });
    const seen = { 'if-match': String(shown.headers.etag) };
    const changed = await ask(
      'PUT',
      path,
      { name: 'nightly', definition: { ...full, description: 'x' } },
      seen,
    );
    assert.deepEqual([changed.status, changed.body.dropped_document_of], [200, null]);
    const stale = await ask('PUT', path, { name: 'nightly', definition: full }, seen);
    assert.deepEqual([stale.status, stale.body.code], [412, 'precondition-failed']);
    assert.equal((await ask('DELETE', path, undefined, seen)).status, 412);
    await ask('PUT', path, { name: 'nightly', definition });
  });

  const faults: readonly (readonly [string, unknown, string])[] = [
    ['a member that is none', { ...definition, nodez: [] }, 'definition.nodez'],
    [
      'a type of action that is none',
      { nodes: [{ name: 'a', action: { type: 'shell' } }] },
      'definition.nodes[0].action.type',
    ],
    [
      'an action without its member',
      { nodes: [{ name: 'a', action: { type: 'job' } }] },
      'definition.nodes[0].action.job',
    ],
    [
      'a member that the kind of job has not',
      {
        nodes: [
          {
            name: 'a',
            action: { type: 'job', job: { kind: 'copy', database: 'a', target: 'b', erase: true } },
          },
        ],
      },
      'definition.nodes[0].action.job.erase',
    ],
    [
      'half a retry',
      { nodes: [{ name: 'a', action: { type: 'none' }, retries: 0.5 }] },
      'definition.nodes[0].retries',
    ],
    [
      'a time that is none',
      { nodes: [], schedule: { cron: '0 0 * * *', start_at: 'soon' } },
      'definition.schedule.start_at',
    ],
  ];
  for (const [what, wrong, field] of faults) {
    it(`refuses ${what}, and names it`, async () => {
      const refused = await ask('POST', `${main}/definitions`, { name: 'wrong', definition: wrong });
      assert.deepEqual([refused.status, refused.body.field], [400, field], String(refused.body.detail));
    });
  }

  it('refuses nodes that wait for each other, and cron lines that cannot be read', async () => {
    const nodes = ['a', 'b'].map((name, at) => ({
      name,
      action: { type: 'none' },
      after: [at === 0 ? 'b' : 'a'],
    }));
    const circle = await ask('POST', `${main}/definitions`, { name: 'wrong', definition: { nodes } });
    assert.deepEqual([circle.status, circle.body.code], [400, 'definition-invalid']);
    const never = { nodes: [], schedule: { cron: '99 * * * *' } };
    const cron = await ask('POST', `${main}/definitions`, { name: 'wrong', definition: never });
    assert.deepEqual([cron.status, cron.body.code], [400, 'schedule-invalid']);
  });

  it('versions are submitted, shown, and compared with the draft and with a text', async () => {
    const path = `${main}/definitions/nightly`;
    assert.equal(
      (await ask('POST', `${path}/diff`, { from: {}, to: { version: 0 } })).body.code,
      'definition-draft',
    );
    const submitted = await ask('POST', `${path}/submit`);
    assert.deepEqual([submitted.status, submitted.body.version], [200, 1]);
    const { definition: first } = (await ask('GET', `${path}/versions/1`)).body;
    const changed = {
      ...definition,
      description: 'Loads them all.',
      nodes: [
        { ...definition.nodes[0], action: { type: 'sql', connection: 'shop', script: { text: 'SELECT 1' } } },
        { name: 'wait', action: { type: 'none' } },
      ],
    };
    await ask('PUT', path, { name: 'nightly', definition: changed });
    const diff = await ask('POST', `${path}/diff`, { from: { version: 1 }, to: { version: 0 } });
    const lines = (diff.body.items as readonly Body[]).map(({ path: at, change }) => `${change} ${at}`);
    assert.deepEqual(lines, [
      'changed description',
      'changed nodes[load].action.connection',
      'added nodes[load].action.script.text',
      'removed nodes[load].action.script.name',
      'added nodes[wait]',
      'removed nodes[save]',
    ]);
    const same = await ask('POST', `${path}/diff`, { from: { version: 1 }, to: { definition: first } });
    assert.deepEqual(same.body.items, []);
    await ask('POST', `${path}/submit`);
    const versions = (await ask('GET', `${path}/versions`)).body.items as readonly Body[];
    assert.deepEqual(
      versions.map(({ version }) => version),
      [2, 1],
    );
    assert.equal((await ask('GET', `${path}/versions/9`)).body.code, 'item-unknown');
  });

  it('the schedule of the last version goes on and off, and follows a new name', async () => {
    const path = `${main}/definitions/nightly`;
    const on = await ask('PUT', `${path}/schedule`, { params: { day: 'today' } });
    assert.equal(on.status, 200, JSON.stringify(on.body));
    assert.deepEqual(
      [on.body.on, on.body.next_at, on.body.params],
      [true, '2026-11-22T01:30:00.000Z', { day: 'today' }],
    );
    assert.equal((await ask('DELETE', path)).body.code, 'job-state');
    const { definition: now } = (await ask('GET', path)).body;
    await ask('PUT', path, { name: 'every_night', definition: now });
    const renamed = `${main}/definitions/every_night`;
    assert.equal((await ask('GET', `${renamed}/schedule`)).body.on, true);
    const without = { ...(now as Body), schedule: null };
    await ask('PUT', renamed, { name: 'every_night', definition: without });
    assert.equal((await ask('POST', `${renamed}/submit`)).body.code, 'definition-invalid');
    const earlier = { ...(now as Body), schedule: { cron: '0 1 * * *' } };
    await ask('PUT', renamed, { name: 'every_night', definition: earlier });
    await ask('POST', `${renamed}/submit`);
    assert.equal((await ask('GET', `${renamed}/schedule`)).body.next_at, '2026-11-22T01:00:00.000Z');
    assert.equal((await ask('DELETE', `${renamed}/schedule`)).status, 204);
    assert.equal((await ask('GET', `${renamed}/schedule`)).body.on, false);
    await ask('PUT', renamed, { name: 'nightly', definition });
    await ask('POST', `${path}/submit`);
  });

  it('a run is a job that keeps what it runs', async () => {
    const path = `${main}/definitions/nightly/runs`;
    const key = { 'idempotency-key': 'one' };
    const run = await ask('POST', path, { params: { day: 'x' } }, key);
    assert.deepEqual(
      [run.status, run.body.kind, run.body.database],
      [201, 'run', null],
      JSON.stringify(run.body),
    );
    const again = await ask('POST', path, { params: { day: 'x' } }, key);
    assert.deepEqual([again.status, again.body.id], [200, run.body.id]);
    const job = await fixture.store.getJob(String(run.body.id));
    assert.ok(job?.request.kind === 'run');
    const { scripts, connections, params, version } = job.request;
    const always = { 'run.name': job.name, 'run.date': '2026-11-21', 'run.time': '2026-11-21T09:30:07.000Z' };
    assert.deepEqual(
      { scripts, connections, params, version },
      {
        scripts: { load: { content: 'DELETE FROM line;', type: 'sql', connection: 'orders' } },
        connections: { shop: 'orders' },
        params: { ...always, day: 'x' },
        version: 4,
      },
    );
    const nodes = (await ask('GET', `/jobs/${run.body.id}/nodes`)).body.items as readonly Body[];
    assert.deepEqual(
      nodes.map(({ name, state }) => [name, state]),
      [
        ['load', 'waiting'],
        ['save', 'waiting'],
      ],
    );
    assert.equal((await ask('DELETE', `${main}/definitions/nightly`)).body.code, 'job-state');
    const script = await ask('POST', `${main}/scripts/load/runs`, {});
    assert.equal(script.status, 201);
    const runs = (await ask('GET', `${main}/runs?limit=1`)).body;
    assert.deepEqual(
      (runs.items as readonly Body[]).map(({ id }) => id),
      [script.body.id],
    );
    const rest = (await ask('GET', `${main}/runs?limit=1&cursor=${runs.next_cursor}`)).body;
    assert.deepEqual([(rest.items as readonly Body[])[0]?.id, rest.next_cursor], [run.body.id, null]);
    const own = (await ask('GET', `${main}/runs?definition=nightly`)).body;
    assert.equal((own.items as readonly Body[]).length, 1);
  });

  it('what a run lacks is told before it is made', async () => {
    const lacking = async (name: string, nodes: unknown, params: readonly unknown[] = []) => {
      await ask('POST', `${main}/definitions`, { name, definition: { nodes, params } });
      const { status, body } = await ask('POST', `${main}/definitions/${name}/runs`, {});
      return `${status} ${body.code}: ${body.detail}`;
    };
    const sql = (members: object) => [{ name: 'a', action: { type: 'sql', ...members } }];
    assert.match(await lacking('none', []), /^400 definition-invalid: .*no nodes/);
    assert.match(
      await lacking('alien', [{ name: 'a', action: { type: 'foreign', word: 'Spark' } }]),
      /a \(Spark\)/,
    );
    assert.match(await lacking('noscript', sql({ script: { name: 'gone' } })), /script gone/);
    assert.match(await lacking('noconnection', sql({ script: { text: 'SELECT 1' } })), /names no connection/);
    assert.match(
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that parameters have
      await lacking('noparam', sql({ connection: 'shop', script: { text: "SELECT '${nothing}'" } })),
      /no value for nothing/,
    );
  });

  it('tells that a change drops the document of another API, and drops none where nothing changes', async () => {
    const { service, as } = fixture;
    const context = as({ name: 'local', role: 'administrator', databases: [] });
    const { content } = await service.getItem(context, 'main', 'definition', 'nightly');
    const document = { api: 'elsewhere', text: '{}' };
    await service.addItem(context, 'main', { kind: 'definition', name: 'theirs', content, document });
    const path = `${main}/definitions/theirs`;
    const { body: shown } = await ask('GET', path);
    assert.equal(shown.document_of, 'elsewhere');
    const same = await ask('PUT', path, { name: 'theirs', definition: shown.definition });
    assert.deepEqual([same.body.document_of, same.body.dropped_document_of], ['elsewhere', null]);
    const other = { ...(shown.definition as Body), description: 'ours now' };
    const changed = await ask('PUT', path, { name: 'theirs', definition: other });
    assert.deepEqual([changed.body.document_of, changed.body.dropped_document_of], [null, 'elsewhere']);
    await ask('DELETE', path);
  });

  it('lists come in pages', async () => {
    const names: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: Body = (
        await ask('GET', `${main}/definitions?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      ).body;
      names.push(...(page.items as readonly Body[]).map(({ name }) => String(name)));
      cursor = page.next_cursor as string | null;
    }
    assert.deepEqual(names, ['alien', 'nightly', 'noconnection', 'none', 'noparam', 'noscript']);
    assert.equal((await ask('GET', `${main}/definitions?cursor=x`)).body.field, 'cursor');
  });

  it('a long script goes in by itself and in an import, whatever the limit of other bodies', async () => {
    const script = { type: 'sql', content: 'SELECT 1;\n'.repeat(200_000) };
    const limit = (await ask('POST', '/workspaces', { name: 'x'.repeat(1024 * 1024) })).body;
    assert.deepEqual(limit.code, 'body-too-large');
    assert.equal((await ask('POST', `${main}/scripts`, { name: 'long', ...script })).status, 201);
    const items = [{ kind: 'script', name: 'longer', ...script }];
    const started = await ask('POST', `${main}/imports`, { items });
    assert.equal(started.status, 201, JSON.stringify(started.body));
  });

  it('permissions: viewers read, developers see the connections of their databases, and run what they may', async () => {
    const { service, as } = fixture;
    const admin = as({ name: 'local', role: 'administrator', databases: [] });
    for (const [name, role, databases] of [
      ['vera', 'viewer', undefined],
      ['dave', 'developer', ['empty']],
    ] as const) {
      await service.addUser(admin, {
        name,
        role,
        password: 'Starboard4',
        ...(databases === undefined ? {} : { databases }),
      });
    }
    const by = (name: string) => ({ authorization: basic(name, 'Starboard4') });
    assert.equal((await ask('GET', `${main}/definitions/nightly`, undefined, by('vera'))).status, 200);
    assert.equal((await ask('POST', `${main}/definitions/nightly/runs`, {}, by('vera'))).status, 403);
    assert.equal((await ask('POST', '/workspaces', { name: 'mine' }, by('dave'))).status, 403);
    assert.deepEqual((await ask('GET', `${main}/connections`, undefined, by('dave'))).body.items, []);
    assert.equal((await ask('GET', `${main}/connections/shop`, undefined, by('dave'))).status, 404);
    assert.equal((await ask('POST', `${main}/definitions/nightly/runs`, {}, by('dave'))).status, 403);
    assert.equal((await ask('PUT', `${main}/definitions/nightly/schedule`, {}, by('dave'))).status, 403);
  });
});
