import pg from 'pg';
import type { Logger } from '../../core/context.ts';
import type { JobState } from '../../core/job.ts';
import type { JobNotice, JobNotices } from '../../jobs/job-notices.ts';
import { noticeChannel } from '../save-job.ts';
import { clientConfig, type StorePatience } from './store-pool.ts';
import type { StoreAddress } from './store-url.ts';

/** The connection is asked so often whether it lives: a listener hears nothing of a line that is cut. */
const checkEveryMs = 5_000;
/** How long to wait before connecting again. */
const againAfterMs = 500;

/** It only listens: nothing that it asks takes long. */
const patience: StorePatience = { connect: 5_000, answer: 5_000, lock: 0, statement: 0, silence: 0 };

interface Subscriber {
  readonly listener: (notice: JobNotice) => void;
  readonly onGap: () => void;
}

export interface ClosableNotices extends JobNotices {
  close(): Promise<void>;
}

/** Listens on a connection of its own, as long as there are subscribers; connects again when it is cut. */
export function createJobNotices(address: StoreAddress, log: Logger): ClosableNotices {
  const subscribers = new Set<Subscriber>();
  const closed = new AbortController();
  let listening: Promise<void> | undefined;

  const hear = (text: string): void => {
    const notice = readNotice(text);
    for (const { listener } of subscribers) listener(notice);
  };
  /** Settles when the connection is of no more use. */
  const listenOnce = async (): Promise<void> => {
    const client = new pg.Client({
      ...clientConfig(address, patience),
      application_name: 'pumphouse-notices',
    });
    const ended = new Promise<void>((resolve) => {
      client.on('error', () => resolve());
      client.on('end', () => resolve());
    });
    client.on('notification', ({ payload = '' }) => hear(payload));
    const end = (): void => void client.end().catch(() => undefined);
    closed.signal.addEventListener('abort', end);
    try {
      await client.connect();
      await client.query(`listen ${noticeChannel}`);
      for (const { onGap } of subscribers) onGap();
      while (!closed.signal.aborted) {
        if (await Promise.race([ended.then(() => true), pause(checkEveryMs, closed.signal)])) return;
        await client.query('select 1');
      }
    } finally {
      closed.signal.removeEventListener('abort', end);
      end();
    }
  };
  const listen = async (): Promise<void> => {
    while (!closed.signal.aborted) {
      try {
        await listenOnce();
      } catch (error) {
        if (closed.signal.aborted) return;
        const reason = error instanceof Error ? error.message : String(error);
        log.debug('not told of changes of jobs; connecting again', { reason });
      }
      await pause(againAfterMs, closed.signal);
    }
  };

  return {
    subscribe(listener, onGap) {
      const subscriber = { listener, onGap };
      subscribers.add(subscriber);
      listening ??= listen();
      return () => subscribers.delete(subscriber);
    },
    async close() {
      closed.abort();
      await listening;
    },
  };
}

/** Resolves to false after `ms`, or at once on an abort. */
function pause(ms: number, signal: AbortSignal): Promise<false> {
  return new Promise((resolve) => {
    const wake = (): void => {
      clearTimeout(timer);
      signal.removeEventListener('abort', wake);
      resolve(false);
    };
    const timer = setTimeout(wake, ms);
    signal.addEventListener('abort', wake);
    if (signal.aborted) wake();
  });
}

function readNotice(text: string): JobNotice {
  const [jobId = '', state = '', restarts, version] = text.split(' ');
  return { jobId, state: state as JobState, restarts: Number(restarts), version: Number(version) };
}
