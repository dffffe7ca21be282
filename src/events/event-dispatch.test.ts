import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { createMemoryLog, type LogLine } from '../../test/harness/http-fixture.ts';
import { startMailServer } from '../../test/harness/mail-server.ts';
import { startWebhookReceiver } from '../../test/harness/webhook-receiver.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { systemClock } from '../base/clock.ts';
import { Secret } from '../base/secret.ts';
import type { EventType } from '../core/event.ts';
import type { EventStore } from '../jobs/event-store.ts';
import { createSmtpMailer } from '../mail/smtp-mailer.ts';
import { createNetwork } from '../network/create-network.ts';
import { openSqliteStore } from '../store/sqlite-store.ts';
import { createAlarmMail } from './alarm-mail.ts';
import type { EventChannel } from './event-channel.ts';
import { createEventDispatch, type EventDispatch } from './event-dispatch.ts';
import { createEventWriter } from './event-writer.ts';
import { createWebhook } from './webhook.ts';

const secret = 'Lantern7-harbour';

interface Stage {
  /** What operators see of the log. */
  told(): readonly LogLine[];
  /** Writes an event that goes out on both channels. */
  tell(type: EventType, message?: string): Promise<void>;
  dispatch(channels: readonly EventChannel[], attempts?: number): EventDispatch;
  /** Waits until nothing is due any more, now or later. */
  settled(): Promise<void>;
}

async function onStage(work: (stage: Stage) => Promise<void>): Promise<void> {
  await withFolder(async (folder) => {
    const { log, lines } = createMemoryLog();
    await using store = await openSqliteStore({ path: `${folder}/store.sqlite`, clock: systemClock, log });
    const unsettled = new Set<string>();
    const write = createEventWriter(store.events, { webhook: true, mail: () => true });
    const { promise, resolve } = Promise.withResolvers<void>();
    const watched: Pick<EventStore, 'claimDelivery' | 'settleDelivery'> = {
      claimDelivery: (leaseMs) => store.events.claimDelivery(leaseMs),
      async settleDelivery(delivery, retryAt) {
        await store.events.settleDelivery(delivery, retryAt);
        if (retryAt === null) unsettled.delete(delivery.event.key);
        if (unsettled.size === 0) resolve();
      },
    };
    let count = 0;
    await work({
      told: () => lines.filter(({ level }) => level !== 'debug'),
      async tell(type, message = `${type} happened.`) {
        count += 1;
        const key = `key-${count}`;
        unsettled.add(key);
        await write({ type, message, database: 'orders', jobId: 'J1', data: { rows: 5 }, key });
      },
      dispatch: (channels, attempts = 5) =>
        createEventDispatch({
          store: watched,
          channels,
          clock: systemClock,
          log,
          retry: { attempts, firstDelayMs: 1, maxDelayMs: 1 },
          everyMs: 5,
        }),
      settled: () => promise,
    });
  });
}

const webhookTo = (url: string, allow: readonly string[] = ['127.0.0.1']) =>
  createWebhook({
    url,
    secret: new Secret(secret),
    network: createNetwork({ allow }),
    clock: systemClock,
  });
const mailTo = (port: number) =>
  createAlarmMail(
    createSmtpMailer({ url: `smtp://127.0.0.1:${port}`, password: null, from: 'pump@example.net' }),
    () => ['crew@example.net'],
  );

