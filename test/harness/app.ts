import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { openApp } from '../../src/app.ts';
import type { ApiCall, ApiResponse } from '../../src/cli/host.ts';
import { loadOptions } from '../../src/config/load-options.ts';
import type { OptionKey } from '../../src/config/options.ts';

/** A user of the tests. */
export interface TestUser {
  readonly name: string;
  readonly role: string;
  readonly password: string;
  readonly databases?: readonly string[];
}

export interface TestAppOptions {
  /** URLs by name; registered before the app is handed out. */
  readonly databases?: Readonly<Record<string, string>>;
  readonly users?: readonly TestUser[];
  readonly flags?: Partial<Record<OptionKey, string>>;
  /** Options that have no flag, by their variables. */
  readonly environment?: Readonly<Record<string, string>>;
  /** An existing data folder; it is left in place. Default: a new one that is removed. */
  readonly data?: string;
}

/** The whole service on a free port of the loopback, in this process. */
export interface TestApp extends AsyncDisposable {
  /** `http://127.0.0.1:40000` */
  readonly origin: string;
  /** Where the APIs answer that have a port of their own; none unless the flags say so. */
  readonly ownPorts: readonly { readonly title: string; readonly url: string }[];
  readonly data: string;
  /** Folder of the directory DATA_PUMP_DIR. */
  readonly dumps: string;
  /** A request with the rights of the local administrator, without a socket. */
  call(request: ApiCall): Promise<ApiResponse>;
  /** The JSON of a success; fails on any other status with the answer in its message. */
  json<T>(request: ApiCall): Promise<T>;
  /** Waits until the job rests, and gives it. */
  settled(id: string): Promise<TestJob>;
}

/** What tests read of a job of the native API. */
export interface TestJob {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly error_count: number;
  readonly restarts: number;
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string;
    readonly field: string | null;
  } | null;
  readonly progress: {
    readonly rows_done: number;
    readonly percent: number;
    readonly units_done: number;
    readonly units_total: number;
  };
  readonly result: {
    readonly tables: number | null;
    readonly rows: number | null;
    readonly files: number | null;
    readonly failed_tables: readonly string[];
    readonly damaged_files: readonly string[];
  } | null;
}

const restingStates = ['completed', 'failed', 'stopped', 'cancelled'];

export async function startApp({
  databases = {},
  users = [],
  flags = {},
  environment = {},
  data,
}: TestAppOptions = {}): Promise<TestApp> {
  const folder = data ?? (await mkdtemp(path.join(tmpdir(), 'pumphouse-test-')));
  const { values } = await loadOptions({
    env: environment,
    flags: {
      data: folder,
      port: '0',
      redisEnterprisePort: 'off',
      logLevel: 'error',
      shutdownGraceSeconds: '0',
      patienceSeconds: '5',
      ...flags,
    },
  });
  const app = await openApp(values, 'service');
  const { url, ownPorts } = await app.listen();

  async function json<T>(request: ApiCall): Promise<T> {
    const answer = await app.call(request);
    if (answer.status >= 300)
      throw new Error(`${request.method} ${request.path} answered ${answer.status}: ${answer.body}`);
    return (answer.body === '' ? null : JSON.parse(answer.body)) as T;
  }
  const close = async (): Promise<void> => {
    await app[Symbol.asyncDispose]();
    if (data === undefined) await rm(folder, { recursive: true, force: true });
  };
  try {
    for (const [name, target] of Object.entries(databases))
      await json({ method: 'POST', path: '/api/v1/databases', body: { name, url: target } });
    for (const user of users) await json({ method: 'POST', path: '/api/v1/users', body: user });
  } catch (error) {
    // A service left open would keep the test's process from ending.
    await close();
    throw error;
  }

  return {
    origin: url,
    ownPorts,
    data: folder,
    dumps: path.join(folder, 'dumps'),
    call: (request) => app.call(request),
    json,
    settled: async (id) => {
      for (;;) {
        const job = await json<TestJob>({ method: 'GET', path: `/api/v1/jobs/${id}` });
        if (restingStates.includes(job.state)) return job;
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
    },
    [Symbol.asyncDispose]: close,
  };
}
