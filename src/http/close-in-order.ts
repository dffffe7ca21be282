import { once } from 'node:events';
import { setTimeout as sleep, setImmediate as turnOfEvents } from 'node:timers/promises';
import type { TrackedServer } from './connections.ts';
import type { LiveRequests } from './live-requests.ts';

export interface Closing {
  /** Those that listen; more than one where the host has several addresses. */
  readonly servers: readonly TrackedServer[];
  readonly live: LiveRequests;
  /** Whether a proxy is at the other side, by its address: its connections have `proxyGraceMs` for one more request each. */
  readonly isProxy: (address: string | undefined) => boolean;
  /** 0: there are no proxies. */
  readonly proxyGraceMs: number;
  /** Ends the server, whose connections run out of work now. */
  readonly end: () => Promise<void>;
}

/**
 * Takes no more connections and lets requests finish for `graceMs`; then they are broken off. What a proxy was just sending into a connection
 * that it keeps open is answered, and the answer closes the connection: to close it by ourselves would lose the request.
 */
export async function closeInOrder(closing: Closing, graceMs: number): Promise<void> {
  const { servers, live, isProxy, proxyGraceMs, end } = closing;
  live.beginClose();
  const timer = setTimeout(() => {
    live.interruptAll();
    for (const each of servers) each.closeAll();
  }, graceMs);
  try {
    const graceOfProxiesMs = Math.min(graceMs, proxyGraceMs);
    if (servers.length > 0 && graceOfProxiesMs > 0) {
      const ended = Promise.all(servers.map(({ server }) => once(server, 'close')));
      // Connections that wait to be accepted are accepted first, and what has come on others is read before they count as idle.
      await turnOfEvents();
      for (const each of servers) each.stopListening();
      for (const each of servers) each.closeIdle(isProxy);
      await endedWithin(ended, graceOfProxiesMs);
      await turnOfEvents();
    }
    for (const each of servers) each.closeIdle();
    await end();
  } finally {
    clearTimeout(timer);
  }
}

async function endedWithin(ended: Promise<unknown>, ms: number): Promise<void> {
  const over = new AbortController();
  const time = sleep(ms, undefined, { signal: over.signal }).catch(() => undefined);
  await Promise.race([ended, time]);
  over.abort();
}
