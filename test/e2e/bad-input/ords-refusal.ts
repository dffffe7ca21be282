import type { Person } from '../../harness/bad-input-stage.ts';

/** A request of the ORDS API that is wrong, and the answer that tells so. */
export interface Refusal {
  /** Below the pool and alias of the caller: `export`, `import`, `jobs/?q=...`. */
  readonly path: string;
  /** Undefined: GET. */
  readonly body?: unknown;
  readonly as?: Person;
  readonly pool?: string;
  /** The caller's own unless said. */
  readonly alias?: string;
  /** `400 BadRequest threads`: status, the word of `code`, and the member that the message names, if there is one. */
  readonly answer: string;
  /** The message, a line end, and the action. */
  readonly says: RegExp;
}

export const exporting = (
  body: unknown,
  answer: string,
  says: RegExp,
  more: Partial<Refusal> = {},
): Refusal => ({
  path: 'export',
  body,
  answer,
  says,
  ...more,
});
