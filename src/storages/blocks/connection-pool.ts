/** A connection that serves one call at a time. */
export interface PooledConnection {
  /** False when it is closed, or an answer is still to come: not fit for another call. */
  readonly isUsable: boolean;
  /** Nobody uses it: it keeps the process alive no more. */
  rest(): void;
  /** It is used again. */
  wake(): void;
  /** Closes it at once. */
  destroy(): void;
}

/** Connections to one place. There are as many as there are calls at once: how many these may be is the limit layer's matter. */
export interface ConnectionPool<C extends PooledConnection> {
  /** One that is idle, or a new one. Give it back afterwards, whatever happened. */
  take(signal: AbortSignal): Promise<C>;
  giveBack(connection: C): void;
  /** Closes those that are idle, and the others as they are given back. */
  close(): void;
}

/**
 * @param connect makes a connection
 * @param idleMs one that nobody has used for so long is not used again: servers and firewalls forget connections
 */
export function createConnectionPool<C extends PooledConnection>(
  connect: (signal: AbortSignal) => Promise<C>,
  idleMs = 10_000,
): ConnectionPool<C> {
  const idle: { readonly connection: C; readonly since: number }[] = [];
  let isClosed = false;
  const dropStale = (): void => {
    const now = performance.now();
    while (idle[0] !== undefined && now - idle[0].since > idleMs) idle.shift()?.connection.destroy();
  };
  return {
    async take(signal) {
      signal.throwIfAborted();
      dropStale();
      for (let last = idle.pop(); last !== undefined; last = idle.pop()) {
        if (last.connection.isUsable) {
          last.connection.wake();
          return last.connection;
        }
        last.connection.destroy();
      }
      return await connect(signal);
    },
    giveBack(connection) {
      dropStale();
      if (isClosed || !connection.isUsable) {
        connection.destroy();
        return;
      }
      connection.rest();
      idle.push({ connection, since: performance.now() });
    },
    close() {
      isClosed = true;
      for (const { connection } of idle.splice(0)) connection.destroy();
    },
  };
}
