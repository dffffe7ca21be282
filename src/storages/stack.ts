import type { RetryPolicy } from '../base/retry.ts';
import type { Secret } from '../base/secret.ts';
import { AppError } from '../core/errors.ts';
import type { StorageObserver } from '../core/storage-observer.ts';
import type { Network } from '../network/network.ts';
import { credentialTypesOf } from './credential-types.ts';
import { createLimit, type Limit, type LimitOptions, withLimit } from './layers/limit.ts';
import { withLog } from './layers/log.ts';
import { withObserver } from './layers/observe.ts';
import { redacted, withRedaction } from './layers/redact.ts';
import { withRetry } from './layers/retry.ts';
import { type TimeoutOptions, withTimeout } from './layers/timeout.ts';
import { placeOf } from './place.ts';
import type { CredentialType, OpenedCredential, Storage, StorageDriver, StoragePlace } from './storage.ts';

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

/** Who is told of the calls at a storage. */
export interface Observed {
  readonly scheme: string;
  readonly observer: StorageObserver;
}

/**
 * Puts the layers around a driver's storage: retry > log > limit > observe > timeout > driver, so that each try is logged, limited, observed and timed by itself.
 * `open` keeps the secret out of the driver's errors besides.
 */
export function stackStorage(
  driver: Storage,
  options: StorageLayerOptions,
  limit: Limit,
  observed: Observed | null = null,
): Storage {
  const timed = withTimeout(driver, options.timeout);
  if (observed === null) return withRetry(withLog(withLimit(timed, limit)), options.retry);
  const { scheme, observer } = observed;
  return withRetry(
    withLog(withLimit(withObserver(timed, scheme, observer), limit)),
    options.retry,
    (operation, name) => observer.retried({ scheme, operation, name }),
  );
}

export interface StorageStack {
  /** What can be entered with, each kind with every option that it may hold. */
  readonly credentialTypes: readonly CredentialType[];
  /** Whether a URL leads to the machine of the process; false for a scheme that no driver knows. */
  isLocal(url: URL): boolean;
  /** The storage behind a URL, in its layers. Throws `location-invalid`, also for a scheme that no driver knows. No I/O. */
  open(url: URL, credential: OpenedCredential | null): Storage;
}

/**
 * All storages of a process: one limit for each kind of storage.
 * @param parts.concurrency calls at once at each kind of storage, in the place of its own number and that of the options
 * @param parts.observer is told of each call; absent: nobody is
 */
export function createStorageStack(parts: {
  readonly drivers: readonly StorageDriver[];
  readonly network: Network;
  readonly options?: StorageLayerOptions;
  readonly concurrency?: number | null;
  readonly observer?: StorageObserver;
}): StorageStack {
  const { observer } = parts;
  const options = parts.options ?? defaultLayerOptions;
  const limitOf = ({ concurrency = options.limit.concurrency }: StorageDriver): Limit =>
    createLimit({ ...options.limit, concurrency: parts.concurrency ?? concurrency });
  const limits = new Map(parts.drivers.map((driver) => [driver, limitOf(driver)]));
  return {
    credentialTypes: credentialTypesOf(parts.drivers),
    isLocal: ({ protocol }) =>
      parts.drivers.some(
        ({ schemes, isLocal }) => isLocal === true && schemes.includes(protocol.slice(0, -1)),
      ),
    open(url, credential) {
      const scheme = url.protocol.slice(0, -1);
      for (const [driver, limit] of limits) {
        if (!driver.schemes.includes(scheme)) continue;
        const place = placeOf(driver, url, credential, parts.network);
        const storage = openWithout(place.credential?.secret ?? null, driver, place);
        return stackStorage(storage, options, limit, observer === undefined ? null : { scheme, observer });
      }
      throw new AppError('location-invalid', {
        message: `The storage URL begins with ${url.protocol}, which no storage answers for.`,
        hint: `Name a directory, or give a URL such as ${parts.drivers.map(({ example }) => example).join(', ')}.`,
      });
    },
  };
}

/** The driver's storage, whose errors never hold the secret; nor does what it says against the place. */
function openWithout(secret: Secret | null, driver: StorageDriver, place: StoragePlace): Storage {
  if (secret === null) return driver.open(place);
  try {
    return withRedaction(driver.open(place), secret);
  } catch (error) {
    throw redacted(error, secret);
  }
}
