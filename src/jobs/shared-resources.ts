import type { Logger } from '../core/context.ts';
import { AppError } from '../core/errors.ts';
import type { Shareable } from './handler.ts';

/** What the tasks of one job share in this process: opened once per key, disposed together. */
export interface SharedResources {
  /** The resource of the key; the first caller's `open` makes it. A rejected `open` is forgotten, and so is a resource that is lost. */
  get<T extends Shareable>(key: string, open: () => Promise<T>): Promise<T>;
  /** Why the last snapshot that was lost was lost; null: none was, or nobody knows. */
  lostSnapshot(): AppError | null;
  /** Disposes all, newest first; one that fails is logged and does not stop the others. */
  dispose(): Promise<void>;
}

interface Entry {
  readonly key: string;
  readonly opened: Promise<Shareable>;
  /** Once it is open. */
  resource?: Shareable;
}

export function createSharedResources(log: Logger): SharedResources {
  /** In the order of their opening; lost ones stay until the end, since others may still hold them. */
  const entries: Entry[] = [];
  const current = (key: string): Entry | undefined => {
    const last = entries.findLast((entry) => entry.key === key);
    return last?.resource?.lost?.aborted === true ? undefined : last;
  };
  return {
    get<T extends Shareable>(key: string, open: () => Promise<T>): Promise<T> {
      const known = current(key);
      // A key stands for one kind of thing: its users agree on the type.
      if (known !== undefined) return known.opened as Promise<T>;
      const opened = (async () => open())();
      const entry: Entry = { key, opened };
      entries.push(entry);
      opened.then(
        (resource) => {
          entry.resource = resource;
        },
        () => {
          const position = entries.indexOf(entry);
          if (position !== -1) entries.splice(position, 1);
        },
      );
      return opened;
    },

    lostSnapshot() {
      const reasons = entries.map(({ resource }) => resource?.lost?.reason as unknown);
      const isLoss = (reason: unknown) => reason instanceof AppError && reason.kind === 'snapshot_lost';
      return (reasons.findLast(isLoss) as AppError | undefined) ?? null;
    },

    async dispose() {
      for (let entry = entries.pop(); entry !== undefined; entry = entries.pop()) {
        const { key, opened } = entry;
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
