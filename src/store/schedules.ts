import { type Selectable, sql } from 'kysely';
import { newId } from '../base/id.ts';
import type { Schedule, ScheduleRule, ScheduleSubject } from '../core/schedule.ts';
import type { ScheduleStore } from '../jobs/schedule-store.ts';
import type { ScheduleTable } from './schema.ts';
import { inTransaction, reading, type StoreContext, type Trx, toJson } from './store-context.ts';

/** The schedules beside the jobs. */
export function createScheduleStore(store: StoreContext): ScheduleStore {
  return {
    putSchedule: (schedule) =>
      inTransaction(store, 'keep a schedule', async (trx) => {
        const row = await trx
          .insertInto('schedule')
          .values({
            id: newId(),
            subject_key: subjectKey(schedule.subject),
            subject_json: toJson(schedule.subject),
            rule_json: toJson(schedule.rule),
            params_json: toJson(schedule.params),
            owner: schedule.owner,
            api: schedule.api,
            next_at: schedule.nextAt,
            last_at: null,
            version: 1,
          })
          .onConflict((conflict) =>
            conflict.column('subject_key').doUpdateSet((eb) => ({
              rule_json: eb.ref('excluded.rule_json'),
              params_json: eb.ref('excluded.params_json'),
              owner: eb.ref('excluded.owner'),
              api: eb.ref('excluded.api'),
              next_at: eb.ref('excluded.next_at'),
              version: eb('schedule.version', '+', 1),
            })),
          )
          .returningAll()
          .executeTakeFirstOrThrow();
        return toSchedule(row);
      }),
    getSchedule: (subject) =>
      inTransaction(store, 'read a schedule', async (trx) => {
        const row = await trx
          .selectFrom('schedule')
          .selectAll()
          .where('subject_key', '=', subjectKey(subject))
          .executeTakeFirst();
        return row === undefined ? null : toSchedule(row);
      }),
    listSchedules: () =>
      inTransaction(store, 'list schedules', async (trx) => {
        const rows = await trx.selectFrom('schedule').selectAll().orderBy('subject_key').execute();
        return rows.map(toSchedule);
      }),
    removeSchedule: (subject) =>
      inTransaction(store, 'remove a schedule', (trx) => dropSchedule(trx, subject)),
    dueSchedules: (now) =>
      reading(store, 'look for due schedules', async (db) => {
        const rows = await db
          .selectFrom('schedule')
          .selectAll()
          .where('next_at', '<=', now)
          .orderBy('next_at')
          .orderBy('id')
          .execute();
        return rows.map(toSchedule);
      }),
    advance: (schedule, to) =>
      inTransaction(store, 'advance a schedule', async (trx) => {
        const row = await trx
          .updateTable('schedule')
          .set((eb) => ({ next_at: to.nextAt, last_at: to.lastAt, version: eb('version', '+', 1) }))
          .where('id', '=', schedule.id)
          .where('version', '=', schedule.version)
          .returning('id')
          .executeTakeFirst();
        if (row === undefined) return false;
        for (const plannedAt of to.runs) {
          await trx
            .insertInto('due_run')
            .values({ schedule_id: schedule.id, planned_at: plannedAt })
            .onConflict((conflict) => conflict.doNothing())
            .execute();
        }
        return true;
      }),
    dueRuns: () =>
      reading(store, 'look for due runs', async (db) => {
        const rows = await db
          .selectFrom('due_run')
          .innerJoin('schedule', 'schedule.id', 'due_run.schedule_id')
          .selectAll('schedule')
          .select(({ fn }) => [
            fn.min('due_run.planned_at').as('planned_at'),
            fn.countAll<number>().as('waiting'),
          ])
          .groupBy('schedule.id')
          .orderBy('planned_at')
          .orderBy('schedule.id')
          .execute();
        return rows.map((row) => ({
          schedule: toSchedule(row),
          plannedAt: row.planned_at,
          waiting: row.waiting,
        }));
      }),
    settleRun: ({ schedule, plannedAt }) =>
      inTransaction(store, 'settle a due run', async (trx) => {
        await trx
          .deleteFrom('due_run')
          .where('schedule_id', '=', schedule.id)
          .where('planned_at', '=', plannedAt)
          .execute();
      }),
    nextScheduledAt: () =>
      inTransaction(store, 'look for the next schedule', async (trx) => {
        const row = await trx
          .selectFrom('schedule')
          .select(sql<number | null>`min(next_at)`.as('nextAt'))
          .where('next_at', 'is not', null)
          .executeTakeFirst();
        return row?.nextAt ?? null;
      }),
  };
}

/** Removes what a subject has, with its due runs. */
export async function dropSchedule(trx: Trx, subject: ScheduleSubject): Promise<void> {
  await trx.deleteFrom('schedule').where('subject_key', '=', subjectKey(subject)).execute();
}

/** A subject is called otherwise from now on. */
export async function moveSchedule(trx: Trx, from: ScheduleSubject, to: ScheduleSubject): Promise<void> {
  await trx
    .updateTable('schedule')
    .set((eb) => ({
      subject_key: subjectKey(to),
      subject_json: toJson(to),
      version: eb('version', '+', 1),
    }))
    .where('subject_key', '=', subjectKey(from))
    .execute();
}

const subjectKey = (subject: ScheduleSubject): string =>
  toJson(
    subject.type === 'backup'
      ? [subject.type, subject.database]
      : [subject.type, subject.workspace, subject.definition],
  );

const toSchedule = (row: Selectable<ScheduleTable>): Schedule => ({
  id: row.id,
  subject: JSON.parse(row.subject_json) as ScheduleSubject,
  rule: JSON.parse(row.rule_json) as ScheduleRule,
  params: JSON.parse(row.params_json) as Readonly<Record<string, string>>,
  owner: row.owner,
  api: row.api,
  nextAt: row.next_at,
  lastAt: row.last_at,
  version: row.version,
});
