import { Cron } from 'croner';
import { AppError } from './errors.ts';
import type { ScheduleRule } from './schedule.ts';

/**
 * The first time of a rule after `after` (both milliseconds since the epoch) that its bounds allow; null: there is none any more. Throws
 * `schedule-invalid` for a cron line or a time zone that cannot be read.
 */
export function nextTime(rule: ScheduleRule, after: number): number | null {
  const cron = parse(rule);
  const from = rule.startAt === null ? after : Math.max(after, rule.startAt - 1);
  const next = cron.nextRun(new Date(from))?.getTime() ?? null;
  return next === null || (rule.endAt !== null && next > rule.endAt) ? null : next;
}

/**
 * Throws `schedule-invalid` unless the rule can be read and comes at least once after `now`.
 * @returns that time
 */
export function firstTime(rule: ScheduleRule, now: number): number {
  const first = nextTime(rule, now);
  if (first !== null) return first;
  throw invalid('cron', `The cron line ${JSON.stringify(rule.cron)} never comes within its bounds.`);
}

function parse({ cron, timeZone }: ScheduleRule): Cron {
  if (!isTimeZone(timeZone)) {
    throw invalid('time_zone', `There is no time zone ${JSON.stringify(timeZone)}.`);
  }
  // The library also takes dates, nicknames and years; one form is enough to explain.
  const fields = cron.trim().split(/\s+/).length;
  if (fields !== 5 && fields !== 6) {
    throw invalid(
      'cron',
      `The cron line ${JSON.stringify(cron)} does not have five fields, or six with seconds first.`,
    );
  }
  try {
    // Lists and ranges of hours and minutes are times as single ones are; only what repeats (`*`, steps) follows the clock through the night.
    return new Cron(cron.trim(), { timezone: timeZone, paused: true, fixedTimeRule: 'no-wildcard' });
  } catch (error) {
    throw invalid('cron', `The cron line ${JSON.stringify(cron)} cannot be read: ${reasonOf(error)}.`, error);
  }
}

/** Whether that is the name of a time zone. Names only: offsets such as `+02:00` know no daylight saving, and mostly stand for a place that has one. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z]/.test(name)) return false;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return true;
  } catch {
    return false;
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? error.message.replace(/^Cron\w+: /, '').replace(/\.$/, '') : String(error);

const invalid = (field: 'cron' | 'time_zone', message: string, cause?: unknown): AppError =>
  new AppError('schedule-invalid', { field, message, ...(cause === undefined ? {} : { cause }) });
