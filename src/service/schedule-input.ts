import { firstTime, nextTime } from '../core/cron.ts';
import { toAppError, withField } from '../core/errors.ts';
import { missedRuns, overlaps, type ScheduleRule } from '../core/schedule.ts';
import { fieldInvalid, readChoice, readText, spell } from './input.ts';

const cronHint = 'Write minute, hour, day, month and weekday: 30 2 * * * is half past two, every day.';
const zoneHint = 'Name an IANA time zone such as Europe/Zurich, or leave it out for UTC.';
/** The longest that a list of minutes could reasonably be. */
const longestCron = 500;
const longestZone = 100;

/**
 * A schedule as given, with its defaults; null when absent. Throws `field-invalid` or `schedule-invalid`, also for one that has no time after `now`.
 * @param field where it stands in the request; its members are named below it
 */
export function readSchedule(value: unknown, field: string, now: number): ScheduleRule | null {
  const rule = readRule(value, field);
  if (rule !== null) named(field, () => firstTime(rule, now));
  return rule;
}

/** The same for one that nothing runs by yet: its times may be over. */
export function readRule(value: unknown, field: string): ScheduleRule | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw fieldInvalid(field, `must be an object, not ${spell(value)}`, cronHint);
  }
  const input = value as Readonly<Record<string, unknown>>;
  const rule: ScheduleRule = {
    cron: readText(input.cron, `${field}.cron`, cronHint, longestCron),
    timeZone:
      input.timeZone === undefined || input.timeZone === null
        ? 'UTC'
        : readText(input.timeZone, `${field}.time_zone`, zoneHint, longestZone),
    startAt: readTime(input.startAt, `${field}.start_at`),
    endAt: readTime(input.endAt, `${field}.end_at`),
    missed: readChoice(input.missed, `${field}.missed`, missedRuns) ?? 'once',
    overlap: readChoice(input.overlap, `${field}.overlap`, overlaps) ?? 'skip',
  };
  named(field, () => nextTime(rule, 0));
  return rule;
}

/** Errors of a rule name a member of it. */
function named(field: string, check: () => unknown): void {
  try {
    check();
  } catch (error) {
    throw withField(error, `${field}.${toAppError(error).field ?? 'cron'}`);
  }
}

/** Milliseconds since the epoch; null when absent. */
function readTime(value: unknown, field: string): number | null {
  if (value === undefined || value === null) return null;
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 0) return value;
  throw fieldInvalid(field, 'is no point in time', 'Give a time such as 2026-12-01T00:00:00Z.');
}
