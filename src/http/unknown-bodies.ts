import { type Budget, createBudget } from '../base/budget.ts';

/** Bodies up to this size cost no more than headers do. */
const smallBytes = 64 * 1024;
/** What larger ones may hold in memory together. */
const allBytes = 64 * 1024 * 1024;

/**
 * Bounds the memory that callers can take before it is known who they are, where the body is part of what they signed. Large bodies wait for
 * room, unread; small ones never wait behind them.
 */
export interface UnknownBodies {
  /**
   * Resolves when a body of that length may be read; call the result once it is known who asks, or the request is over.
   * @param contentLength as the header has it; without one a body may be as long as `limit`
   */
  admit(contentLength: string | undefined, limit: number, signal: AbortSignal): Promise<() => void>;
}

export function createUnknownBodies(budget: Budget = createBudget(allBytes)): UnknownBodies {
  return {
    async admit(contentLength, limit, signal) {
      const announced = contentLength === undefined ? limit : Number(contentLength);
      // More than the limit is refused without being read, and so is what is no number.
      const isLarge = announced > smallBytes && announced <= limit;
      return isLarge ? budget.take(announced, signal) : () => undefined;
    },
  };
}
