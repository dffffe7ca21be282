import type { OperationContext } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import { jobDatabaseName } from '../core/job-database.ts';
import type { Engine, EngineTarget, ScratchDatabases } from '../engines/engine.ts';
import type { TaskContext } from '../jobs/handler.ts';
import type { Environment } from './environment.ts';

/** The registry, as far as databases that a job makes for itself are concerned. */
export interface JobDatabases {
  /** Registers a database under a name of core/job-database.ts; one of that name stays. Gives its number, which is never used again. */
  put(name: string, engine: Engine, target: EngineTarget): Promise<number>;
  /** The number of the one that is registered; null: none is. */
  find(name: string): Promise<number | null>;
  /** Repeatable: there being none is no error. */
  remove(name: string): Promise<void>;
  /** Names of all of them. */
  list(): Promise<readonly string[]>;
}

/** What works with databases beside a registered one. */
export interface ScratchParts {
  readonly environment: Environment;
  readonly jobDatabases: JobDatabases;
}

/**
 * What a job has a database of its own for:
 *
 *     scratch  a backup is tried in it, and it is dropped
 *     new      a backup is restored into it, and it takes the place of the registered one then
 *     old      the registered one, once another took its place; it is dropped
 */
export const jobDatabaseWords = ['scratch', 'new', 'old'] as const;
export type JobDatabaseWord = (typeof jobDatabaseWords)[number];

/** A database that a job made, and registered. */
export interface JobDatabase {
  readonly name: string;
  /** Tells it from those that had the name before. */
  readonly uid: number;
}

/** How the server, or the file system, calls it: letters, digits and `_`, at most 60. Ids of jobs are letters and digits. */
export const physicalName = ({ id }: Pick<Job, 'id'>, word: JobDatabaseWord): string =>
  `pumphouse_${word}_${id}`;

/** Of a task: it is asked whether it is still this process's before a database goes that somebody else may have filled since. */
type ConfirmedContext = OperationContext & Pick<TaskContext, 'confirm'>;

/** The engine's means to make databases. Throws `unsupported` (field `database`). */
export function scratchOf(engine: Engine): ScratchDatabases {
  if (engine.capabilities.scratch && engine.scratch !== undefined) return engine.scratch;
  throw new AppError('unsupported', {
    field: 'database',
    message: `${engine.title} databases cannot be made beside a registered one.`,
  });
}

/**
 * Makes an empty database beside `like`, or finds the one that is registered, with what the job's earlier runs brought into it.
 * @param claims how often the task was claimed that asks
 */
export async function makeJobDatabase(
  { environment, jobDatabases }: ScratchParts,
  job: Job,
  word: JobDatabaseWord,
  { like, claims }: { readonly like: string; readonly claims: number },
  context: ConfirmedContext,
): Promise<JobDatabase> {
  const name = jobDatabaseName(job.id, word);
  const known = await jobDatabases.find(name);
  if (known !== null) return { name, uid: known };
  const { engine, target } = await environment.database(like);
  const scratch = scratchOf(engine);
  const make = () => scratch.make(target, physicalName(job, word), context);
  await context.confirm();
  // One that is there and not registered is what a killed run left: nobody knows what it holds.
  if (claims > 1) await scratch.drop(await make(), context);
  return { name, uid: await jobDatabases.put(name, engine, await make()) };
}

/**
 * Forgets a database that {@link makeJobDatabase} made, and drops it: in this order, so that what is registered is never a database that was
 * emptied. Repeatable; one that is not registered any more is found by its name.
 */
export async function dropJobDatabase(
  { environment, jobDatabases }: ScratchParts,
  job: Job,
  word: JobDatabaseWord,
  like: string,
  context: ConfirmedContext,
): Promise<void> {
  const name = jobDatabaseName(job.id, word);
  const isKnown = (await jobDatabases.find(name)) !== null;
  const { engine, target } = await environment.database(isKnown ? name : like);
  await context.confirm();
  await jobDatabases.remove(name);
  const scratch = scratchOf(engine);
  await scratch.drop(
    isKnown ? target : await scratch.make(target, physicalName(job, word), context),
    context,
  );
}

/** Drops a job's database that is registered, and forgets it. Repeatable. */
export async function dropRegistered(
  { environment, jobDatabases }: ScratchParts,
  name: string,
  context: OperationContext,
): Promise<void> {
  if ((await jobDatabases.find(name)) === null) return;
  const { engine, target } = await environment.database(name);
  await scratchOf(engine).drop(target, context);
  await jobDatabases.remove(name);
}
