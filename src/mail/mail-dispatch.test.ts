import assert from 'node:assert/strict';
import { createServer } from 'node:net';
import { describe, it } from 'node:test';
import { setDefaultCACertificates } from 'node:tls';
import { claim, done, failure, newJob } from '../../test/conformance/job-store-fixture.ts';
import { createMemoryLog } from '../../test/harness/http-fixture.ts';
import { type MailServerOptions, startMailServer } from '../../test/harness/mail-server.ts';
import { makeSelfSignedCertificate } from '../../test/harness/self-signed-certificate.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { systemClock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import type { Job, JobLogEntry } from '../core/job.ts';
import type { JobStore } from '../jobs/job-store.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { createMailDispatch, type MailDispatch } from './mail-dispatch.ts';
import { createSmtpMailer } from './smtp-mailer.ts';

const to = ['ann@example.net'];
const retry = { attempts: 3, firstDelayMs: 1, maxDelayMs: 1 };

interface Stage {
  readonly jobs: JobStore;
  dispatch(url: string, password?: string): MailDispatch;
  /** A job that completed or failed. */
  ended(how: 'completed' | 'failed', to?: readonly string[]): Promise<Job>;
  /** What the job's log says of mails, as soon as that many entries do. */
  told(job: Job, count: number): Promise<readonly JobLogEntry[]>;
}

async function onStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const { log } = createMemoryLog();
    await using store = await openSqliteStore({ path: `${folder}/store.sqlite`, clock: systemClock, log });
    const { jobs } = store;
    await work({
      jobs,
      dispatch: (url, password) =>
        createMailDispatch({
          store: jobs,
          mailer: createSmtpMailer({
            url,
            password: password === undefined ? null : new Secret(password),
            from: 'pump@example.net',
          }),
          clock: systemClock,
          log,
          retry,
          everyMs: 5,
        }),
      async ended(how, mailTo = to) {
        await jobs.createJob(newJob({ mailTo }));
        const plan = await claim(jobs);
        if (how === 'completed') await jobs.completeTask(plan.lease, done());
        else await jobs.failJob(plan.lease, failure);
        return (await jobs.getJob(plan.job.id)) as Job;
      },
      async told(job, count) {
        for (const begin = Date.now(); Date.now() < begin + 30_000; ) {
          const entries = (await jobs.readLog(job.id, 0, 1000)).filter(({ data }) => data.mail === true);
          if (entries.length >= count) return entries;
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
        throw new Error('The log of the job tells of no such mail.');
      },
    });
  });
}

/** Sends to a server of that kind, and gives what both sides have. */
async function sent(
  server: MailServerOptions,
  urlOf: (port: number) => string,
  password: string | undefined,
  entries: number,
) {
  let result: Awaited<ReturnType<typeof outcome>> | undefined;
  async function outcome(stage: Stage) {
    await using receiver = await startMailServer(server);
    const dispatch = stage.dispatch(urlOf(receiver.port), password);
    const job = await stage.ended('completed');
    dispatch.start();
    const log = await stage.told(job, entries);
    await dispatch.stop();
    return { mails: [...receiver.mails], log, job };
  }
  await onStage(async (stage) => {
    result = await outcome(stage);
  });
  assert.ok(result);
  return result;
}

