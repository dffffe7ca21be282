import type { Logger } from '../core/context.ts';

/** What the tasks of one job share in this process: opened once per key, disposed together. */
export interface SharedResources {
  /** The resource of the key; the first caller's `open` makes it. A rejected `open` is forgotten. */
  get<T extends AsyncDisposable>(key: string, open: () => Promise<T>): Promise<T>;
  /** Disposes all, newest first; one that fails is logged and does not stop the others. */
  dispose(): Promise<void>;
}

export function createSharedResources(log: Logger): SharedResources {
  const resources = new Map<string, Promise<AsyncDisposable>>();
  return {
    get<T extends AsyncDisposable>(key: string, open: () => Promise<T>): Promise<T> {
      const known = resources.get(key);
      // A key stands for one kind of thing: its users agree on the type.
      if (known !== undefined) return known as Promise<T>;
      const opened = (async () => open())();
      resources.set(key, opened);
      opened.catch(() => {
        if (resources.get(key) === opened) resources.delete(key);
      });
      return opened;
    },
    async dispose() {
      for (const [key, opened] of [...resources].reverse()) {
        resources.delete(key);
        const resource = await opened.catch(() => undefined);
        try {
          await resource?.[Symbol.asyncDispose]();
        } catch (error) {
          log.warn('a shared resource could not be closed', { key, error });
        }
      }
    },
  };
}
