import { randomUUID } from 'node:crypto';
import { sql } from 'kysely';
import pg from 'pg';
import type { HeldTicket, TicketQueue } from '../../src/jobs/tickets.ts';
import type { Trx } from '../../src/store/store-context.ts';

/** Tickets in a table: the plainest queue that keeps the promises of `TicketQueue`. */
export interface TableTickets extends AsyncDisposable {
  readonly queue: TicketQueue<Trx>;
  /** A ticket, or a reminder that is due at `now`; null: there is none for the instance. */
  take(instance: string, now?: number): Promise<HeldTicket | null>;
  /** Its holder is taken for dead: it waits again. */
  redeliver(ticket: HeldTicket): Promise<void>;
  /** All that wait or are held, in the order in which they are given out. */
  list(): Promise<
    readonly { readonly slot: number | null; readonly at: number; readonly home: string | null }[]
  >;
}

export async function makeTableTickets(url: string): Promise<TableTickets> {
  const pool = new pg.Pool({ connectionString: url, max: 8 });
  await pool.query(`
    drop table if exists public.ticket;
    create table public.ticket (
      id text primary key, job_id text not null, slot int, priority int not null, home text, at bigint not null,
      held boolean not null default false, delivery int not null default -1, seq bigserial,
      unique (job_id, slot, home, at))`);
  const add = (
    trx: Trx,
    row: Readonly<
      Record<'jobId' | 'home', string | null> & Record<'slot' | 'priority' | 'at', number | null>
    >,
  ) =>
    sql`insert into public.ticket (id, job_id, slot, priority, home, at)
      select ${randomUUID()}, ${row.jobId}, ${row.slot}::int, ${row.priority}::int, ${row.home}, ${row.at}::bigint
      where not exists (select from public.ticket where job_id = ${row.jobId}
        and slot is not distinct from ${row.slot}::int and home is not distinct from ${row.home} and at = ${row.at}::bigint)
      on conflict do nothing`.execute(trx);
  return {
    queue: {
      async offer(trx, tickets) {
        for (const ticket of tickets) await add(trx, { ...ticket, at: 0 });
      },
      async remind(trx, reminders) {
        for (const { jobId, at } of reminders)
          await add(trx, { jobId, at, slot: null, home: null, priority: 1000 });
      },
      async holds(trx, { id, delivery }) {
        const { rows } =
          await sql`select from public.ticket where id = ${id} and held and delivery = ${delivery} for update`.execute(
            trx,
          );
        return rows.length === 1;
      },
      async settle(trx, { id, delivery }) {
        await sql`delete from public.ticket where id = ${id} and held and delivery = ${delivery}`.execute(
          trx,
        );
      },
    },
    async take(instance, now = Date.now()) {
      const { rows } = await pool.query<HeldTicket>(
        `update public.ticket set held = true, delivery = delivery + 1 where id = (
           select id from public.ticket where not held and at <= $2 and (home is null or home = $1)
           order by priority desc, seq limit 1 for update skip locked)
         returning id, delivery, job_id as "jobId", slot, home`,
        [instance, now],
      );
      return rows[0] ?? null;
    },
    async redeliver({ id, delivery }) {
      await pool.query('update public.ticket set held = false where id = $1 and delivery = $2', [
        id,
        delivery,
      ]);
    },
    async list() {
      const { rows } = await pool.query<{ slot: number | null; at: string; home: string | null }>(
        'select slot, at, home from public.ticket order by priority desc, seq',
      );
      return rows.map(({ at, ...row }) => ({ ...row, at: Number(at) }));
    },
    [Symbol.asyncDispose]: () => pool.end(),
  };
}
