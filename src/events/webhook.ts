import type { Clock } from '../base/clock.ts';
import type { Secret } from '../base/secret.ts';
import { version } from '../base/version.ts';
import { AppError, toAppError } from '../core/errors.ts';
import { type Event, isAlarm } from '../core/event.ts';
import { sendRequest } from '../network/http-request.ts';
import type { Network } from '../network/network.ts';
import { retryAfter } from '../network/retry-after.ts';
import type { EventChannel } from './event-channel.ts';
import { signWebhook } from './webhook-signature.ts';

export interface WebhookOptions {
  /** `https://example.net/hook`; its path may be a secret in itself, so that nothing shows more than the host. */
  readonly url: string;
  /** Null: calls are not signed. */
  readonly secret: Secret | null;
  readonly network: Network;
  readonly clock: Clock;
}

/** Receivers have to take an event quickly, and to work on it afterwards. */
const patienceMs = 15_000;

/** Posts events as JSON. Any answer from 200 to 299 has taken it; redirects are not followed. */
export function createWebhook({
  url: text,
  secret,
  network,
  clock,
}: WebhookOptions): EventChannel & Disposable {
  const url = new URL(text);
  const agents = network.agents({ maxSockets: 2, ca: null });
  return {
    name: 'webhook',
    takes: () => true,
    async send(event, signal) {
      const id = `event-${event.seq}`;
      const seconds = Math.floor(clock.now() / 1000);
      const body = JSON.stringify(bodyOf(event));
      const late = AbortSignal.timeout(patienceMs);
      const answer = await sendRequest(
        agents,
        {
          method: 'POST',
          url,
          headers: {
            'content-type': 'application/json',
            'content-length': Buffer.byteLength(body),
            'user-agent': `Pumphouse/${version}`,
            'webhook-id': id,
            'webhook-timestamp': String(seconds),
            ...(secret === null ? {} : { 'webhook-signature': signWebhook(secret, id, seconds, body) }),
          },
          body: Buffer.from(body),
        },
        AbortSignal.any([signal, late]),
      ).catch((error: unknown) => {
        throw signal.aborted ? error : reworded(error, url, late.aborted);
      });
      answer.discard();
      if (answer.status >= 200 && answer.status < 300) return;
      throw new AppError('webhook-unsent', {
        message: `The webhook at ${url.host} answered ${answer.status}.`,
        context: { status: answer.status, ...retryAfter(answer.headers, clock.now()) },
      });
    },
    [Symbol.dispose]: () => agents.destroy(),
  };
}

/** The event in the members of the native API. */
const bodyOf = (event: Event) => ({
  seq: event.seq,
  type: event.type,
  at: new Date(event.at).toISOString(),
  alarm: isAlarm(event.type),
  message: event.message,
  database: event.database,
  job: event.jobId,
  data: event.data,
});

/** What went wrong before there was an answer; a refusal of the URL policy stays what it is. */
function reworded(error: unknown, { host }: URL, isLate: boolean): AppError {
  const { code, message } = toAppError(error);
  if (error instanceof AppError && code === 'address-refused') return error;
  return new AppError('webhook-unsent', {
    message: isLate ? `The webhook at ${host} does not answer.` : `The webhook cannot be called: ${message}`,
    cause: error,
  });
}
