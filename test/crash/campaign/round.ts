import assert from 'node:assert/strict';
import { readdir, readFile, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../harness/random.ts';
import type { ServiceJob } from '../../harness/service-process.ts';
import { type Blow, blows, chooseBlow, keepAliveMs } from './blows.ts';
import type { Side, Stage } from './stage.ts';
import { takeStock } from './stock.ts';

/** What a round does to data while it is hit. */
export const works = ['export', 'import', 'copy'] as const;
export type Work = (typeof works)[number];

export interface RoundPlan {
  readonly work: Work;
  readonly encoding: 'text' | 'binary';
  readonly form: 'folder' | 'pattern' | 'file';
  /** Instead of leaving the job to finish, it is cancelled after the blows. */
  readonly cancel: boolean;
  readonly blows: readonly { readonly blow: Blow; readonly afterMs: number }[];
}

/** What happened, for the record of the campaign. */
export interface RoundOutcome {
  readonly plan: RoundPlan;
  readonly end: string;
  /** How often the data was started again under a new snapshot. */
  readonly restarts: number;
  /** Blows that found the job at work. */
  readonly hits: number;
  /** Why the job had failed, each time that it was resumed. */
  readonly resumed: readonly string[];
  readonly seconds: number;
}

export interface Background {
  readonly database: string;
  readonly expected: unknown;
  /** A good set to import, by encoding. */
  readonly sets: Readonly<Record<'text' | 'binary', string>>;
}

/** The longest wait before a blow: about the time that a job takes when nothing happens. */
const withinMs = 1_200;
const mostBlows = 3;
/** A job that failed says that it can be resumed; more often than this is no accident. */
const mostResumes = 5;
const patienceMs = 5 * 60_000;

export function planRound(random: Random, work: Work): RoundPlan {
  const pick = <T>(choices: readonly T[]): T => choices[random.between(0, choices.length - 1)] as T;
  return {
    work,
    encoding: pick(['text', 'binary']),
    form: pick(['folder', 'folder', 'pattern', 'file']),
    cancel: random.next() < 0.1,
    blows: Array.from({ length: random.between(1, mostBlows) }, () => ({
      blow: chooseBlow(random),
      afterMs: random.between(0, withinMs),
    })),
  };
}

/** Runs the plan and checks every promise; throws what does not hold. */
export async function runRound(
  stage: Stage,
  background: Background,
  plan: RoundPlan,
  random: Random,
): Promise<RoundOutcome> {
  const started = performance.now();
  const target = `round_${Math.floor(random.next() * 1e9)}`;
  await stage.target.server.createDatabase(target);
  await stage.service.request('POST', '/api/v1/databases', { name: target, url: stage.target.url(target) });
  const { id, name } = await stage.service.start(bodyOf(background, plan, target));

  let hits = 0;
  for (const { blow, afterMs } of plan.blows) {
    await sleep(afterMs);
    const { state } = await stage.service.request<ServiceJob>('GET', `/api/v1/jobs/${id}`);
    if (state !== 'completed') hits += 1;
    await blows[blow](stage, random, sidesOf(stage, plan.work));
  }
  if (plan.cancel) await stage.service.request('POST', `/api/v1/jobs/${id}/cancel`).catch(() => undefined);
  const { job, resumed } = await finish(stage, id);

  if (job.state === 'completed') {
    assert.equal(job.error_count, 0, `errors of job ${id}`);
    if (plan.work === 'export') await checkSet(stage, plan, name);
    else
      assert.deepEqual(
        await takeStock(stage.target.server, target),
        await expectedOf(stage, background, plan),
      );
  } else {
    assert.ok(plan.cancel && job.state === 'cancelled', `job ${id} ended ${job.state}`);
    if (plan.work === 'export')
      assert.deepEqual(await filesOf(stage, plan, name), [], 'files of a cancelled job');
  }
  await checkRemains(stage, plan, target);
  await stage.service.request('DELETE', `/api/v1/databases/${target}`);
  await stage.target.server.query('postgres', `DROP DATABASE ${target}`);
  await removeSet(stage, plan, name);
  return {
    plan,
    end: job.state,
    restarts: job.restarts,
    hits,
    resumed,
    seconds: (performance.now() - started) / 1000,
  };
}

function sidesOf({ source, target }: Stage, work: Work): readonly Side[] {
  if (work === 'copy') return [source, target];
  return work === 'export' ? [source] : [target];
}

/** A crash lets the sequences of the server jump ahead, so a copy gets the value that the source has by now. */
async function expectedOf({ source }: Stage, background: Background, { work }: RoundPlan): Promise<unknown> {
  return work === 'copy' ? takeStock(source.server, background.database) : background.expected;
}

function bodyOf({ database, sets }: Background, plan: RoundPlan, target: string): Record<string, unknown> {
  const { work, encoding } = plan;
  switch (work) {
    case 'export':
      return {
        kind: 'export',
        database,
        mode: 'full',
        threads: 3,
        encoding,
        ...(plan.form === 'folder' ? {} : { file_pattern: packedNames[plan.form] }),
      };
    case 'import':
      return { kind: 'import', database: target, file_pattern: sets[encoding], threads: 3 };
    case 'copy':
      return { kind: 'copy', database, target, mode: 'full', threads: 3 };
    default:
      return work satisfies never;
  }
}

const packedNames = { pattern: 'ROUND%U.DMP', file: 'round.dmp' } as const;

/** (a) Waits for the end of the job; it must still be there, whatever happened. */
async function finish(
  stage: Stage,
  id: string,
): Promise<{ readonly job: ServiceJob; readonly resumed: readonly string[] }> {
  const deadline = performance.now() + patienceMs;
  const resumed: string[] = [];
  for (;;) {
    assert.ok(performance.now() < deadline, `job ${id} does not end`);
    const job = await stage.service.request<ServiceJob>('GET', `/api/v1/jobs/${id}`);
    if (job.state === 'completed' || job.state === 'cancelled') return { job, resumed };
    if (job.state === 'failed' || job.state === 'stopped') {
      resumed.push(job.error?.message ?? job.state);
      assert.ok(resumed.length <= mostResumes, `job ${id} fails again and again: ${resumed.join(' ')}`);
      await stage.service.request('POST', `/api/v1/jobs/${id}/resume`);
    }
    await sleep(50);
  }
}

/** (b) A set that has a manifest passes verification, and (f) no file is there that it does not name. */
async function checkSet(stage: Stage, plan: RoundPlan, jobName: string): Promise<void> {
  const pattern = plan.form === 'folder' ? jobName : packedNames[plan.form];
  await stage.service.run({ kind: 'verify', file_pattern: pattern, threads: 2 });
  const found = await filesOf(stage, plan, jobName);
  assert.deepEqual(
    found.filter((name) => path.basename(name).startsWith('.')),
    [],
    'unfinished files',
  );
  if (plan.form !== 'folder') return;
  const folder = path.join(stage.service.data, 'dumps', jobName);
  const manifest = JSON.parse(await readFile(path.join(folder, 'manifest.json'), 'utf8')) as {
    readonly files: readonly { readonly name: string }[];
  };
  assert.deepEqual(
    found.map((name) => path.relative(jobName, name)).toSorted(),
    manifest.files.map(({ name }) => name).toSorted(),
    'orphan files',
  );
}

/** Files that the round's export can have left, relative to the folder of the dumps. */
async function filesOf(stage: Stage, plan: RoundPlan, jobName: string): Promise<string[]> {
  const dumps = path.join(stage.service.data, 'dumps');
  const found: string[] = [];
  for (const name of await readdir(dumps, { recursive: true })) {
    const own = plan.form === 'folder' ? name.startsWith(`${jobName}/`) : /^\.?round/i.test(name);
    if (own && (await stat(path.join(dumps, name))).isFile()) found.push(name);
  }
  return found;
}

/** A finished set must not be in the way of the next round's. */
async function removeSet(stage: Stage, plan: RoundPlan, jobName: string): Promise<void> {
  if (plan.work !== 'export') return;
  for (const name of await filesOf(stage, plan, jobName))
    await rm(path.join(stage.service.data, 'dumps', name));
}

/** (g) Nothing of the job is left in the servers: no connection, no lock, no transaction, no receipt. */
async function checkRemains(stage: Stage, plan: RoundPlan, target: string): Promise<void> {
  const remains = async (): Promise<unknown> => ({
    connections: [...(await clientsOf(stage.source.server)), ...(await clientsOf(stage.target.server))],
    receipts: await stage.target.server.query(
      target,
      "SELECT nspname FROM pg_namespace WHERE nspname LIKE '%pumphouse%'",
    ),
    prepared: await stage.target.server.query('postgres', 'SELECT gid FROM pg_prepared_xacts'),
  });
  const nothing = { connections: [], receipts: [], prepared: [] };
  // Of a process that was killed behind a silent network a server learns by its keep-alive alone.
  const isSilent = plan.blows.some(({ blow }) => blow === 'silence connections');
  const deadline = performance.now() + patienceMs / 10 + (isSilent ? keepAliveMs : 0);
  for (;;) {
    const found = await remains();
    if (JSON.stringify(found) === JSON.stringify(nothing)) return;
    if (performance.now() > deadline) assert.deepEqual(found, nothing);
    await sleep(100);
  }
}

const clientsOf = (server: Stage['source']['server']): Promise<Record<string, unknown>[]> =>
  server.query(
    'postgres',
    "SELECT datname, state, left(query, 80) AS query FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid()",
  );
