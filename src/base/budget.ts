/** An amount of something scarce (bytes of memory) that many share. Whoever asks is served in the order of coming. */
export interface Budget {
  /**
   * Resolves when `amount` is free; call the result once to give it back. More than there is at all counts as all there is. Rejects with
   * the signal's reason when that aborts first.
   */
  take(amount: number, signal: AbortSignal): Promise<() => void>;
}

export function createBudget(total: number): Budget {
  let free = total;
  const waiting: { readonly amount: number; readonly admit: () => void }[] = [];
  const serve = (): void => {
    for (let next = waiting[0]; next !== undefined && next.amount <= free; next = waiting[0]) {
      waiting.shift();
      free -= next.amount;
      next.admit();
    }
  };
  const releaseOnce = (amount: number): (() => void) => {
    let released = false;
    return () => {
      if (released) return;
      released = true;
      free += amount;
      serve();
    };
  };
  return {
    async take(wanted, signal) {
      signal.throwIfAborted();
      const amount = Math.min(wanted, total);
      await new Promise<void>((resolve, reject) => {
        const giveUp = (): void => {
          waiting.splice(waiting.indexOf(request), 1);
          reject(signal.reason);
          serve();
        };
        const request = {
          amount,
          admit: () => {
            signal.removeEventListener('abort', giveUp);
            resolve();
          },
        };
        waiting.push(request);
        signal.addEventListener('abort', giveUp, { once: true });
        serve();
      });
      return releaseOnce(amount);
    },
  };
}