describe('mails about ended jobs', () => {
  it('tell of completed and failed jobs, once each, and nobody where nobody is to be told', async () => {
    await onStage(async ({ jobs, dispatch, ended, told }) => {
      await using server = await startMailServer();
      await ended('completed', []);
      const job = await ended('completed');
      const failed = await ended('failed', ['ann@example.net', 'crew@example.net']);
      const mails = dispatch(`smtp://127.0.0.1:${server.port}`);
      mails.start();
      const [entry] = await told(job, 1);
      assert.equal(entry?.level, 'info');
      assert.match(entry?.message ?? '', /went to ann@example\.net\.$/);
      await told(failed, 1);
      await mails.stop();
      assert.deepEqual(
        server.mails.map(({ from, to }) => ({ from, to })),
        [
          { from: 'pump@example.net', to: ['ann@example.net'] },
          { from: 'pump@example.net', to: ['ann@example.net', 'crew@example.net'] },
        ],
      );
      const [first, second] = server.mails;
      assert.match(
        first?.raw ?? '',
        new RegExp(`^Message-ID: <${job.id}\\.${job.finishedAt}@example\\.net>`, 'm'),
      );
      assert.match(first?.raw ?? '', /^Subject: Verification JOB_\d+_0 of database orders completed/m);
      assert.match(first?.raw ?? '', /^Auto-Submitted: auto-generated/m);
      assert.match(second?.raw ?? '', /The disk is gone\./);
      assert.equal((await jobs.getJob(job.id))?.state, 'completed');
    });
  });

  it('are due again when a job that failed is resumed and ends again', async () => {
    await onStage(async ({ jobs, dispatch, ended, told }) => {
      await using server = await startMailServer();
      const mails = dispatch(`smtp://127.0.0.1:${server.port}`);
      const job = await ended('failed');
      mails.start();
      await told(job, 1);
      await jobs.requestResume(job.id);
      await jobs.completeTask((await claim(jobs)).lease, done());
      await told(job, 2);
      await mails.stop();
      assert.deepEqual(
        server.mails.map(({ raw }) => /^Subject: .* (\w+)\r$/m.exec(raw)?.[1]),
        ['failed', 'completed'],
      );
    });
  });

  it('are tried again while the server refuses for now, and then they arrive', async () => {
    let refusals = 2;
    const { mails, log } = await sent(
      { refuse: () => (refusals-- > 0 ? { code: 451, text: 'Come back later' } : null) },
      (port) => `smtp://127.0.0.1:${port}`,
      undefined,
      3,
    );
    assert.equal(mails.length, 1);
    assert.deepEqual(
      log.map(({ level }) => level),
      ['warn', 'warn', 'info'],
    );
    assert.match(log[0]?.message ?? '', /was not sent\. .*Come back later\. Trying again in 1 s\.$/);
  });

  it('are given up after the last try, or at once when refused for good; the job stays as it is', async () => {
    const never = await sent(
      { refuse: () => ({ code: 451, text: 'Not today' }) },
      (port) => `smtp://127.0.0.1:${port}`,
      undefined,
      3,
    );
    assert.match(never.log[2]?.message ?? '', /It is not tried again\.$/);
    const refused = await sent({ refusedRecipients: to }, (port) => `smtp://127.0.0.1:${port}`, undefined, 1);
    assert.match(refused.log[0]?.message ?? '', /No such mailbox.* It is not tried again\.$/);
    assert.deepEqual([never.mails.length, refused.mails.length], [0, 0]);
  });

  it('log in over STARTTLS and over TLS, and check the certificate', async () => {
    const certificate = makeSelfSignedCertificate();
    const server = { certificate, user: { name: 'pump', password: 'Lantern7' } };
    const distrusted = await sent(
      { ...server, fromTheStart: true },
      (port) => `smtps://pump@localhost:${port}`,
      'Lantern7',
      3,
    );
    assert.equal(distrusted.mails.length, 0);
    assert.match(distrusted.log[0]?.message ?? '', /certificate/);
    setDefaultCACertificates([certificate.certificate]);
    for (const [fromTheStart, scheme] of [
      [true, 'smtps'],
      [false, 'smtp'],
    ] as const) {
      const { mails } = await sent(
        { ...server, fromTheStart },
        (port) => `${scheme}://pump@localhost:${port}`,
        'Lantern7',
        1,
      );
      assert.deepEqual(
        mails.map(({ secure, user }) => ({ secure, user })),
        [{ secure: true, user: 'pump' }],
      );
    }
  });

  it('give a password to another machine over TLS only', async () => {
    const seen: unknown[] = [];
    const { log } = await sent(
      { user: { name: 'pump', password: 'Lantern7' }, host: '127.0.0.2', onLogin: () => seen.push(1) },
      (port) => `smtp://pump@127.0.0.2:${port}`,
      'Lantern7',
      3,
    );
    assert.match(log[0]?.message ?? '', /offers no TLS that could be used/);
    assert.deepEqual(seen, []);
  });

  it('say that the login is wrong, without the password', async () => {
    const { mails, log } = await sent(
      { user: { name: 'pump', password: 'Lantern7' } },
      (port) => `smtp://pump@127.0.0.1:${port}`,
      'Dovekie2',
      3,
    );
    assert.equal(mails.length, 0);
    for (const { message } of log) assert.doesNotMatch(message, /Dovekie2|Lantern7/);
    assert.match(log[0]?.message ?? '', /does not take the user and password/);
  });

  it('are broken off by a stop, and sent by the next process', async () => {
    await onStage(async ({ dispatch, ended, told }) => {
      const reached = Promise.withResolvers<void>();
      const silent = createServer(() => reached.resolve()).listen(0, '127.0.0.1');
      await new Promise((resolve) => silent.once('listening', resolve));
      const { port } = silent.address() as { port: number };
      const first = dispatch(`smtp://127.0.0.1:${port}`);
      const job = await ended('completed');
      first.start();
      await reached.promise;
      await first.stop();
      await new Promise((resolve) => silent.close(resolve));
      await using server = await startMailServer();
      const second = dispatch(`smtp://127.0.0.1:${server.port}`);
      second.start();
      const log = await told(job, 1);
      await second.stop();
      assert.deepEqual(
        log.map(({ level }) => level),
        ['info'],
      );
      assert.equal(server.mails.length, 1);
    });
  });
});

describe('createSmtpMailer', () => {
  it('refuses a user without a password, and a password without a user', () => {
    const options = { from: null };
    assert.throws(() => createSmtpMailer({ ...options, url: 'smtp://ann@h', password: null }), {
      code: 'option-invalid',
      field: 'smtp-password',
    });
    assert.throws(() => createSmtpMailer({ ...options, url: 'smtp://h', password: new Secret('x') }), {
      code: 'option-invalid',
      field: 'smtp-url',
    });
  });
});
