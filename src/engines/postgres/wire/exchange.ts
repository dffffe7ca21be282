import type { FrameSink } from './frame-reader.ts';
import type { ServerError } from './messages.ts';

/**
 * One request and its answer. The connection hands over every message until the server is ready again; errors,
 * notices and the like come by the methods below. Exactly one of `ready` and `broken` ends it.
 */
export interface Exchange extends FrameSink {
  /** Much is coming, and nobody waits for the next piece of it. */
  readonly isBulk: boolean;
  /** The server reported an error; `ready` still follows. */
  error(error: ServerError): void;
  /** The server has answered everything and waits for the next request. */
  ready(): void;
  /** The connection is gone. */
  broken(error: unknown): void;
}

/** How an exchange holds the server back. */
export interface Flow {
  /** No more data for now. */
  pause(): void;
  resume(): void;
  /** The answer is of no use any more: ends the connection with `reason`, and the statement in the server. */
  abandon(reason: unknown): void;
}
