import { sql } from 'kysely';
import type { JobCensus, JobFigures } from '../jobs/job-census.ts';
import { type Db, reading, type StoreContext } from './store-context.ts';

/** Counts over the store; each statement finds its rows by an index that holds nothing of jobs that are over. */
export function createJobCensus(store: StoreContext): JobCensus {
  return {
    figures: () => reading(store, 'count the jobs', (db) => figures(db, store.clock.now())),
    groupStartedAt: (jobId, group) =>
      reading(store, 'read the start of a table', async (db) => {
        const row = await db
          .selectFrom('task')
          .select(sql<number | null>`min(claimed_at)`.as('startedAt'))
          .where('job_id', '=', jobId)
          .where('group_name', '=', group)
          .executeTakeFirst();
        return row?.startedAt ?? null;
      }),
  };
}

async function figures(db: Db, at: number): Promise<JobFigures> {
  const rows = await db
    .selectFrom('job')
    .select((eb) => [
      'kind',
      'state',
      eb.fn.countAll<number>().as('count'),
      eb.fn.sum<number>('unfinished').as('unfinished'),
      eb.fn.min('created_at').as('oldest'),
      eb.fn
        .sum<number>(eb.case().when('held_until', '>', at).then(sql.lit(1)).else(sql.lit(0)).end())
        .as('held'),
    ])
    .where('finished_at', 'is', null)
    .groupBy(['kind', 'state'])
    .orderBy('kind')
    .orderBy('state')
    .execute();
  const others = await db
    .selectNoFrom((eb) => [
      eb
        .selectFrom('job')
        .select(eb.fn.countAll<number>().as('count'))
        .where('mail_due_at', 'is not', null)
        .as('mails'),
      eb
        .selectFrom('event')
        .select(eb.fn.countAll<number>().as('count'))
        .where('deliver_at', 'is not', null)
        .as('events'),
      eb.selectFrom('due_run').select(sql<number | null>`min(planned_at)`.as('at')).as('dueRun'),
      eb
        .selectFrom('schedule')
        .select(sql<number | null>`min(next_at)`.as('at'))
        .where('next_at', '<=', at)
        .as('overdue'),
    ])
    .executeTakeFirstOrThrow();
  const queued = rows.filter(({ state }) => state === 'queued').map(({ oldest }) => oldest);
  return {
    jobs: rows.map(({ kind, state, count }) => ({ kind, state, count: Number(count) })),
    oldestQueuedAt: earliest(queued),
    held: sum(rows.map(({ held }) => held)),
    unfinishedTasks: sum(rows.map(({ unfinished }) => unfinished)),
    mailsWaiting: Number(others.mails),
    eventsWaiting: Number(others.events),
    oldestDueAt: earliest([others.dueRun, others.overdue]),
    at,
  };
}

const sum = (numbers: readonly number[]): number =>
  numbers.reduce((total, number) => total + Number(number), 0);

function earliest(times: readonly (number | null)[]): number | null {
  const known = times.filter((time) => time !== null).map(Number);
  return known.length === 0 ? null : Math.min(...known);
}
