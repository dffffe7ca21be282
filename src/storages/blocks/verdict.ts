import type { ErrorCode } from '../../core/error-catalogue.ts';

/** What a storage's own code means: a row of a driver's table. */
export interface Verdict {
  readonly code: ErrorCode;
  /** The same call may succeed later. */
  readonly temporary: boolean;
  /** What is said of the place or file: `may not be accessed`. */
  readonly sentence: string;
  /** Absent: the catalogue's. */
  readonly hint?: string;
}

export const verdict = (code: ErrorCode, temporary: boolean, sentence: string, hint?: string): Verdict => ({
  code,
  temporary,
  sentence,
  ...(hint === undefined ? {} : { hint }),
});
