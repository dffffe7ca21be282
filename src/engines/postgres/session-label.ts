import { createHash } from 'node:crypto';
import type { OperationContext, Work } from '../../core/context.ts';
import { defaultName } from './database-url.ts';
import { quoteLiteral } from './names.ts';
import type { Connection } from './wire/connection.ts';

/** Whose transaction a session is in: what pg_stat_activity says of it as long as the transaction lasts. */
export interface Label {
  readonly work: Work;
  /** The receipt's key, or another word for what is done. */
  readonly key: string;
}

/** The work of a call; that of a job which nobody had before, where it does not say. */
export const workOf = (jobId: string, { work }: OperationContext): Work => ({
  restarts: work?.restarts ?? 0,
  claims: work?.claims ?? 1,
  jobId,
});

/** What readers of a job's snapshot have for a key. */
export const readingKey = 'snapshot';

/** The server cuts names after 63 bytes, and ours take 38. */
export const nameKept = 24;

const hashOf = (key: string): string => createHash('sha256').update(key).digest('hex').slice(0, 12);
const ofJob = ({ jobId }: Pick<Work, 'jobId'>): string => ` ${jobId} `;
const ofWork = ({ work, key }: Label): string => `${ofJob(work)}${hashOf(key)} `;

/** What the session is called, with what it does behind: `pumphouse <job> <key, hashed> <restarts>.<claims>`. */
export function sessionName({ raw }: Connection, label: Label): string {
  const name = (raw.parameters.get('application_name') || defaultName).slice(0, nameKept);
  return `${name}${ofWork(label)}${label.work.restarts}.${label.work.claims}`;
}

/** The statement that names the session until its transaction ends. */
export const labelSetting = (connection: Connection, label: Label): string =>
  `SET LOCAL application_name = ${quoteLiteral(sessionName(connection, label))};`;

const ours =
  'datname = pg_catalog.current_database() AND usename = SESSION_USER AND pid <> pg_catalog.pg_backend_pid()';
const findQuery = `SELECT application_name FROM pg_catalog.pg_stat_activity
WHERE ${ours} AND pg_catalog.strpos(application_name, $1) > 0`;
/** Of a process that does not run: between two statements of a transaction no time passes. */
const stalled = ` AND state = 'idle in transaction' AND state_change < pg_catalog.now() - interval '5 s'`;
/** By name, so that a process that has taken another's number meanwhile is spared. */
const endQuery = `SELECT pg_catalog.pg_terminate_backend(pid) FROM pg_catalog.pg_stat_activity
WHERE ${ours} AND application_name IN (SELECT pg_catalog.jsonb_array_elements_text($1::jsonb))`;

/**
 * Ends what is left of earlier tries of the same piece of work: a process that was frozen, or is cut off, keeps its transaction open, with its locks and the
 * receipt that it was about to write, and does not know that somebody else has the work now.
 */
export async function endEarlier(
  connection: Connection,
  label: Label,
  context: OperationContext,
): Promise<void> {
  const { restarts, claims } = label.work;
  if (claims === 1) return;
  await endSessions(connection, findQuery, ofWork(label), context, (name) => {
    const [restart = 0, claim = 0] = numbersOf(name);
    return restart < restarts || (restart === restarts && claim < claims);
  });
}

/** The same of all that is done for the job, when its data starts again. */
export async function endBeforeRestart(
  connection: Connection,
  work: Work,
  context: OperationContext,
): Promise<void> {
  await endSessions(connection, findQuery, ofJob(work), context, (name) => {
    const [restart = 0] = numbersOf(name);
    return restart < work.restarts;
  });
}

const numbersOf = (name: string): readonly number[] =>
  name
    .slice(name.lastIndexOf(' ') + 1)
    .split('.')
    .map(Number);

/** The same of what any task does; only where it stands still. */
export async function endStalled(
  connection: Connection,
  label: Label,
  context: OperationContext,
): Promise<void> {
  if (label.work.claims > 1) await endSessions(connection, findQuery + stalled, ofWork(label), context);
}

/** Ends everything that is done for a job in this database, by whoever: when nobody else has work of it. */
export const endAllOf = (connection: Connection, work: Work, context: OperationContext): Promise<void> =>
  // Readers of other processes that have not heard yet that the job is over are among them: nothing to worry about.
  endSessions(connection, findQuery, ofJob(work), context, () => true, 'debug');

/** Ends everybody who does the same piece of work, in whatever try. */
export const endEach = (connection: Connection, label: Label, context: OperationContext): Promise<void> =>
  endSessions(connection, findQuery, ofWork(label), context);

async function endSessions(
  connection: Connection,
  query: string,
  part: string,
  { signal, log }: OperationContext,
  isMeant: (name: string) => boolean = () => true,
  level: 'warn' | 'debug' = 'warn',
): Promise<void> {
  const rows = await connection.queryWith(query, [part], signal);
  const names = rows.flatMap(([name]) => (name != null && isMeant(name) ? name : []));
  if (names.length === 0) return;
  log[level]('sessions of an earlier try are ended', { sessions: names.join(', ') });
  await connection.queryWith(endQuery, [JSON.stringify(names)], signal);
}
