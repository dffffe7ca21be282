import { linkAbort } from './linked-abort.ts';

/**
 * Watches over one piece of work that must not fall silent. While armed, it aborts `signal` when the time is over; work that does not
 * answer to an abort within `graceMs` is left behind, so that its caller goes on.
 */
export interface SilenceWatch extends Disposable {
  /** For the work: follows the caller's signal, and aborts on silence. */
  readonly signal: AbortSignal;
  /** What ended the work: the silence error; undefined when it was not silence. */
  readonly expired: Error | undefined;
  /** Something must happen within so many milliseconds from now. Replaces an earlier arming. */
  arm(ms: number): void;
  /** Something has happened: an armed time starts anew. */
  touch(): void;
  /** Nothing is expected for the moment. */
  disarm(): void;
  /** `step` as it is, unless it outlives an abort by the grace time: then rejects with the reason of the abort. One at a time. */
  guard<T>(step: Promise<T>): Promise<T>;
}

/** @param onSilence makes the error that stands for the silence */
export function watchSilence(parent: AbortSignal, graceMs: number, onSilence: () => Error): SilenceWatch {
  const link = linkAbort(parent);
  let expired: Error | undefined;
  let timer: NodeJS.Timeout | undefined;
  let graceTimer: NodeJS.Timeout | undefined;
  let leaveBehind: ((reason: unknown) => void) | undefined;
  let isOver = false;

  const startGrace = (): void => {
    graceTimer = setTimeout(() => {
      isOver = true;
      leaveBehind?.(link.signal.reason);
    }, graceMs);
  };
  if (link.signal.aborted) startGrace();
  else link.signal.addEventListener('abort', startGrace, { once: true });

  return {
    signal: link.signal,
    get expired() {
      return expired;
    },
    arm(ms) {
      clearTimeout(timer);
      if (link.signal.aborted) return;
      timer = setTimeout(() => {
        expired = onSilence();
        link.abort(expired);
      }, ms);
    },
    touch() {
      if (!link.signal.aborted) timer?.refresh();
    },
    disarm() {
      clearTimeout(timer);
      timer = undefined;
    },
    guard(step) {
      return new Promise((resolve, reject) => {
        leaveBehind = reject;
        step.then(resolve, reject);
        if (isOver) reject(link.signal.reason);
      });
    },
    [Symbol.dispose]() {
      clearTimeout(timer);
      // A late touch would bring it back.
      timer = undefined;
      clearTimeout(graceTimer);
      link.signal.removeEventListener('abort', startGrace);
      link[Symbol.dispose]();
    },
  };
}
