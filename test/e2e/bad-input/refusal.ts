import type { Person } from '../../harness/bad-input-stage.ts';

/** A request of the native API that is wrong, and the answer that tells so. */
export interface Refusal {
  /** `POST /jobs`, below /api/v1. */
  readonly request: string;
  /** JSON, or a text that is sent as it is. */
  readonly body?: unknown;
  /** An administrator unless said. */
  readonly as?: Person | 'nobody';
  readonly headers?: Readonly<Record<string, string>>;
  /** `400 field-invalid threads`: status, code, and the field that is to blame, if one is. */
  readonly answer: string;
  /** The message, a line end, and the hint: what is wrong by name, and the remedy. */
  readonly says: RegExp;
}

export type Refusals = Readonly<Record<string, Refusal>>;

export const exporting = (more: object) => ({ kind: 'export', database: 'shop', mode: 'full', ...more });
export const importing = (more: object) => ({
  kind: 'import',
  database: 'copy',
  file_pattern: 'GOOD%U.DMP',
  ...more,
});
export const verifying = (more: object) => ({
  kind: 'verify',
  directory: 'good',
  file_pattern: 'GOOD%U.DMP',
  ...more,
});

/** A request for a job. */
export const start = (body: unknown, answer: string, says: RegExp, more: Partial<Refusal> = {}): Refusal => ({
  request: 'POST /jobs',
  body,
  answer,
  says,
  ...more,
});
