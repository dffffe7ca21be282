import type { PgBoss } from 'pg-boss';

/** Tickets by what becomes of them. */
export type TicketFigures = Readonly<Record<'waiting' | 'delayed' | 'held', number>>;

/** Counts the tickets of all queues: there are as many as tasks that may run now, since settled ones are gone. */
export async function countTickets(boss: PgBoss): Promise<TicketFigures> {
  const { rows } = await boss.getDb().executeSql(
    `SELECT count(*) FILTER (WHERE state < 'active' AND start_after <= now()) AS waiting,
            count(*) FILTER (WHERE state < 'active' AND start_after > now()) AS delayed,
            count(*) FILTER (WHERE state = 'active') AS held
       FROM pumphouse_queue.job WHERE state <= 'active'`,
  );
  const [{ waiting, delayed, held }] = rows as [Record<'waiting' | 'delayed' | 'held', string>];
  return { waiting: Number(waiting), delayed: Number(delayed), held: Number(held) };
}
