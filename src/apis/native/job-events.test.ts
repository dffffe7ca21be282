import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type NativeFixture, openNativeFixture } from '../../../test/harness/native-fixture.ts';
import { fixtureToken } from '../../../test/harness/service-fixture.ts';
import { withHeartbeat } from './heartbeat.ts';
import type { JobView } from './job-view.ts';

let fixture: NativeFixture;
before(async () => {
  fixture = await openNativeFixture();
});
after(() => fixture[Symbol.asyncDispose]());

interface ServerEvent {
  readonly name: string;
  readonly id: string | undefined;
  readonly data: Record<string, unknown>;
}

/** The events of a whole or partial stream; comments and the retry line are left out. */
function parseEvents(text: string): readonly ServerEvent[] {
  return text
    .split('\n\n')
    .filter((block) => block.startsWith('event:'))
    .map((block) => {
      const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1];
      return { name: field('event') ?? '', id: field('id'), data: JSON.parse(field('data') ?? 'null') };
    });
}

async function start(): Promise<JobView> {
  fixture.now += 1000;
  const answer = await fixture.call({
    method: 'POST',
    url: '/api/v1/jobs',
    body: { kind: 'export', database: 'orders' },
  });
  assert.equal(answer.statusCode, 201, answer.body);
  return answer.json();
}

const note = (message: string) => ({ level: 'info', event: 'note', message, data: {} }) as const;
const stop = (job: JobView) => fixture.call({ method: 'POST', url: `${job.links.self}/stop` });

test('a job at rest: its whole log, then the job with the id that ends the stream', async () => {
  const job = await start();
  await fixture.store.appendLog(job.id, [note('one'), note('two\nlines')]);
  await stop(job);
  const answer = await fixture.call(job.links.events);
  assert.equal(answer.headers['content-type'], 'text/event-stream');
  assert.match(answer.body, /^retry: \d+\n\n/);
  const events = parseEvents(answer.body);
  const log = (await fixture.call(job.links.log)).json().items;
  assert.deepEqual(
    events.slice(0, -1).map(({ data }) => data),
    log,
  );
  assert.deepEqual(
    events.slice(0, -1).map(({ id }) => id),
    log.map(({ seq }: { seq: number }) => String(seq)),
  );
  const last = events.at(-1);
  assert.equal(last?.name, 'job');
  assert.deepEqual(last?.data, (await fixture.call(job.links.self)).json());
  assert.equal(last?.id, `${log.at(-1).seq}-end`);
});

test('Last-Event-ID goes on after that entry; after the end there is nothing more', async () => {
  const job = await start();
  await fixture.store.appendLog(job.id, [note('one'), note('two'), note('three')]);
  await stop(job);
  const resume = (id: string) => fixture.call({ url: job.links.events, headers: { 'last-event-id': id } });
  const all = parseEvents((await fixture.call(job.links.events)).body);
  const position = all.findIndex(({ data }) => data.message === 'two');
  const rest = parseEvents((await resume(all[position]?.id as string)).body);
  assert.deepEqual(rest, all.slice(position + 1));

  const lastEntry = all.at(-2)?.id as string;
  assert.deepEqual(parseEvents((await resume(lastEntry)).body), all.slice(-1));
  const ended = await resume(all.at(-1)?.id as string);
  assert.equal(ended.statusCode, 204);
  assert.equal(ended.body, '');

  await fixture.call({ method: 'POST', url: `${job.links.self}/resume` });
  await stop(job);
  const again = await resume('x');
  assert.deepEqual([again.statusCode, again.json().field], [400, 'Last-Event-ID']);
});

test('events come as they happen, and the stream ends when the job rests', async () => {
  const job = await start();
  const { url } = await fixture.server.listen('127.0.0.1', 0);
  const response = await fetch(`${url}${job.links.events}`, {
    headers: { authorization: `Bearer ${fixtureToken}`, accept: 'text/event-stream' },
  });
  assert.equal(response.status, 200);
  let text = '';
  const decoder = new TextDecoder();
  const isTold = (): boolean => text.includes('while it runs');
  await fixture.store.appendLog(job.id, [note('while it runs')]);
  let isStopped = false;
  for await (const piece of response.body as unknown as AsyncIterable<Uint8Array>) {
    text += decoder.decode(piece, { stream: true });
    if (isTold() && !isStopped) {
      isStopped = true;
      await stop(job);
    }
  }
  const last = parseEvents(text).at(-1);
  assert.equal(last?.data.state, 'stopped');
});

test('an unknown job is a problem, not a stream', async () => {
  const answer = await fixture.call('/api/v1/jobs/none/events');
  assert.equal(answer.statusCode, 404);
  assert.equal(answer.json().code, 'job-unknown');
});

test('a quiet source is filled with beats, and let go of with the stream', async () => {
  let isReleased = false;
  async function* source(): AsyncGenerator<string> {
    try {
      yield 'a';
      await sleep(200);
      yield 'b';
      yield 'c';
    } finally {
      isReleased = true;
    }
  }
  const pieces: string[] = [];
  for await (const piece of withHeartbeat(source(), { everyMs: 20, beat: '.' })) {
    pieces.push(piece);
    if (piece === 'b') break;
  }
  assert.match(pieces.join(''), /^a\.+b$/);
  assert.ok(isReleased);
});
