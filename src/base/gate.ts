/** Lets at most so many in at once; the others wait in the order of their coming. */
export interface Gate {
  /** Resolves when inside; call the result once to leave. Rejects with the signal's reason when that aborts first. */
  enter(signal: AbortSignal): Promise<() => void>;
}

export function gate(places: number): Gate {
  let free = places;
  const waiting: (() => void)[] = [];
  const leave = (): void => {
    const next = waiting.shift();
    // The place goes over directly, so that a newcomer cannot overtake.
    if (next === undefined) free += 1;
    else next();
  };
  const onceOnly = (): (() => void) => {
    let left = false;
    return () => {
      if (!left) leave();
      left = true;
    };
  };
  return {
    async enter(signal) {
      signal.throwIfAborted();
      if (free > 0) {
        free -= 1;
        return onceOnly();
      }
      await new Promise<void>((resolve, reject) => {
        const admit = (): void => {
          signal.removeEventListener('abort', giveUp);
          resolve();
        };
        const giveUp = (): void => {
          waiting.splice(waiting.indexOf(admit), 1);
          reject(signal.reason);
        };
        waiting.push(admit);
        signal.addEventListener('abort', giveUp, { once: true });
      });
      return onceOnly();
    },
  };
}
