import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp, type TestJob } from '../harness/app.ts';
import { listAll } from '../harness/byte-sources.ts';
import { readEvents, type StreamEvent } from '../harness/event-stream.ts';
import { basic } from '../harness/transcript.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

const ann = { name: 'ann', role: 'developer', password: 'Starboard4', databases: ['shop'] };
const bob = { name: 'bob', role: 'developer', password: 'Larboard5', databases: ['shop'] };

interface LogLine {
  readonly seq: number;
  readonly message: string;
}

describe('the events of a job', () => {
  let app: TestApp;
  let folder: TestFolder;
  before(async () => {
    folder = await makeFolder();
    const shop = folder.join('shop.db');
    createSampleDatabase(shop, { orderItems: 20_000 });
    app = await startApp({
      databases: { shop: `sqlite:${shop}` },
      users: [ann, bob],
      flags: { unitBytes: '65536' },
    });
  });
  after(async () => {
    await app[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  const asAnn = { authorization: basic(ann) };
  async function startExport(): Promise<string> {
    const answer = await fetch(`${app.origin}/api/v1/jobs`, {
      method: 'POST',
      headers: { ...asAnn, 'content-type': 'application/json' },
      body: JSON.stringify({ kind: 'export', database: 'shop', mode: 'full' }),
    });
    assert.equal(answer.status, 201);
    return ((await answer.json()) as TestJob).id;
  }
  const follow = (id: string, lastEventId?: string, headers: Readonly<Record<string, string>> = asAnn) =>
    fetch(`${app.origin}/api/v1/jobs/${id}/events`, {
      headers: { ...headers, ...(lastEventId === undefined ? {} : { 'last-event-id': lastEventId }) },
    });
  const lines = (events: readonly StreamEvent[]): readonly LogLine[] =>
    events.filter(({ event }) => event === 'log').map(({ data }) => data as LogLine);
  function lastJob(events: readonly StreamEvent[]): TestJob {
    const last = events.at(-1);
    assert.equal(last?.event, 'job');
    return last.data as TestJob;
  }

  it('come while it runs, and after a lost connection the rest does: nothing is missed or told twice', async () => {
    const id = await startExport();
    const first: StreamEvent[] = [];
    for await (const event of readEvents(await follow(id))) {
      first.push(event);
      // Leaving the loop breaks the connection.
      if (lines(first).length === 3) break;
    }
    const running = await app.json<TestJob>({ method: 'GET', path: `/api/v1/jobs/${id}` });
    assert.notEqual(running.state, 'completed', 'the stream was live');

    const answer = await follow(id, first.at(-1)?.id as string);
    assert.equal(answer.headers.get('content-type'), 'text/event-stream');
    const rest = await listAll(readEvents(answer));
    const whole = await app.json<{ items: LogLine[] }>({ method: 'GET', path: `/api/v1/jobs/${id}/log` });
    assert.deepEqual([...lines(first), ...lines(rest)], whole.items);

    const jobs = rest.filter(({ event }) => event === 'job').map(({ data }) => data as TestJob);
    const percents = jobs.map(({ progress }) => progress.percent);
    assert.deepEqual(
      percents.toSorted((a, b) => a - b),
      percents,
      'progress goes forward',
    );
    assert.equal(rest.at(-1)?.event, 'job');
    assert.equal(jobs.at(-1)?.state, 'completed');
    assert.equal(jobs.filter(({ state }) => state === 'completed').length, 1);

    const after = await follow(id, rest.at(-1)?.id as string);
    assert.equal(after.status, 204, 'a client that has seen the end is told not to come back');
    const again = await listAll(readEvents(await follow(id)));
    assert.deepEqual(lines(again), whole.items);
  });

  it('end with the job that was stopped, and come again when it is resumed', async () => {
    const id = await startExport();
    const watching = listAll(readEvents(await follow(id)));
    await app.json({ method: 'POST', path: `/api/v1/jobs/${id}/stop` });
    const seen = await watching;
    assert.equal(lastJob(seen).state, 'stopped');
    await app.json({ method: 'POST', path: `/api/v1/jobs/${id}/resume` });
    const rest = await listAll(readEvents(await follow(id, seen.at(-1)?.id as string)));
    assert.equal(lastJob(rest).state, 'completed');
  });

  it('are for those who may see the job, and take only an id of theirs', async () => {
    const id = await startExport();
    assert.equal((await follow(id, undefined, { authorization: basic(bob) })).status, 404);
    assert.equal((await follow(id, undefined, {})).status, 401);
    const wrong = await follow(id, 'yesterday');
    const problem = (await wrong.json()) as { readonly code: string; readonly field: string };
    assert.deepEqual([wrong.status, problem.code, problem.field], [400, 'field-invalid', 'Last-Event-ID']);
    await app.settled(id);
  });
});