describe('events on their way', () => {
  it('are posted as JSON, signed over id, time and body', async () => {
    await onStage(async ({ tell, dispatch, settled }) => {
      await using receiver = await startWebhookReceiver();
      using webhook = webhookTo(receiver.url);
      await tell('backup.completed', 'Backup 1 of orders is complete: 5 rows, ü.');
      const events = dispatch([webhook]);
      events.start();
      await settled();
      await events.stop();
      const [call, ...more] = receiver.calls;
      assert.deepEqual([call?.method, call?.path, more.length], ['POST', '/hook', 0]);
      const { at, ...body } = JSON.parse(call?.body ?? '') as Record<string, unknown>;
      assert.match(String(at), /^\d{4}-.*Z$/);
      assert.deepEqual(body, {
        seq: 1,
        type: 'backup.completed',
        alarm: false,
        message: 'Backup 1 of orders is complete: 5 rows, ü.',
        database: 'orders',
        job: 'J1',
        data: { rows: 5 },
      });
      const headers = call?.headers ?? {};
      assert.equal(headers['content-type'], 'application/json');
      assert.equal(headers['webhook-id'], 'event-1');
      const signed = `event-1.${headers['webhook-timestamp']}.${call?.body}`;
      assert.equal(
        headers['webhook-signature'],
        `v1,${createHmac('sha256', secret).update(signed).digest('base64')}`,
      );
      assert.ok(Math.abs(Number(headers['webhook-timestamp']) - Date.now() / 1000) < 3600);
    });
  });

  it('are sent again until they are taken, under the same id, and not followed elsewhere', async () => {
    await onStage(async ({ tell, dispatch, settled, told }) => {
      const answers = [500, 302, 429];
      await using receiver = await startWebhookReceiver((_call, n) => ({
        status: answers[n] ?? 200,
        headers: { location: '/elsewhere', 'retry-after': '3600' },
      }));
      using webhook = webhookTo(receiver.url);
      await tell('backup.failed');
      const events = dispatch([webhook]);
      events.start();
      await settled();
      await events.stop();
      assert.deepEqual(
        receiver.calls.map(({ path, headers }) => [path, headers['webhook-id']]),
        Array.from({ length: 4 }, () => ['/hook', 'event-1']),
      );
      assert.deepEqual(
        told().map(({ level, data }) => [level, data.attempt]),
        [
          ['warn', 1],
          ['warn', 2],
          ['warn', 3],
        ],
      );
    });
  });

  it('are given up after the last try, which the log says as an error; no secret is in it', async () => {
    await onStage(async ({ tell, dispatch, settled, told }) => {
      await using receiver = await startWebhookReceiver(() => ({ status: 503 }));
      using webhook = webhookTo(`${receiver.url}/token-in-the-path`);
      await tell('backup.completed');
      const events = dispatch([webhook], 2);
      events.start();
      await settled();
      await events.stop();
      assert.equal(receiver.calls.length, 2);
      assert.deepEqual(
        told().map(({ level }) => level),
        ['warn', 'error'],
      );
      const text = inspect(told(), { depth: 9 });
      assert.match(text, /answered 503/);
      assert.doesNotMatch(text, /Lantern7|token-in-the-path/);
    });
  });

  it('do not go where the URL policy refuses it', async () => {
    await onStage(async ({ tell, dispatch, settled, told }) => {
      await using receiver = await startWebhookReceiver();
      using webhook = webhookTo(receiver.url, []);
      await tell('backup.completed');
      const events = dispatch([webhook], 1);
      events.start();
      await settled();
      await events.stop();
      assert.deepEqual(receiver.calls, []);
      assert.match(inspect(told(), { depth: 9 }), /address-refused/);
    });
  });

  it('go by mail too when they are alarms; a channel that has one does not get it again, whichever process tries', async () => {
    await onStage(async ({ tell, dispatch, settled }) => {
      await using receiver = await startWebhookReceiver((_call, n) => ({ status: n === 0 ? 500 : 204 }));
      await using server = await startMailServer();
      using webhook = webhookTo(receiver.url);
      await tell('backup.damaged', 'Backup 7 of orders is damaged.');
      await tell('backup.completed');
      const processes = [1, 2, 3].map(() => dispatch([webhook, mailTo(server.port)]));
      for (const events of processes) events.start();
      await settled();
      for (const events of processes) await events.stop();
      assert.equal(receiver.calls.length, 3);
      const [mail, ...more] = server.mails;
      assert.deepEqual([mail?.to, more.length], [['crew@example.net'], 0]);
      assert.match(mail?.raw ?? '', /^Subject: backup\.damaged of database orders\r$/m);
      assert.match(mail?.raw ?? '', /^Backup 7 of orders is damaged\.\r$/m);
      assert.match(mail?.raw ?? '', /^Message-ID: <event-1\.\d+@example\.net>/m);
    });
  });

  it('that are being sent when the service stops are due again at once', async () => {
    await onStage(async ({ tell, dispatch, settled }) => {
      await using receiver = await startWebhookReceiver((_call, n) => (n === 0 ? null : { status: 204 }));
      using webhook = webhookTo(receiver.url);
      await tell('backup.completed');
      // Also the last try of all.
      const first = dispatch([webhook], 1);
      first.start();
      await receiver.received(1);
      await first.stop();
      const second = dispatch([webhook]);
      second.start();
      await settled();
      await second.stop();
      assert.deepEqual(
        receiver.calls.map(({ headers }) => headers['webhook-id']),
        ['event-1', 'event-1'],
      );
    });
  });
});

describe('an event', () => {
  it('is written once per key, and due only where a channel takes it', async () => {
    await withFolder(async (folder) => {
      const { log } = createMemoryLog();
      await using store = await openSqliteStore({ path: `${folder}/store.sqlite`, clock: systemClock, log });
      const event = { message: 'x', database: null, jobId: null, data: {} };
      const onlyMail = createEventWriter(store.events, { webhook: false, mail: () => true });
      for (const key of ['a', 'a']) await onlyMail({ ...event, type: 'backup.completed', key });
      assert.equal(await store.events.claimDelivery(1000), null);
      for (const key of ['b', 'b']) await onlyMail({ ...event, type: 'backup.failed', key });
      assert.equal((await store.events.claimDelivery(1000))?.event.key, 'b');
      assert.equal(await store.events.claimDelivery(1000), null);
      const all = await store.events.listEvents({ afterSeq: 0, limit: 10 });
      assert.deepEqual(
        all.map(({ key }) => key),
        ['a', 'b'],
      );
    });
  });
});
