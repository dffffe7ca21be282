import type { Caller } from '../core/permission.ts';

/** What the server keeps about a request while it is answered. */
export interface RequestState {
  readonly startedAt: number;
  /** Aborted when the client goes away or the server must end. */
  readonly abort: AbortController;
  /** To be called when the answer is a stream without an end of its own. */
  readonly markEndless: () => void;
  /** Id of the API that answers. */
  api: string;
  caller: Caller | null;
  /** The body as it came, at APIs that read it so; null until it is read, and where there is none. */
  rawBody: Buffer | null;
  /** To be called when it is known who asks, where that takes the body, which is part of what was signed; null: it was known before. */
  knowsCaller: (() => void) | null;
  /** Code of the error that was answered, for the log. */
  errorCode: string | null;
}
