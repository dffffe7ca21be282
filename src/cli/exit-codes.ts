import type { ErrorKind } from '../core/error-catalogue.ts';

/** What each way of ending gives to the shell; docs/guides/command-line.md shows the same table. */
export const exitCodes = {
  ok: { code: 0, meaning: 'Everything was done.' },
  internal: { code: 1, meaning: 'A defect of Pumphouse.' },
  usage: { code: 2, meaning: 'The command line or a value in it is wrong.' },
  notFound: { code: 3, meaning: 'The named thing does not exist.' },
  refused: { code: 4, meaning: 'Credentials are missing or wrong, or a permission is missing.' },
  conflict: { code: 5, meaning: 'It exists already, is in use, or is in the wrong state.' },
  unavailable: {
    code: 6,
    meaning: 'A server, a storage or the service cannot be reached, or does not answer in time.',
  },
  corrupt: { code: 7, meaning: 'A dump set or a database is damaged or incomplete.' },
  withErrors: { code: 8, meaning: 'The job completed, with errors that its log names.' },
  failed: { code: 9, meaning: 'The job failed; it can be resumed.' },
  stopped: { code: 10, meaning: 'The job was stopped; it can be resumed.' },
  cancelled: { code: 11, meaning: 'The job was cancelled.' },
  unsupported: { code: 12, meaning: 'The engine or the storage cannot do what was asked.' },
  interrupted: { code: 130, meaning: 'Interrupted by Ctrl-C.' },
} as const satisfies Record<string, { readonly code: number; readonly meaning: string }>;

export type ExitCodeName = keyof typeof exitCodes;

/** The exit code of a command that ended with an error of this kind. */
export const exitCodeOfKind: Readonly<Record<ErrorKind, ExitCodeName>> = {
  invalid: 'usage',
  unauthenticated: 'refused',
  forbidden: 'refused',
  not_found: 'notFound',
  method_not_allowed: 'internal',
  not_acceptable: 'internal',
  conflict: 'conflict',
  precondition_failed: 'conflict',
  too_large: 'usage',
  unsupported_media_type: 'internal',
  unsupported: 'unsupported',
  corrupt: 'corrupt',
  unavailable: 'unavailable',
  timeout: 'unavailable',
  aborted: 'interrupted',
  lease_lost: 'internal',
  snapshot_lost: 'unavailable',
  internal: 'internal',
};
