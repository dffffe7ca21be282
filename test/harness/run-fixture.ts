import { EventEmitter, once } from 'node:events';
import { createServer, type IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { systemClock } from '../../src/base/clock.ts';
import type { Definition, DefinitionNode, NodeAction } from '../../src/core/definition.ts';
import { AppError } from '../../src/core/errors.ts';
import type { Job } from '../../src/core/job.ts';
import type { RunRequest } from '../../src/core/request.ts';
import type { Engine } from '../../src/engines/engine.ts';
import type { JobHandler, TaskContext } from '../../src/jobs/handler.ts';
import type { JobStore } from '../../src/jobs/job-store.ts';
import { createLocalDispatcher } from '../../src/jobs/local/dispatcher.ts';
import { createWorker } from '../../src/jobs/worker.ts';
import { createNetwork } from '../../src/network/create-network.ts';
import { createRequestFollower } from '../../src/network/follow-request.ts';
import { createEnvironment, sealTarget } from '../../src/operations/environment.ts';
import { createRunHandler } from '../../src/operations/run.ts';
import { type NodeStanding, nodesOfRun } from '../../src/operations/run-nodes.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { get, newJob } from '../conformance/job-store-fixture.ts';
import { createMemoryLog } from './http-fixture.ts';
import { fastOutage, fastRetry } from './jobs-fixture.ts';
import { makeFolder } from './with-folder.ts';

/** What the server of the tests was asked. */
export interface SeenRequest {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

/** An answer of the server; null: none, for ever; `cut`: the connection ends without one. */
export type Answer = { readonly status: number; readonly body?: string } | 'cut' | null;

export interface RunFixtureOptions {
  /** How requests are answered; default: 200. */
  readonly answer?: (request: SeenRequest, before: readonly SeenRequest[]) => Answer;
  /** What the jobs of nodes do: they are exports in name alone. Default: nothing, well. */
  readonly child?: (job: Job, context: TaskContext) => Promise<void>;
  readonly engines?: readonly Engine[];
  /** URLs of databases by name; connections have the same names. */
  readonly databases?: Readonly<Record<string, string>>;
}

/** Runs on a real store, worker, dispatcher and HTTP server; only what jobs of nodes do is the test's own. */
export interface RunFixture extends AsyncDisposable {
  readonly store: JobStore;
  /** `http://127.0.0.1:40000` */
  readonly origin: string;
  readonly seen: readonly SeenRequest[];
  start(definition: Definition, params?: Readonly<Record<string, string>>): Promise<Job>;
  /** Runs a definition until its job rests. */
  run(definition: Definition, params?: Readonly<Record<string, string>>): Promise<Job>;
  /** Waits until the job is in one of those states; by default until it rests. */
  reached(id: string, ...states: readonly Job['state'][]): Promise<Job>;
  until(predicate: () => boolean | Promise<boolean>): Promise<void>;
  stop(id: string): Promise<void>;
  resume(id: string): Promise<void>;
  cancel(id: string): Promise<void>;
  nodes(id: string): Promise<readonly NodeStanding[]>;
  /** The messages of the job's log. */
  log(id: string): Promise<readonly string[]>;
}

export async function openRunFixture({
  answer = () => ({ status: 200 }),
  child = async () => undefined,
  engines = [],
  databases = {},
}: RunFixtureOptions = {}): Promise<RunFixture> {
  const folder = await makeFolder();
  const seen: SeenRequest[] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const asked: SeenRequest = {
        method: request.method ?? '',
        path: request.url ?? '',
        headers: request.headers,
        body: Buffer.concat(chunks).toString(),
      };
      const before = [...seen];
      seen.push(asked);
      const given = answer(asked, before);
      if (given === 'cut') response.destroy();
      else if (given !== null) response.writeHead(given.status).end(given.body);
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const follower = createRequestFollower(createNetwork({ allow: ['127.0.0.1'] }));

  const { log } = createMemoryLog();
  const opened = await openSqliteStore({ path: folder.join('store.sqlite'), clock: systemClock, log });
  const store = opened.jobs;
  const sealer = { seal: (text: string) => text, unseal: (text: string) => text };
  const environment = createEnvironment({
    engines,
    openStorage: () => {
      throw new Error('Nothing here has a storage.');
    },
    registry: {
      getDatabase: async (name) => {
        const url = databases[name];
        const engine = engines.find(({ schemes }) => schemes.some((scheme) => url?.startsWith(`${scheme}:`)));
        if (url === undefined || engine === undefined) return null;
        return { engine: engine.id, sealedTarget: sealTarget(sealer, engine.parseUrl(url)) };
      },
      getDirectory: async () => null,
      getCredential: async () => null,
    },
    sealer,
  });
  const children: JobHandler = {
    kind: 'verify',
    async run({ job, task }, context) {
      if (task.kind !== 'cleanup') await child(job, context);
      return { type: 'done', result: null };
    },
    onError: () => 'fail-job',
  };
  const unlessDone = async (work: () => Promise<unknown>): Promise<void> => {
    await work().catch((error: unknown) => {
      if (!(error instanceof AppError) || error.code !== 'job-state') throw error;
    });
  };
  const runs = createRunHandler({
    environment,
    jobs: store,
    children: {
      async start(parent, step) {
        const { job } = await store.createJob(newJob({ parent: { jobId: parent.id, step } }));
        dispatcher.notify();
        return job;
      },
    },
    resume: (id) =>
      unlessDone(async () => {
        await store.requestResume(id);
        dispatcher.notify();
      }),
    stop: (id) =>
      unlessDone(async () => {
        await store.requestStop(id);
        dispatcher.interrupt(id);
      }),
    send: follower.send,
    clock: systemClock,
  });
  const worker = createWorker({
    store,
    handlers: [runs, children],
    clock: systemClock,
    log,
    retry: fastRetry,
    outage: fastOutage,
  });
  const dispatcher = createLocalDispatcher({
    store,
    worker,
    workerId: 'local',
    maxRunning: 4,
    clock: systemClock,
    log,
  });
  await dispatcher.start();
  const looks = new EventEmitter();
  const poll = setInterval(() => looks.emit('look'), 10);

  const until: RunFixture['until'] = async (predicate) => {
    while (!(await predicate())) await once(looks, 'look');
  };
  const start: RunFixture['start'] = async (definition, params = {}) => {
    const own = Object.fromEntries(definition.params.map(({ name, value }) => [name, value]));
    const request: RunRequest = {
      kind: 'run',
      database: '',
      workspace: '0'.repeat(32),
      definitionName: 'test',
      version: 1,
      definition,
      scripts: {},
      connections: Object.fromEntries(Object.keys(databases).map((name) => [name, name])),
      params: { ...own, ...params },
      plannedAt: null,
      threads: 4,
    };
    const { job } = await store.createJob(newJob({ request, database: '' }));
    dispatcher.notify();
    return job;
  };
  const reached: RunFixture['reached'] = async (id, ...states: readonly Job['state'][]): Promise<Job> => {
    const wanted = states.length > 0 ? states : ['completed', 'failed', 'stopped', 'cancelled'];
    await until(async () => wanted.includes((await get(store, id)).state));
    return get(store, id);
  };
  const interruptAll = async (id: string): Promise<void> => {
    dispatcher.interrupt(id);
    for (const job of await store.childJobs(id)) dispatcher.interrupt(job.id);
    dispatcher.notify();
  };

  return {
    store,
    origin: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    seen,
    start,
    run: async (definition, params) => reached((await start(definition, params)).id),
    reached,
    until,
    async stop(id) {
      await store.requestStop(id);
      await interruptAll(id);
    },
    async resume(id) {
      await store.requestResume(id);
      dispatcher.notify();
    },
    async cancel(id) {
      await store.requestCancel(id);
      await interruptAll(id);
    },
    async nodes(id) {
      return nodesOfRun(await get(store, id), await store.tasks(id), await store.childJobs(id));
    },
    log: async (id) => (await store.readLog(id, 0, 1000)).map(({ message }) => message),
    async [Symbol.asyncDispose]() {
      clearInterval(poll);
      await dispatcher.drain(0);
      await opened.close();
      follower[Symbol.dispose]();
      server.closeAllConnections();
      server.close();
      await folder[Symbol.asyncDispose]();
    },
  };
}

/** A node that does nothing, unless said otherwise. */
export const nodeOf = (
  name: string,
  action: NodeAction = { type: 'none' },
  changes: Partial<DefinitionNode> = {},
): DefinitionNode => ({
  name,
  action,
  after: [],
  conditions: [],
  retries: 0,
  retryDelaySeconds: 0,
  timeoutSeconds: null,
  onFailure: 'fail',
  ...changes,
});

export const definitionOf = (
  nodes: readonly DefinitionNode[],
  changes: Partial<Definition> = {},
): Definition => ({
  description: '',
  params: [],
  nodes,
  schedule: null,
  timeoutSeconds: null,
  ...changes,
});

export const httpAction = (
  url: string,
  changes: Partial<Extract<NodeAction, { readonly type: 'http' }>> = {},
): NodeAction => ({ type: 'http', method: 'GET', url, headers: {}, body: null, ...changes });

/** A job: what it does is the fixture's own. */
export const jobAction: NodeAction = { type: 'job', job: { kind: 'export', input: { database: 'orders' } } };
