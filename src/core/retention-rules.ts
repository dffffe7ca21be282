import { type Backup, isGood, type RetentionRules } from './backup.ts';

/** What retention makes of the backups of a database. */
export interface RetentionDecision {
  /** Newest first, with what keeps them. */
  readonly keep: readonly { readonly backup: Backup; readonly reasons: readonly string[] }[];
  /** Newest first, with what the catalogue and the log will say. */
  readonly remove: readonly { readonly backup: Backup; readonly reason: string }[];
}

const dayMs = 24 * 60 * 60 * 1000;

/**
 * Which of a database's backups stay. Only those that completed or failed are judged; what is being made or removed is left alone.
 * Rules that count count good backups, so that a damaged or a failed one takes no good one's place; of the others, those that are young
 * enough for `keepDays` or have no good one after them stay as well.
 * @param backups of one database, in any order
 */
export function planRetention(
  backups: readonly Backup[],
  rules: RetentionRules,
  now: number,
): RetentionDecision {
  const judged = backups
    .filter(({ state }) => state === 'completed' || state === 'failed')
    .sort((one, other) => timeOf(other) - timeOf(one) || other.id - one.id);
  const wishes = wishesOf(rules);
  if (wishes.length === 0) {
    const reasons = ['no rule removes backups'];
    return { keep: judged.map((backup) => ({ backup, reasons })), remove: [] };
  }

  const reasons = new Map<number, string[]>(judged.map(({ id }) => [id, []]));
  const because = (backup: Backup, reason: string): void => {
    reasons.get(backup.id)?.push(reason);
  };
  const good = judged.filter(isGood);
  keepCounted(good, rules, because);
  for (const backup of judged) {
    if (backup.keepForever) because(backup, 'kept for ever');
    const { keepDays } = rules;
    if (keepDays !== null && now - timeOf(backup) < keepDays * dayMs)
      because(backup, `keep-days ${keepDays}`);
  }
  const newest = good[0];
  if (newest !== undefined) because(newest, 'the newest good backup');
  for (const backup of judged.slice(0, newest === undefined ? judged.length : judged.indexOf(newest))) {
    because(backup, 'no backup after it is good');
  }

  const decided = judged.map((backup) => ({ backup, reasons: reasons.get(backup.id) ?? [] }));
  return {
    keep: decided.filter(({ reasons }) => reasons.length > 0),
    remove: decided
      .filter(({ reasons }) => reasons.length === 0)
      .map(({ backup }) => ({ backup, reason: reasonOf(backup, wishes) })),
  };
}

/** The rules that count: the newest, and the newest of each calendar period. `good` is newest first. */
function keepCounted(
  good: readonly Backup[],
  { keepLast, keepDaily, keepWeekly, keepMonthly, timeZone }: RetentionRules,
  because: (backup: Backup, reason: string) => void,
): void {
  for (const backup of good.slice(0, keepLast ?? 0)) because(backup, `keep-last ${keepLast}`);
  const dayOf = localDays(timeZone);
  const periods = [
    ['keep-daily', keepDaily, ({ text }: LocalDay) => text],
    ['keep-weekly', keepWeekly, ({ number }: LocalDay) => `week ${mondayWeek(number)}`],
    ['keep-monthly', keepMonthly, ({ text }: LocalDay) => text.slice(0, 7)],
  ] as const;
  for (const [word, count, periodOf] of periods) {
    if (count === null) continue;
    const newest = new Map<string, Backup>();
    for (const backup of good) {
      const period = periodOf(dayOf(timeOf(backup)));
      if (!newest.has(period)) newest.set(period, backup);
    }
    for (const [period, backup] of [...newest].slice(0, count)) {
      because(backup, `${word} ${count}: the newest of ${word === 'keep-weekly' ? 'its week' : period}`);
    }
  }
}

/** When it was completed; of a failed one, when it was begun. */
const timeOf = ({ completedAt, startedAt }: Backup): number => completedAt ?? startedAt;

interface LocalDay {
  /** `2026-02-13`. */
  readonly text: string;
  /** Days since 1 January 1970. */
  readonly number: number;
}

/** The calendar day of a time, in that zone. */
function localDays(timeZone: string): (at: number) => LocalDay {
  const format = new Intl.DateTimeFormat('en-US', {
    timeZone,
    calendar: 'gregory',
    numberingSystem: 'latn',
    year: 'numeric',
    month: '2-digit',
    day: '2-digit',
  });
  return (at) => {
    const parts = Object.fromEntries(format.formatToParts(at).map(({ type, value }) => [type, value]));
    const text = `${parts.year}-${parts.month}-${parts.day}`;
    return { text, number: Date.parse(`${text}T00:00:00Z`) / dayMs };
  };
}

/** Day 0 was a Thursday, so that three days before it a week began. */
const mondayWeek = (day: number): number => Math.floor((day + 3) / 7);

/** The rules that are set, as people write them. */
function wishesOf(rules: RetentionRules): readonly string[] {
  const { keepLast, keepDaily, keepWeekly, keepMonthly, keepDays } = rules;
  const words = Object.entries({
    'keep-last': keepLast,
    'keep-daily': keepDaily,
    'keep-weekly': keepWeekly,
    'keep-monthly': keepMonthly,
    'keep-days': keepDays,
  });
  return words.flatMap(([word, count]) => (count === null ? [] : `${word} ${count}`));
}

function reasonOf(backup: Backup, wishes: readonly string[]): string {
  if (backup.state === 'failed') return 'retention: it failed, and a backup after it is good';
  if (!isGood(backup)) return 'retention: it is damaged, and a backup after it is good';
  return `retention: no rule keeps it (${wishes.join(', ')})`;
}
