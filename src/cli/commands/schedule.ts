import { formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';

interface ScheduleView {
  readonly starts: string;
  readonly database: string | null;
  readonly definition: string | null;
  readonly rule: {
    readonly cron: string;
    readonly time_zone: string;
    readonly missed: string;
    readonly overlap: string;
  };
  readonly owner: string;
  readonly next_at: string | null;
  readonly last_at: string | null;
}

export async function listSchedules(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly ScheduleView[] }>({
    method: 'GET',
    path: '/api/v1/schedules',
  });
  session.show(items, () =>
    items.length === 0
      ? 'Nothing starts by itself: pumphouse backup policy set DATABASE --to LOCATION --every CRON'
      : formatTable(
          ['starts', 'of', 'cron', 'time zone', 'missed', 'overlap', 'next', 'last', 'owner'],
          items.map(({ starts, database, definition, rule, owner, next_at, last_at }) => [
            starts,
            database ?? definition ?? '',
            rule.cron,
            rule.time_zone,
            rule.missed,
            rule.overlap,
            next_at ?? 'never again',
            last_at ?? '',
            owner,
          ]),
        ),
  );
  return 'ok';
}
