import { randomBytes } from 'node:crypto';
import { mkdir, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { AppError } from '../../core/errors.ts';
import type { ExitCodeName } from '../exit-codes.ts';
import { formatBytes, formatCount, formatTable } from '../format.ts';
import type { App, CliHost } from '../host.ts';
import { createProgressDisplay } from '../progress.ts';
import { compareDatabases } from './compare-databases.ts';
import { createSampleDatabase } from './sample-database.ts';

export interface DemoOptions {
  /** Leave the service running when the demo is through. */
  readonly keep: boolean;
}

/** What the demo reads of an ORDS job item. */
interface DataPumpJob {
  readonly job_name: string;
  readonly state: string;
  readonly percent_done: number;
  readonly bytes_done: number;
  readonly bytes_total: number;
  readonly rows_done: number;
  readonly error_count: number;
  readonly failure_message: string | null;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

const user = 'demo';
const pollMs = 200;

/**
 * The main job, without any server: makes a sample database, starts the service, exports it with one request to the ORDS API, imports it
 * into a second database with another, and compares both row by row. Works in a folder of its own below the temporary folder.
 */
export async function runDemo(host: CliHost, { keep }: DemoOptions): Promise<ExitCodeName> {
  const say = (line = '') => host.stdout.write(`${line}\n`);
  const folder = await mkdtemp(path.join(tmpdir(), 'pumphouse-demo-'));
  const [source, target] = [path.join(folder, 'shop.db'), path.join(folder, 'shop-copy.db')];
  const data = path.join(folder, 'data');
  await mkdir(data);

  say(`1. Sample database ${source}`);
  const sample = createSampleDatabase(source);
  say(`   ${sample.tables} tables, ${formatCount(sample.rows)} rows, ${formatBytes(sample.bytes)}`);

  const password = randomBytes(9).toString('base64url');
  const options = (await host.loadOptions({ flags: { data, logLevel: 'warn', redisEnterprisePort: 'off' } }))
    .values;
  const app = await host.openApp(options, 'service');
  const { url } = await listen(app);
  say(`2. Service at ${url}, data folder ${data}`);
  await create(app, '/api/v1/databases', { name: 'shop', url: `sqlite:${source}` });
  await create(app, '/api/v1/databases', { name: 'shop_copy', url: `sqlite:${target}` });
  await create(app, '/api/v1/users', {
    name: user,
    role: 'developer',
    password,
    databases: ['shop', 'shop_copy'],
  });

  try {
    const ords = (pool: string) => `${url}/ords/${pool}/${user}/_/db-api/stable/database/datapump`;
    const client = createOrdsClient(password);
    const exportBody = { job_mode: 'FULL', file_name: 'SHOP%U.DMP', threads: 2 };
    const importBody = { job_mode: 'FULL', file_name: 'SHOP%U.DMP', threads: 2 };

    say('3. One request exports it');
    const exported = await run(host, client, 'export', `${ords('shop')}/export`, exportBody);
    say('4. One request imports it into another database');
    const imported = await run(host, client, 'import', `${ords('shop_copy')}/import`, importBody);

    say('5. Both databases, row by row');
    const comparison = compareDatabases(source, target);
    say(
      formatTable(
        ['table', 'rows', 'rows in the copy', 'differing'],
        comparison.tables.map((table) => [
          table.table,
          ...[table.sourceRows, table.targetRows, table.differing].map(formatCount),
        ]),
      ),
    );
    say(
      comparison.equal
        ? '   equal, row by row and object by object'
        : `   DIFFERENT ${comparison.differingObjects.join(', ')}`,
    );
    say();
    say(`The dump is in ${path.join(data, 'dumps')}: ${dumpNames(exported).join(', ')}`);
    say(`Everything of the demo is in ${folder}; remove it when you are done.`);
    say('By hand, while the service runs (pumphouse demo --keep):');
    for (const line of curlLines(ords('shop'), ords('shop_copy'), password, imported.job_name))
      say(`  ${line}`);

    if (keep) {
      say();
      say(`The service keeps running at ${url}, user ${user}, password ${password}. Ctrl-C ends it.`);
      await new Promise<void>((resolve) => host.onInterrupt(() => resolve()));
    }
    return comparison.equal ? 'ok' : 'failed';
  } finally {
    await app[Symbol.asyncDispose]();
  }
}

/** The usual port, or a free one where something else listens there. */
async function listen(app: App): Promise<{ readonly url: string }> {
  try {
    return await app.listen();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'port-in-use') throw error;
    return app.listen(0);
  }
}

async function create(app: App, resource: string, body: unknown): Promise<void> {
  const answer = await app.call({ method: 'POST', path: resource, body });
  if (answer.status !== 201)
    throw new AppError('internal', { message: `POST ${resource} answered ${answer.status}: ${answer.body}` });
}

interface OrdsClient {
  readonly post: (url: string, body: unknown) => Promise<DataPumpJob>;
  readonly get: (url: string) => Promise<DataPumpJob>;
}

function createOrdsClient(password: string): OrdsClient {
  const authorization = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
  const call = async (url: string, init: RequestInit): Promise<DataPumpJob> => {
    const response = await fetch(url, {
      ...init,
      headers: { authorization, 'content-type': 'application/json' },
    });
    const body = (await response.json()) as DataPumpJob & { readonly message?: string };
    if (!response.ok)
      throw new AppError('internal', {
        message: `${url} answered ${response.status}: ${body.message ?? ''}`,
      });
    return body;
  };
  return {
    post: (url, body) => call(url, { method: 'POST', body: JSON.stringify(body) }),
    get: (url) => call(url, {}),
  };
}

/** Sends the request and follows the job by its own link until it ends. */
async function run(
  host: CliHost,
  client: OrdsClient,
  title: string,
  url: string,
  body: unknown,
): Promise<DataPumpJob> {
  let job = await client.post(url, body);
  const self = job.links.find(({ rel }) => rel === 'self')?.href ?? '';
  const display = createProgressDisplay(host.stdout, `   ${title}`);
  try {
    for (;;) {
      display.update({
        state: job.state.toLowerCase(),
        percent: job.percent_done,
        bytesDone: job.bytes_done,
        bytesTotal: job.bytes_total,
        rowsDone: job.rows_done,
      });
      if (!['EXECUTING', 'DEFINING', 'COMPLETING'].includes(job.state)) break;
      await sleep(pollMs);
      job = await client.get(self);
    }
  } finally {
    display.stop();
  }
  if (job.state !== 'COMPLETED' || job.error_count > 0) {
    throw new AppError('internal', {
      message: `The ${title} ended ${job.state}: ${job.failure_message ?? `${job.error_count} errors`}`,
    });
  }
  return job;
}

/** Names of the dump files that a job links to, after its log. */
const dumpNames = (job: DataPumpJob): readonly string[] =>
  job.links
    .filter(({ rel }) => rel === 'related')
    .slice(1)
    .map(({ href }) => decodeURIComponent(href.split('/').at(-1) ?? ''));

function curlLines(
  exportBase: string,
  importBase: string,
  password: string,
  importJob: string,
): readonly string[] {
  const auth = `-u ${user}:${password}`;
  const json = "-H 'Content-Type: application/json'";
  return [
    `curl ${auth} ${json} ${exportBase}/export -d '{"job_mode":"FULL","file_name":"AGAIN%U.DMP","threads":2}'`,
    `curl ${auth} '${exportBase}/jobs/'`,
    `curl ${auth} '${importBase}/jobs/${user.toUpperCase()},${importJob}/'`,
    `curl ${auth} ${json} ${importBase}/import -d '{"job_mode":"FULL","file_name":"AGAIN%U.DMP"}'   # fails: the tables exist`,
  ];
}
