/*
 * Cron lines of the contract have six fields, seconds first, as Quartz reads them: days of the week count from 1, Sunday; `5/10` means from 5 on.
 * Ours count from 0 and want ranges.
 */

/** The last value of each field. */
const lastOf = [59, 59, 23, 31, 12, 6];
const weekdayField = 5;

/** Null: it does not have six fields. Whether they can be read is found out where schedules are checked. */
export function ownCron(expression: string): string | null {
  const fields = expression.trim().split(/\s+/);
  if (fields.length !== lastOf.length) return null;
  return fields
    .map((field, index) =>
      field
        .split(',')
        .map((part) => fromStart(index === weekdayField ? shiftWeekday(part, -1) : part, lastOf[index] ?? 0))
        .join(','),
    )
    .join(' ');
}

/** The reverse, for lines of five or six fields. */
export function theirCron(cron: string): string {
  const given = cron.trim().split(/\s+/);
  const fields = given.length === 5 ? ['0', ...given] : given;
  const [day = '*', , week = '*'] = fields.slice(3);
  const weekday = week
    .split(',')
    .map((part) => shiftWeekday(part.replaceAll('#L', 'L'), 1))
    .join(',');
  // Of the two kinds of days one has to be left open, and that is written so.
  const [monthDay, weekDay] = /^[*?]$/.test(week)
    ? [day === '?' ? '*' : day, '?']
    : [day.replace(/^\*$/, '?'), weekday];
  return [...fields.slice(0, 3), monthDay, fields[4], weekDay].join(' ');
}

/** `5/10` as a range; a step without a start has one already. */
const fromStart = (part: string, last: number): string =>
  part.replace(/^(\d+)\/(\d+)$/, (_, start: string, step: string) => `${start}-${last}/${step}`);

/** Days of the week in a part of the field: `2`, `2-6`, `6#3`, `6L`; steps and counts stay. Sunday is 0 and 7 with us. */
function shiftWeekday(part: string, by: 1 | -1): string {
  const [days = '', ...rest] = part.split(/(?=[#/])/);
  const shifted = days.replace(/\d+/g, (day) => String(by < 0 ? Number(day) - 1 : (Number(day) % 7) + 1));
  return [shifted, ...rest].join('');
}
