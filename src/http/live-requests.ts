/**
 * The requests being answered, so that their work can be interrupted: when the client goes away, and when the server closes.
 * Event streams end at once on close (their clients come back with Last-Event-ID), all else when the grace period is over.
 */
export interface LiveRequests {
  readonly closing: boolean;
  open(): AbortController;
  /** The request answers with a stream that has no end of its own. */
  markEndless(request: AbortController): void;
  finish(request: AbortController): void;
  beginClose(): void;
  interruptAll(): void;
}

export function createLiveRequests(): LiveRequests {
  const live = new Set<AbortController>();
  const endless = new Set<AbortController>();
  let closing = false;
  return {
    get closing() {
      return closing;
    },
    open() {
      const request = new AbortController();
      live.add(request);
      return request;
    },
    markEndless(request) {
      endless.add(request);
      if (closing) request.abort();
    },
    finish(request) {
      live.delete(request);
      endless.delete(request);
    },
    beginClose() {
      closing = true;
      for (const request of endless) request.abort();
    },
    interruptAll() {
      for (const request of live) request.abort();
    },
  };
}
