import { AppError } from '../../core/errors.ts';
import { formatTable } from '../format.ts';
import { locationFields } from '../location.ts';
import { parseCount, parsePriority } from '../option-values.ts';
import type { CommandEnd, Session } from '../session.ts';
import { type Body, given } from './job-flags.ts';

export interface PolicyFlags {
  readonly to: string;
  readonly credential?: string;
  readonly every?: string;
  readonly timeZone?: string;
  readonly missed?: string;
  readonly overlap?: string;
  readonly keepLast?: string;
  readonly keepDaily?: string;
  readonly keepWeekly?: string;
  readonly keepMonthly?: string;
  readonly keepDays?: string;
  readonly encrypt?: string;
  readonly verify?: string;
  readonly scratch?: string;
  readonly threads?: string;
  readonly priority?: string;
}

/** What the command line reads of a policy of the native API. */
interface PolicyView {
  readonly database: string;
  readonly directory: string | null;
  readonly location: string | null;
  readonly encryption_key: string | null;
  readonly verify: string;
  readonly scratch_database: string | null;
  readonly retention: Readonly<Record<string, number | string | null>>;
  readonly schedule: {
    readonly cron: string;
    readonly time_zone: string;
    readonly missed: string;
    readonly overlap: string;
  } | null;
  readonly threads: number;
  readonly owner: string;
  readonly updated_at: string;
}

const resource = (database: string): string =>
  `/api/v1/databases/${encodeURIComponent(database)}/backup-policy`;

export async function setPolicy(session: Session, database: string, flags: PolicyFlags): Promise<CommandEnd> {
  const body: Body = {
    ...locationFields(flags.to, flags.credential),
    ...given('encryption_key', flags.encrypt),
    ...given('verify', flags.verify),
    ...given('scratch_database', flags.scratch),
    retention: {
      ...count('keep_last', '--keep-last', flags.keepLast),
      ...count('keep_daily', '--keep-daily', flags.keepDaily),
      ...count('keep_weekly', '--keep-weekly', flags.keepWeekly),
      ...count('keep_monthly', '--keep-monthly', flags.keepMonthly),
      ...count('keep_days', '--keep-days', flags.keepDays),
      ...given('time_zone', flags.timeZone),
    },
    ...schedule(flags),
    ...count('threads', '--threads', flags.threads),
    ...given('priority', parsePriority(flags.priority)),
  };
  const client = await session.client();
  const policy = await client.json<PolicyView>({ method: 'PUT', path: resource(database), body });
  session.show(policy, () => `${database} is backed up to ${placeOf(policy)}, ${scheduleOf(policy)}.`);
  return 'ok';
}

const count = (member: string, flag: string, text: string | undefined): Body =>
  given(member, text === undefined ? undefined : parseCount(text, flag, member));

function schedule({ every, timeZone, missed, overlap }: PolicyFlags): Body {
  if (every !== undefined) {
    return {
      schedule: {
        cron: every,
        ...given('time_zone', timeZone),
        ...given('missed', missed),
        ...given('overlap', overlap),
      },
    };
  }
  if (missed === undefined && overlap === undefined) return {};
  throw new AppError('usage', {
    message: `${missed === undefined ? '--overlap' : '--missed'} is about a schedule, and --every gives none.`,
    hint: 'Say when, like --every "30 2 * * *".',
  });
}

export async function showPolicy(session: Session, database: string): Promise<CommandEnd> {
  const client = await session.client();
  const policy = await client.json<PolicyView>({ method: 'GET', path: resource(database) });
  session.show(policy, () =>
    [
      `${policy.database}: to ${placeOf(policy)}, ${policy.encryption_key === null ? 'not encrypted' : `encrypted with ${policy.encryption_key}`}`,
      `schedule: ${scheduleOf(policy)}`,
      `keeps: ${retentionOf(policy)}`,
      `proof: ${policy.verify}${policy.scratch_database === null ? '' : `, into ${policy.scratch_database}`}`,
      `set by ${policy.owner} at ${policy.updated_at}, ${policy.threads} thread(s)`,
    ].join('\n'),
  );
  return 'ok';
}

export async function listPolicies(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const { items } = await client.json<{ readonly items: readonly PolicyView[] }>({
    method: 'GET',
    path: '/api/v1/backup-policies',
  });
  session.show(items, () =>
    items.length === 0
      ? 'No database is backed up yet: pumphouse backup policy set DATABASE --to LOCATION'
      : formatTable(
          ['database', 'to', 'schedule', 'keeps', 'proof'],
          items.map((policy) => [
            policy.database,
            placeOf(policy),
            scheduleOf(policy),
            retentionOf(policy),
            policy.verify,
          ]),
        ),
  );
  return 'ok';
}

export async function removePolicy(session: Session, database: string): Promise<CommandEnd> {
  const client = await session.client();
  await client.json({ method: 'DELETE', path: resource(database) });
  session.show({ removed: database }, () => `${database} is backed up no more; its backups stay.`);
  return 'ok';
}

const placeOf = ({ directory, location }: PolicyView): string => directory ?? location ?? '';

function scheduleOf({ schedule }: PolicyView): string {
  if (schedule === null) return 'when asked for';
  const { cron, time_zone, missed, overlap } = schedule;
  return `${cron} (${time_zone}; missed: ${missed}, overlap: ${overlap})`;
}

function retentionOf({ retention }: PolicyView): string {
  const rules = Object.entries(retention)
    .filter(([name, value]) => name !== 'time_zone' && value !== null)
    .map(([name, value]) => `${name.replaceAll('_', '-')} ${value}`);
  return rules.length === 0 ? 'all' : rules.join(', ');
}
