import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { startApp, type TestApp } from '../harness/app.ts';
import { basic, checkTranscript } from '../harness/transcript.ts';

const harbor = { name: 'harbor', role: 'SQL Developer', password: 'Lantern7' };
const buoy = { name: 'buoy', role: 'developer', password: 'Whistle8' };
const master = { name: 'master', role: 'SQL Administrator', password: 'Anchor9' };
const guest = { name: 'guest', role: 'viewer', password: 'Window1' };
type User = typeof harbor;

interface Item {
  readonly job_name: string;
  readonly owner_name: string;
  readonly state: string;
  readonly percent_done: number;
  readonly failure_code: string | null;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}
interface Problem {
  readonly code: string;
  readonly message: string;
}

let app: TestApp;
before(async () => {
  app = await startApp({ users: [harbor, buoy, master, guest], flags: { defaultDatabase: 'wharf' } });
  for (const name of ['wharf', 'dock']) {
    const file = path.join(app.data, `${name}.db`);
    const database = new Database(file);
    if (name === 'wharf') {
      database.exec(`
        CREATE TABLE berths (id INTEGER PRIMARY KEY, name TEXT NOT NULL);
        CREATE TABLE ships (id INTEGER PRIMARY KEY, berth INTEGER REFERENCES berths, name TEXT);
        WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 20)
          INSERT INTO berths SELECT i, 'berth ' || i FROM n;
        WITH RECURSIVE n(i) AS (VALUES (1) UNION ALL SELECT i + 1 FROM n WHERE i < 2000)
          INSERT INTO ships SELECT i, 1 + i % 20, 'ship ' || i FROM n;
      `);
    }
    database.close();
    await app.json({ method: 'POST', path: '/api/v1/databases', body: { name, url: `sqlite:${file}` } });
  }
});
after(() => app[Symbol.asyncDispose]());

const root = '_/db-api/stable/database/datapump';

