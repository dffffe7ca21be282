import { spawn } from 'node:child_process';
import { closeSync, openSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** What is read of a job of the native API. */
export interface ServiceJob {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly error_count: number;
  readonly restarts: number;
  readonly error: { readonly code: string; readonly message: string } | null;
  readonly progress: { readonly percent: number; readonly units_done: number; readonly units_total: number };
}

/** A service in a process of its own, as users run it: it can be killed. */
export interface ServiceProcess extends AsyncDisposable {
  readonly pid: number;
  readonly data: string;
  readonly url: string;
  /** The bearer token of its local administrator. */
  readonly token: string;
  /** Resolves when the process has ended, whyever. */
  readonly ended: Promise<void>;
  /** The JSON of a success; fails on any other status. */
  request<T>(method: 'GET' | 'POST' | 'PUT' | 'DELETE', resource: string, body?: unknown): Promise<T>;
  start(body: Readonly<Record<string, unknown>>): Promise<ServiceJob>;
  /** Waits until the job rests. */
  settled(id: string): Promise<ServiceJob>;
  /** Starts a job and waits until it is completed; fails when it ends otherwise or with errors. */
  run(body: Readonly<Record<string, unknown>>): Promise<ServiceJob>;
  /** Sends the signal and does not wait. */
  signal(signal: NodeJS.Signals): void;
  /** SIGKILL, and waits until it is gone. The data folder stays. */
  kill(): Promise<void>;
}

export interface ServiceProcessOptions {
  /** A data folder to go on with; it is left in place. Default: a new one that is removed. */
  readonly data?: string;
  /** Further arguments of `pumphouse serve`. */
  readonly flags?: readonly string[];
  /** Further variables of its environment. */
  readonly environment?: Readonly<Record<string, string>>;
  /** File that its standard error is added to; absent: it is that of this process. */
  readonly log?: string;
}

/** How soon a service that says nothing of a job is asked again. */
const pollMs = 20;
const restingStates = ['completed', 'failed', 'stopped', 'cancelled'];

/** Starts `pumphouse serve` on a free port; ready for jobs when this resolves. */
export async function startServiceProcess({
  data: existing,
  flags = [],
  environment = {},
  log,
}: ServiceProcessOptions = {}): Promise<ServiceProcess> {
  const data = existing ?? (await mkdtemp(path.join(os.tmpdir(), 'pumphouse-service-')));
  const file = path.join(data, 'service.json');
  // What a killed predecessor left would be taken for this one's.
  await rm(file, { force: true });
  // By the launcher, for it sets the options of Node that decide on memory and speed; the process becomes Node's.
  const launcher = path.resolve(import.meta.dirname, '../../pumphouse');
  const args = [
    'serve',
    '--port',
    '0',
    '--redis-enterprise-port',
    'off',
    '--data',
    data,
    '--log-level',
    'error',
    '--shutdown-grace',
    '0',
    ...flags,
  ];
  const standardError = log === undefined ? 'inherit' : openSync(log, 'a');
  const child = spawn(launcher, args, {
    stdio: ['ignore', 'ignore', standardError],
    env: { ...process.env, ...environment },
  });
  if (typeof standardError === 'number') closeSync(standardError);
  // The parent may be killed too: nothing may outlive it.
  const end = () => child.kill('SIGKILL');
  process.once('exit', end);
  const exited = new Promise<void>((resolve) => {
    child.once('exit', () => {
      process.off('exit', end);
      resolve();
    });
  });

  let service: { readonly url: string; readonly token: string } | null = null;
  while (service === null) {
    if (child.exitCode !== null || child.signalCode !== null)
      throw new Error(`the service did not start (${child.exitCode ?? child.signalCode})`);
    await sleep(10);
    service = await readFile(file, 'utf8').then(
      (text) => JSON.parse(text) as { readonly url: string; readonly token: string },
      () => null,
    );
  }
  const { url, token } = service;

  async function request<T>(method: string, resource: string, body?: unknown): Promise<T> {
    const response = await fetch(url + resource, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await response.text();
    if (!response.ok) throw new Error(`${method} ${resource} answered ${response.status}: ${text}`);
    return (text === '' ? null : JSON.parse(text)) as T;
  }

  /** By the job's events: to ask fifty times a second would cost a twentieth of what is measured on two cores. */
  async function settled(id: string): Promise<ServiceJob> {
    for (;;) {
      const response = await fetch(`${url}/api/v1/jobs/${id}/events`, {
        headers: { authorization: `Bearer ${token}` },
      });
      for await (const _ of response.body ?? []);
      const job = await request<ServiceJob>('GET', `/api/v1/jobs/${id}`);
      if (restingStates.includes(job.state)) return job;
      await sleep(pollMs);
    }
  }

  const start = (body: Readonly<Record<string, unknown>>) =>
    request<ServiceJob>('POST', '/api/v1/jobs', body);

  return {
    pid: child.pid ?? 0,
    data,
    url,
    token,
    ended: exited,
    request,
    start,
    settled,
    run: async (body) => {
      const job = await settled((await start(body)).id);
      if (job.state !== 'completed' || job.error_count > 0) {
        throw new Error(
          `${job.name} ended ${job.state} with ${job.error_count} errors: ${JSON.stringify(job.error)}`,
        );
      }
      return job;
    },
    signal: (signal) => {
      child.kill(signal);
    },
    kill: async () => {
      child.kill('SIGKILL');
      await exited;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await exited;
      if (existing === undefined) await rm(data, { recursive: true, force: true });
    },
  };
}
