import type { Schedule } from '../core/schedule.ts';
import type { SkippedRuns } from './scheduled-starts.ts';

/** A time that comes to light later than this was missed. */
const punctualMs = 60_000;
/** So many times are looked at one by one; of more that went by, the later ones are as if they had not been. */
const mostTimes = 2000;
/** So many runs of a schedule wait at most. */
const mostWaiting = 1000;

/** What becomes of the times of a schedule that have come. */
export interface Decision {
  /** These are to be started, oldest first. */
  readonly runs: readonly number[];
  readonly lastAt: number;
  readonly nextAt: number | null;
  readonly skipped: readonly SkippedRuns[];
}

/** How a schedule stands when it is decided on. */
export interface Standing {
  /** The first time after that one. */
  next(after: number): number | null;
  /** Due runs of it that have not begun. */
  readonly waiting: number;
  /** One of its runs has not ended. */
  readonly isBusy: boolean;
}

/**
 * Decides on the times up to `now`. Those that were missed become runs that wait for each other, whatever the rule says of overlaps: it
 * asked for them. A time that came just now stands for the missed ones that are to have one run together.
 */
export function decide({ rule, nextAt }: Schedule, now: number, standing: Standing): Decision {
  const times = timesUpTo(now, nextAt, standing.next);
  const punctual = times.filter((time) => now - time <= punctualMs);
  const missed = times.filter((time) => now - time > punctualMs);

  const wanted =
    rule.missed === 'all' ? missed : rule.missed === 'once' && punctual.length === 0 ? missed.slice(-1) : [];
  const room = Math.max(0, mostWaiting - standing.waiting);
  const late = room === 0 ? [] : wanted.slice(-room);
  const left = room - late.length;
  const free = standing.isBusy || late.length > 0 ? 0 : 1;
  const timely = punctual.slice(0, Math.min(left, rule.overlap === 'skip' ? free : left));
  return {
    runs: [...late, ...timely],
    lastAt: times.at(-1) ?? nextAt ?? now,
    nextAt: standing.next(now),
    skipped: [
      ...skip(
        'missed',
        missed.filter((time) => !late.includes(time)),
      ),
      ...skip('overlap', punctual.slice(timely.length)),
    ],
  };
}

function timesUpTo(now: number, from: number | null, next: Standing['next']): readonly number[] {
  const times: number[] = [];
  let time = from;
  while (time !== null && time <= now) {
    times.push(time);
    // What just came is decided on, however long nobody looked.
    time = times.length === mostTimes ? next(Math.max(time, now - punctualMs - 1)) : next(time);
  }
  return times;
}

function skip(reason: 'missed' | 'overlap', times: readonly number[]): readonly SkippedRuns[] {
  const [from, to] = [times[0], times.at(-1)];
  return from === undefined || to === undefined
    ? []
    : [{ reason, from, to, count: times.length, error: null }];
}
