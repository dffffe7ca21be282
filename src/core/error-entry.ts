import type { ErrorKind } from './error-catalogue.ts';

/** What the catalogue says of an error. */
export interface CatalogueEntry {
  readonly kind: ErrorKind;
  /** When it happens: the row of docs/errors.md. */
  readonly when: string;
  /** The remedy shown when the place that raises it has no better one. */
  readonly hint: string;
  /** A retry of the same call may succeed, where the kind alone does not tell: what is unavailable or silent mostly comes back. */
  readonly temporary?: boolean;
}

export const entry = (kind: ErrorKind, when: string, hint: string): CatalogueEntry => ({ kind, when, hint });

/** Of kind `unavailable`, and nothing that time alone mends. */
export const lasting = (when: string, hint: string): CatalogueEntry => ({
  kind: 'unavailable',
  when,
  hint,
  temporary: false,
});
