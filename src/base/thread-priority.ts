import { readlinkSync } from 'node:fs';
import { setPriority } from 'node:os';

/**
 * Lets the other threads of the process go first: a worker thread that computes for long calls it once, so that requests are
 * answered meanwhile. On Linux every thread has a priority of its own; elsewhere nothing happens.
 */
export function lowerThreadPriority(): void {
  try {
    const thread = Number(readlinkSync('/proc/thread-self').split('/').at(-1));
    if (Number.isInteger(thread)) setPriority(thread, 10);
  } catch {
    // Not Linux, or not allowed: the work is done all the same.
  }
}
