import type { RetryPolicy } from '../base/retry.ts';
import { AppError } from '../core/errors.ts';
import { createLimit, type Limit, type LimitOptions, withLimit } from './layers/limit.ts';
import { withLog } from './layers/log.ts';
import { withRetry } from './layers/retry.ts';
import { type TimeoutOptions, withTimeout } from './layers/timeout.ts';
import type { Storage, StorageDriver } from './storage.ts';

/** How patient and how busy the layers are. */
export interface StorageLayerOptions {
  readonly retry: RetryPolicy;
  readonly limit: LimitOptions;
  readonly timeout: TimeoutOptions;
}

export const defaultLayerOptions: StorageLayerOptions = {
  retry: { attempts: 5, firstDelayMs: 500, maxDelayMs: 10_000 },
  limit: { concurrency: 64, bytesPerSecond: null },
  timeout: { silenceMs: 60_000, commitMs: 15 * 60_000, graceMs: 800 },
};

/** Puts the layers around a driver's storage: retry > log > limit > timeout > driver, so that each try is logged, limited and timed by itself. */
export function stackStorage(driver: Storage, options: StorageLayerOptions, limit: Limit): Storage {
  return withRetry(withLog(withLimit(withTimeout(driver, options.timeout), limit)), options.retry);
}

export interface StorageStack {
  /** The storage behind a URL, in its layers. Throws `location-invalid`, also for a scheme that no driver knows. No I/O. */
  open(url: URL): Storage;
}

/** All storages of a process: one limit for each kind of storage. */
export function createStorageStack(parts: {
  readonly drivers: readonly StorageDriver[];
  readonly options?: StorageLayerOptions;
}): StorageStack {
  const options = parts.options ?? defaultLayerOptions;
  const limits = new Map(parts.drivers.map((driver) => [driver, createLimit(options.limit)]));
  return {
    open(url) {
      for (const [driver, limit] of limits) {
        if (driver.schemes.includes(url.protocol.slice(0, -1))) {
          return stackStorage(driver.open(url), options, limit);
        }
      }
      const known = parts.drivers.flatMap(({ schemes }) => schemes.map((scheme) => `${scheme}:`));
      throw new AppError('location-invalid', {
        message: `The storage URL begins with ${url.protocol}, which no storage answers for.`,
        hint: `Name a directory, or give a URL that begins with ${known.join(', ')}.`,
      });
    },
  };
}
