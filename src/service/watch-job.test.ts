import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { collect, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { Job } from '../core/job.ts';
import { localAdministrator } from '../core/permission.ts';
import type { JobStore } from '../jobs/job-store.ts';
import type { Service } from './service.ts';
import { createJobWatch, type JobNews } from './watch-job.ts';

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const administrator = () => fixture.as(localAdministrator);

const start = async (): Promise<Job> =>
  (await fixture.service.startExport(administrator(), { database: 'orders' }, { api: 'native' })).job;

const note = (message: string) => ({ level: 'info', event: 'note', message, data: {} }) as const;
const messagesOf = (news: readonly JobNews[]) =>
  news.flatMap((each) => ('log' in each ? [each.log.message] : []));
const statesOf = (news: readonly JobNews[]) =>
  news.flatMap((each) => ('job' in each ? [each.job.state] : []));
const watch = (job: Job, afterSeq = 0): ReturnType<Service['watchJob']> =>
  fixture.service.watchJob(administrator(), job.id, afterSeq);

test('a job at rest is told whole at once: its log in order, then the job', async () => {
  const job = await start();
  await fixture.store.appendLog(job.id, [note('one'), note('two')]);
  await fixture.service.stopJob(administrator(), job.id);
  const news = await collect(watch(job));
  const log = await fixture.service.jobLog(administrator(), job.id, 0);
  assert.deepEqual(
    messagesOf(news),
    log.map(({ message }) => message),
  );
  assert.deepEqual(statesOf(news), ['stopped']);
  assert.ok('job' in (news.at(-1) ?? {}));
  const seq = log.at(-2)?.seq ?? 0;
  assert.deepEqual(messagesOf(await collect(watch(job, seq))), messagesOf(news).slice(-1));
  assert.deepEqual(messagesOf(await collect(watch(job, seq + 1))), []);
});

test('a running job is told as it goes, to everybody the same, and ends with its rest', async () => {
  const job = await start();
  const watchers = Array.from({ length: 20 }, () => collect(watch(job)));
  for (let round = 0; round < 5; round += 1) await fixture.store.appendLog(job.id, [note(`round ${round}`)]);
  await fixture.service.stopJob(administrator(), job.id);
  const log = (await fixture.service.jobLog(administrator(), job.id, 0)).map(({ message }) => message);
  for (const news of await Promise.all(watchers)) {
    assert.deepEqual(messagesOf(news), log);
    assert.equal(statesOf(news).at(-1), 'stopped');
  }
});

test('a log longer than what is kept in memory has no hole and no repetition', async () => {
  const job = await start();
  const long = Array.from({ length: 1700 }, (_, index) => note(`line ${index}`));
  await fixture.store.appendLog(job.id, long.slice(0, 1200));
  const slow = watch(job)[Symbol.asyncIterator]();
  const seen: JobNews[] = [];
  for (let count = 0; count < 10; count += 1) seen.push((await slow.next()).value as JobNews);
  await fixture.store.appendLog(job.id, long.slice(1200));
  await fixture.service.stopJob(administrator(), job.id);
  seen.push(...(await collect({ [Symbol.asyncIterator]: () => slow })));
  const lines = messagesOf(seen).filter((message) => message.startsWith('line'));
  assert.deepEqual(
    lines,
    long.map(({ message }) => message),
  );
});

test('many watchers cost no more looks at the job than one', async () => {
  const job = await start();
  let looks = 0;
  const counting: JobStore = {
    ...fixture.store,
    getJob: (id) => {
      looks += 1;
      return fixture.store.getJob(id);
    },
  };
  const watchJob = createJobWatch(counting, undefined);
  const signal = new AbortController().signal;
  const watchers = Array.from({ length: 100 }, () => collect(watchJob(job.id, 0, signal)));
  await fixture.service.stopJob(administrator(), job.id);
  await Promise.all(watchers);
  // The first look, and at most a few more until the stop was seen by polling; never one for each watcher.
  assert.ok(looks < 20, `${looks} looks`);
});

test('changes by another process are seen by polling', async () => {
  const job = await start();
  const watchJob = createJobWatch(fixture.store, undefined);
  const iterator = watchJob(job.id, 0, AbortSignal.timeout(30_000))[Symbol.asyncIterator]();
  const seen: JobNews[] = [];
  // Up to the first state of the job everything is told at once.
  while (statesOf(seen).length === 0) seen.push((await iterator.next()).value as JobNews);
  await fixture.store.requestStop(job.id);
  seen.push(...(await collect({ [Symbol.asyncIterator]: () => iterator })));
  assert.equal(statesOf(seen).at(-1), 'stopped');
});

test('an aborted watcher ends without an error, and so does one that leaves; others stay', async () => {
  const job = await start();
  const abort = new AbortController();
  const context = { ...administrator(), signal: abort.signal };
  const aborted = collect(fixture.service.watchJob(context, job.id, 0));
  const staying = collect(watch(job));
  for await (const _news of watch(job)) break;
  abort.abort();
  assert.ok((await aborted).length >= 0);
  await fixture.service.stopJob(administrator(), job.id);
  assert.equal(statesOf(await staying).at(-1), 'stopped');
  assert.deepEqual(
    await collect(fixture.service.watchJob({ ...context, caller: localAdministrator }, job.id, 0)),
    [],
  );
});

test('a watch ends when its job is removed', async () => {
  const job = await start();
  await fixture.service.stopJob(administrator(), job.id);
  await fixture.store.prune(Number.MAX_SAFE_INTEGER);
  const watchJob = createJobWatch(fixture.store, undefined);
  assert.deepEqual(await collect(watchJob(job.id, 0, new AbortController().signal)), []);
});

test('a store that fails is an error for every watcher', async () => {
  const broken: JobStore = {
    ...fixture.store,
    getJob: () => Promise.reject(new Error('the disk is gone')),
  };
  const watchJob = createJobWatch(broken, undefined);
  const signal = new AbortController().signal;
  for (const watcher of [1, 2].map(() => collect(watchJob('any', 0, signal)))) {
    await assert.rejects(watcher, { message: 'the disk is gone' });
  }
});