async function send(user: User, method: string, address: string, body?: unknown, headers = {}) {
  const url = address.startsWith('http') ? address : `${app.origin}/ords/${address}`;
  return fetch(url, {
    method,
    headers: {
      authorization: basic(user),
      ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
}

async function start(
  user: User,
  body: unknown,
  address = `wharf/${user.name}/${root}/export`,
): Promise<string> {
  const answer = await send(user, 'POST', address, body);
  assert.equal(answer.status, 201, await answer.clone().text());
  return answer.headers.get('location') as string;
}

async function atRest(user: User, location: string): Promise<Item> {
  for (;;) {
    const item = (await (await send(user, 'GET', location)).json()) as Item;
    if (!['EXECUTING', 'COMPLETING', 'STOPPING'].includes(item.state)) return item;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const names = async (user: User, query = '', address = `wharf/${user.name}`): Promise<readonly string[]> => {
  const answer = await send(user, 'GET', `${address}/${root}/jobs/${query}`);
  const { items } = (await answer.json()) as { readonly items: readonly Item[] };
  return items.map(({ job_name }) => job_name);
};

describe('the ORDS API over a whole service', () => {
  it('refuses each bad request in its own words', () =>
    checkTranscript('ords/refusals', { origin: app.origin, authorization: basic(harbor) }));

  it('has a catalogue for everybody', () =>
    checkTranscript('ords/catalogue', { origin: app.origin, authorization: basic(harbor) }));

  it('moves a database by one export and one import', async () => {
    const exported = await atRest(harbor, await start(harbor, { file_name: 'MOVE%U.DMP', threads: 2 }));
    assert.equal(exported.state, 'COMPLETED');
    assert.equal(exported.percent_done, 100);
    const related = exported.links.filter(({ rel }) => rel === 'related').map(({ href }) => href);
    assert.match(related[0] as string, /\/EXPDAT-[\d_-]+\.LOG$/);
    assert.deepEqual(
      related.slice(1).map((href) => href.split('/').at(-1)),
      (await readdir(app.dumps)).filter((name) => name.startsWith('MOVE')),
    );
    for (const href of related.slice(1)) {
      const file = await send(harbor, 'GET', href);
      assert.equal(file.headers.get('content-type'), 'application/vnd.tcpdump.pcap');
      assert.equal((await file.bytes()).length, Number(file.headers.get('content-length')));
    }

    const body = { file_name: 'MOVE%U.DMP', threads: 2 };
    const imported = await atRest(harbor, await start(harbor, body, `dock/harbor/${root}/import`));
    assert.equal(imported.state, 'COMPLETED');
    const log = imported.links.find(({ rel }) => rel === 'related')?.href as string;
    const text = await (await send(harbor, 'GET', log)).text();
    assert.match(text, /^\. \. imported "main"\."ships" +[\d.]+ KB +2000 rows$/m);
    assert.match(text, /successfully completed at .* elapsed 0 00:00:\d\d\n$/);
    const q = encodeURIComponent('{"table_name":["SHIPS","BERTHS"]}');
    const tables = await send(harbor, 'GET', `dock/harbor/_/db-api/stable/database/objects/tables/?q=${q}`);
    assert.equal(((await tables.json()) as { count: number }).count, 2);
  });

  it('shows a job by every spelling of its address', async () => {
    const location = await start(harbor, {});
    await atRest(harbor, location);
    const bare = location.slice(0, -1);
    for (const spelling of [
      location,
      bare,
      location.replace(',', '%2C'),
      location.replace('stable', 'latest'),
    ]) {
      const answer = await send(harbor, 'GET', spelling);
      assert.equal(answer.status, 200, spelling);
      const { links } = (await answer.json()) as Item;
      assert.equal(links.at(-1)?.href, location);
    }
  });

  it('answers an unchanged job with 304', async () => {
    const location = await start(harbor, {});
    await atRest(harbor, location);
    const tag = (await send(harbor, 'GET', location)).headers.get('etag') as string;
    for (const header of [tag, `W/${tag}`, `"other", ${tag}`]) {
      const answer = await send(harbor, 'GET', location, undefined, { 'if-none-match': header });
      assert.equal(answer.status, 304, header);
    }
    assert.equal((await send(harbor, 'GET', location, undefined, { 'if-none-match': '"x"' })).status, 200);
  });

  it('takes a mid-tier user at every form of address', async () => {
    const location = await start(harbor, {});
    await atRest(harbor, location);
    for (const form of ['wharf/harbor', 'wharf', 'harbor', 'WHARF/anybody']) {
      assert.ok((await names(master, '', form)).includes((await atRest(master, location)).job_name), form);
    }
    const answer = await send(master, 'GET', `${root}/jobs/`);
    assert.equal(answer.status, 200);
    assert.deepEqual(await names(master, '', 'dock'), await names(master, '', 'dock/harbor'));
  });

  it('keeps database users to their own alias and their own jobs', async () => {
    const location = await start(harbor, {});
    const { job_name } = await atRest(harbor, location);
    assert.equal((await send(buoy, 'GET', location)).status, 401);
    assert.equal((await send(buoy, 'GET', location.replace('/harbor/', '/buoy/'))).status, 404);
    assert.ok(!(await names(buoy)).includes(job_name));
    assert.ok((await names(harbor)).includes(job_name));
    assert.ok((await names(guest)).includes(job_name));
    const refused = await send(guest, 'POST', `wharf/guest/${root}/export`, {});
    assert.equal(refused.status, 403);
    assert.equal(((await refused.json()) as Problem).code, 'Forbidden');
  });

  it('names the log from the first moment on', async () => {
    const answer = await send(harbor, 'POST', `wharf/harbor/${root}/export`, {});
    const { links } = (await answer.json()) as Item;
    const log = await send(harbor, 'GET', links.find(({ rel }) => rel === 'related')?.href as string);
    assert.equal(log.status, 200);
    assert.match(await log.text(), /^Starting "HARBOR"\."DATAPUMP_REST_EXPORT_\d{14}":\n/);
    await atRest(harbor, answer.headers.get('location') as string);
  });

  it('gives jobs of one second different names, and nothing of one to the other', async () => {
    const locations = await Promise.all([1, 2, 3].map(() => start(harbor, {})));
    assert.equal(new Set(locations).size, 3);
    const [first, second] = await Promise.all(locations.map((location) => atRest(harbor, location)));
    const foreign = second?.links
      .filter(({ rel }) => rel === 'related')
      .at(-1)
      ?.href.split('/')
      .at(-1);
    const answer = await send(harbor, 'GET', `${locations[0]}${foreign}`);
    assert.equal(answer.status, 404);
    assert.equal(first?.state, 'COMPLETED');
  });

  it('drops a success with keep_master 0 from the list, not from its address', async () => {
    const location = await start(harbor, { keep_master: 0 });
    const { job_name, links } = await atRest(harbor, location);
    assert.ok(!(await names(harbor)).includes(job_name));
    assert.equal((await send(harbor, 'GET', location)).status, 200);
    assert.equal(
      (await send(harbor, 'GET', links.find(({ rel }) => rel === 'related')?.href as string)).status,
      200,
    );
  });

  it('tells a failure in its members and the last line of its log', async () => {
    const location = await start(harbor, { name_expressions: [{ expression: "LIKE 'SUBMARINE%'" }] });
    const { state, failure_code, links } = await atRest(harbor, location);
    assert.deepEqual([state, failure_code], ['STOPPED', 'selection-empty']);
    const log = await send(harbor, 'GET', links.find(({ rel }) => rel === 'related')?.href as string);
    const lastLine = (await log.text()).trimEnd().split('\n').at(-1);
    assert.match(lastLine as string, /stopped due to fatal error at .*: ORA-31655: Nothing in .*SUBMARINE/);

    // DELETE takes it away; a completed one stays.
    assert.equal((await send(harbor, 'DELETE', location)).status, 204);
    for (;;) {
      const { status } = await send(harbor, 'GET', location);
      if (status === 404) break;
      assert.equal(status, 200);
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    assert.equal((await send(harbor, 'DELETE', location)).status, 404);
  });

  it('refuses to kill a completed job', async () => {
    const location = await start(harbor, {});
    await atRest(harbor, location);
    const answer = await send(harbor, 'DELETE', location);
    assert.equal(answer.status, 409);
    assert.equal(((await answer.json()) as Problem).code, 'Conflict');
  });

  it('refuses an export onto files that are there', async () => {
    await atRest(harbor, await start(harbor, { file_name: 'TWICE.DMP' }));
    const answer = await send(harbor, 'POST', `wharf/harbor/${root}/export`, { file_name: 'TWICE.DMP' });
    assert.equal(answer.status, 400);
    assert.match(((await answer.json()) as Problem).message, /^file_name: .*TWICE\.DMP/);
  });

  it('repeats nothing for an Idempotency-Key', async () => {
    const key = { 'idempotency-key': 'tide-1' };
    const [once, again] = [
      await send(harbor, 'POST', `wharf/harbor/${root}/export`, {}, key),
      await send(harbor, 'POST', `wharf/harbor/${root}/export`, {}, key),
    ];
    assert.equal(again.headers.get('location'), once.headers.get('location'));
    await atRest(harbor, once.headers.get('location') as string);
    const other = await send(harbor, 'POST', `wharf/harbor/${root}/export`, { threads: 2 }, key);
    assert.equal(other.status, 409);
  });

  it('pages through all jobs', async () => {
    const all = await names(harbor, '?limit=10000');
    const walked: string[] = [];
    let next: string | undefined = `${app.origin}/ords/wharf/harbor/${root}/jobs/?limit=3`;
    while (next !== undefined) {
      const page = (await (await send(harbor, 'GET', next)).json()) as {
        readonly items: readonly Item[];
        readonly links: Item['links'];
      };
      walked.push(...page.items.map(({ job_name }) => job_name));
      next = page.links.find(({ rel }) => rel === 'next')?.href;
    }
    assert.deepEqual(walked, all);
    assert.deepEqual([...walked].sort().reverse(), walked);
  });
});
