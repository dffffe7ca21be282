import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

/** A service in a process of its own, as users run it. */
export interface ServiceProcess extends AsyncDisposable {
  readonly pid: number;
  readonly data: string;
  readonly url: string;
  request<T>(method: 'GET' | 'POST' | 'DELETE', resource: string, body?: unknown): Promise<T>;
  /** Starts a job and waits until it is completed; fails when it ends otherwise or with errors. */
  run(body: Readonly<Record<string, unknown>>): Promise<{ readonly name: string }>;
}

interface Job {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly error_count: number;
  readonly error: unknown;
}

/** How finely the end of a job is seen. */
const pollMs = 20;

export async function startServiceProcess(): Promise<ServiceProcess> {
  const data = await mkdtemp(path.join(os.tmpdir(), 'pumphouse-bench-'));
  const main = path.resolve(import.meta.dirname, '../src/main.ts');
  const child = spawn(
    process.execPath,
    [main, 'serve', '--port', '0', '--data', data, '--log-level', 'error'],
    {
      stdio: ['ignore', 'ignore', 'inherit'],
      env: { ...process.env, UV_THREADPOOL_SIZE: '16' },
    },
  );
  const exited = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const file = path.join(data, 'service.json');
  let service: { readonly url: string; readonly token: string } | null = null;
  while (service === null) {
    if (child.exitCode !== null) throw new Error('the service did not start');
    await sleep(20);
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

  return {
    pid: child.pid ?? 0,
    data,
    url,
    request,
    run: async (body) => {
      let job = await request<Job>('POST', '/api/v1/jobs', body);
      while (!['completed', 'failed', 'stopped', 'cancelled'].includes(job.state)) {
        await sleep(pollMs);
        job = await request<Job>('GET', `/api/v1/jobs/${job.id}`);
      }
      if (job.state !== 'completed' || job.error_count > 0)
        throw new Error(`job ended ${job.state}: ${JSON.stringify(job.error)}`);
      return job;
    },
    [Symbol.asyncDispose]: async () => {
      child.kill('SIGTERM');
      await exited;
      await rm(data, { recursive: true, force: true });
    },
  };
}
