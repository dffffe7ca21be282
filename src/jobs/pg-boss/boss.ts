import { PgBoss } from 'pg-boss';
import { createRepeats } from '../../base/repeats.ts';
import { type RetryPolicy, retry } from '../../base/retry.ts';
import type { Logger } from '../../core/context.ts';
import { reasonOf } from '../answer-streak.ts';
import { commonQueue, makeQueue } from './ticket-queue.ts';

/** pg-boss keeps its own tables apart from ours. */
const schema = 'pumphouse_queue';
/** Fetches and heartbeats must not wait for anything: three are enough, since each instance does one thing of each kind at a time. */
const connections = 3;
/** A server that does not answer for so long is taken for gone; the next statement goes over another connection. */
const answerMs = 5_000;
/** Long enough for a queue's figures, which nobody reads. */
const hourSeconds = 60 * 60;

/** Its tables are made by one of many starters, while the others wait for it. */
const startPatience: RetryPolicy = { attempts: 10, firstDelayMs: 200, maxDelayMs: 2_000 };

export interface BossOptions {
  /** How to reach the database, in the words of the client `pg`: the store's own. */
  readonly connection: Readonly<Record<string, unknown>>;
  readonly log: Logger;
}

/**
 * pg-boss as the dispatcher needs it: a table of tickets with a fetch that no two instances win, heartbeats, and redelivery. Its timers for queues are
 * off: the dispatcher asks for that pass, and knows when it must not be.
 */
export function createBoss({ connection, log }: BossOptions): PgBoss {
  const settings = {
    ...connection,
    application_name: 'pumphouse-queue',
    max: connections,
    connectionTimeoutMillis: answerMs,
    query_timeout: answerMs,
    keepAlive: true,
    keepAliveInitialDelayMillis: answerMs,
    notifyHeartbeatIntervalMs: answerMs,
    notifyHeartbeatTimeoutMs: answerMs,
  };
  const boss = new PgBoss({
    ...settings,
    schema,
    supervise: false,
    schedule: false,
    persistWarnings: false,
    monitorVacuum: false,
    // Shorter than the time between two passes, so that each pass that is asked for is one.
    monitorIntervalSeconds: 1,
    queueCacheIntervalSeconds: hourSeconds,
    bamIntervalSeconds: hourSeconds,
  });
  const tell = sayOnce(log);
  boss.on('error', (error: unknown) => tell('the ticket queue met an error', reasonOf(error)));
  // Its data is not logged: it could hold the values of a statement.
  boss.on('warning', (warning) => tell('the ticket queue warns', warning.message));
  return boss;
}

/**
 * Makes or migrates its tables, if there is need, and begins to serve. Any number of instances may do so at once.
 * @param isTemporary whether another try may help
 */
export async function startBoss(boss: PgBoss, isTemporary: (error: unknown) => boolean): Promise<void> {
  const start = async (): Promise<void> => {
    await boss.start();
    await makeQueue(boss, commonQueue);
  };
  await retry(start, { ...startPatience, isTemporary, signal: new AbortController().signal });
}

/** While a server is away each connection says so, again and again. */
function sayOnce(log: Logger): (message: string, reason: string) => void {
  const isNews = createRepeats();
  return (message, reason) => log[isNews(reason) ? 'warn' : 'debug'](message, { reason });
}
