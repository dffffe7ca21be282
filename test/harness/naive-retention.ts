import type { Backup, RetentionRules } from '../../src/core/backup.ts';

/** What rules keep, written down a second time: each backup asks by itself whether a rule wants it, without regard to cost. Ids, ascending. */
export function naiveRetention(
  backups: readonly Backup[],
  rules: RetentionRules,
  now: number,
): { readonly keep: readonly number[]; readonly remove: readonly number[] } {
  const judged = backups.filter(({ state }) => ['completed', 'failed'].includes(state));
  const kept = judged.filter((backup) => wants(backup, judged, rules, now));
  const ids = (list: readonly Backup[]) => list.map(({ id }) => id).sort((a, b) => a - b);
  return { keep: ids(kept), remove: ids(judged.filter((backup) => !kept.includes(backup))) };
}

const isGood = ({ state, proofs }: Backup): boolean =>
  state === 'completed' && !(proofs.length > 0 && proofs[proofs.length - 1]?.ok === false);
const timeOf = (backup: Backup): number =>
  backup.state === 'failed' ? backup.startedAt : (backup.completedAt ?? 0);
const isNewer = (one: Backup, other: Backup): boolean =>
  timeOf(one) > timeOf(other) || (timeOf(one) === timeOf(other) && one.id > other.id);

function wants(backup: Backup, all: readonly Backup[], rules: RetentionRules, now: number): boolean {
  const { keepLast, keepDaily, keepWeekly, keepMonthly, keepDays, timeZone } = rules;
  if ([keepLast, keepDaily, keepWeekly, keepMonthly, keepDays].every((rule) => rule === null)) return true;
  if (backup.keepForever) return true;
  if (keepDays !== null && timeOf(backup) > now - keepDays * 24 * 3600 * 1000) return true;
  const good = all.filter(isGood);
  const goodAfter = good.filter((other) => isNewer(other, backup));
  if (goodAfter.length === 0) return true;
  if (!isGood(backup)) return false;
  if (keepLast !== null && goodAfter.length < keepLast) return true;
  const wantedBy = (most: number | null, periodOf: (at: number) => string): boolean => {
    if (most === null) return false;
    const own = periodOf(timeOf(backup));
    if (goodAfter.some((other) => periodOf(timeOf(other)) === own)) return false;
    // Periods after its own: as many as there are words among the newer ones.
    return new Set(goodAfter.map((other) => periodOf(timeOf(other)))).size < most;
  };
  const dayOf = (at: number) => new Date(at).toLocaleDateString('sv-SE', { timeZone });
  return (
    wantedBy(keepDaily, dayOf) ||
    wantedBy(keepMonthly, (at) => dayOf(at).slice(0, 7)) ||
    wantedBy(keepWeekly, (at) => mondayOf(dayOf(at)))
  );
}

/** The Monday on or before that day, found by walking back to it. */
function mondayOf(day: string): string {
  const date = new Date(`${day}T12:00:00Z`);
  while (date.getUTCDay() !== 1) date.setUTCDate(date.getUTCDate() - 1);
  return date.toISOString().slice(0, 10);
}
