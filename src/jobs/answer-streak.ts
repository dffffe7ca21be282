import type { Logger } from '../core/context.ts';

/** How long somebody has been answering without a gap. Time is that of the process: one that was frozen finds a gap when it wakes. */
export interface AnswerStreak {
  answered(): void;
  /** The first failure after an answer goes to the log, and so does the first answer afterwards. */
  failed(error: unknown): void;
  /** Milliseconds from the first to the last answer of the streak; 0 when it is over. */
  lastsMs(): number;
}

export interface AnswerStreakOptions {
  /** Who answers, for the log. */
  readonly who: string;
  readonly log: Logger;
  /** Answers that are further apart belong to different streaks. */
  readonly gapMs: number;
  /** Milliseconds of a clock that only goes forward; that of the process by default. */
  readonly now?: () => number;
}

export function createAnswerStreak(options: AnswerStreakOptions): AnswerStreak {
  const { who, log, gapMs, now = () => performance.now() } = options;
  let streak: { readonly first: number; last: number } | null = null;
  let isAway = false;
  const current = () => (streak !== null && now() - streak.last <= gapMs ? streak : null);
  return {
    answered() {
      const going = current();
      if (going === null) streak = { first: now(), last: now() };
      else going.last = now();
      if (isAway) log.info(`${who} answers again`);
      isAway = false;
    },
    failed(error) {
      streak = null;
      log[isAway ? 'debug' : 'warn'](`${who} does not answer; trying again`, { reason: reasonOf(error) });
      isAway = true;
    },
    lastsMs() {
      const going = current();
      return going === null ? 0 : going.last - going.first;
    },
  };
}

/** What an error says, without what it carries: that could hold the values of a statement. */
export function reasonOf(error: unknown): string {
  const { message, code } = error as { readonly message?: string; readonly code?: unknown };
  const text = message === undefined || message === '' ? String(error) : message;
  return code === undefined || code === null ? text : `${text} (${String(code)})`;
}
