import { randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ClusterInstance } from './cluster-instance.ts';
import type { ServiceJob } from './service-process.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

/** A client of several instances, as one behind a balancer: what one does not answer, it asks another. */
export interface ClusterClient {
  /** The JSON of a success by any instance; fails on any other status, and when none has answered for minutes. */
  request<T>(method: Method, resource: string, body?: unknown): Promise<T>;
  /** The answer of that instance, whatever it is. */
  ask(instance: ClusterInstance, method: Method, resource: string, body?: unknown): Promise<Response>;
  /** Starts a job, once, however often it has to be asked for. */
  start(body: Readonly<Record<string, unknown>>): Promise<ServiceJob>;
  job(id: string): Promise<ServiceJob>;
  /** Waits until the job rests. */
  settled(id: string): Promise<ServiceJob>;
  /** Starts a job and waits until it is completed; fails when it ends otherwise or with errors. */
  run(body: Readonly<Record<string, unknown>>): Promise<ServiceJob>;
}

/** How long one instance has to answer before another is asked. */
const answerMs = 5_000;
/** How long all of them together have. */
const patienceMs = 180_000;
const pollMs = 100;
const restingStates = ['completed', 'failed', 'stopped', 'cancelled'];
/** The instance cannot answer now; another may. */
const unable = [500, 502, 503, 504];

/** Where one asks who does not choose the instance. */
export interface Front {
  readonly url: string;
  /** Header of a user that all instances know. */
  readonly authorization: string;
}

/** @param front null: the instances are asked in turn */
export function createClusterClient(
  instances: readonly ClusterInstance[],
  front: Front | null = null,
): ClusterClient {
  let turn = 0;

  const send = (
    { url, authorization }: Front,
    method: Method,
    resource: string,
    body: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Response> =>
    fetch(url + resource, {
      method,
      signal: AbortSignal.timeout(answerMs),
      headers: {
        authorization,
        ...headers,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });

  const frontOf = ({ process: { url, token } }: ClusterInstance): Front => ({
    url,
    authorization: `Bearer ${token}`,
  });

  /** Null: nobody to ask now. What is known to be unable is not worth a time-out; what answers although it is cut off is part of the test. */
  const next = (): Front | null => {
    if (front !== null) return front;
    const instance = instances[turn++ % instances.length] as ClusterInstance;
    return instance.state === 'gone' || instance.state === 'frozen' ? null : frontOf(instance);
  };

  const request = async <T>(
    method: Method,
    resource: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<T> => {
    const end = performance.now() + patienceMs;
    for (let last = 'nobody was asked'; ; await sleep(20)) {
      if (performance.now() > end) throw new Error(`${method} ${resource}: no instance answers; ${last}`);
      const place = next();
      if (place === null) continue;
      let status = 0;
      try {
        const answer = await send(place, method, resource, body, headers);
        status = answer.status;
        last = `${place.url}: ${status} ${await answer.clone().text()}`;
        if (answer.ok) return (status === 204 ? null : await answer.json()) as T;
      } catch (error) {
        last = `${place.url}: ${String(error)}`;
        continue;
      }
      if (!unable.includes(status)) throw new Error(`${method} ${resource} answered by ${last}`);
    }
  };

  const job = (id: string) => request<ServiceJob>('GET', `/api/v1/jobs/${id}`);
  const settled = async (id: string): Promise<ServiceJob> => {
    for (;;) {
      const found = await job(id);
      if (restingStates.includes(found.state)) return found;
      await sleep(pollMs);
    }
  };
  const start = (body: Readonly<Record<string, unknown>>) =>
    request<ServiceJob>('POST', '/api/v1/jobs', body, { 'idempotency-key': randomUUID() });

  return {
    request,
    ask: (instance, method, resource, body) => send(frontOf(instance), method, resource, body),
    start,
    job,
    settled,
    run: async (body) => {
      const done = await settled((await start(body)).id);
      if (done.state === 'completed' && done.error_count === 0) return done;
      throw new Error(
        `${done.name} ended ${done.state} with ${done.error_count} errors: ${JSON.stringify(done.error)}`,
      );
    },
  };
}
