import { toAppError } from '../core/errors.ts';
import { type ExitCodeName, exitCodeOfKind } from './exit-codes.ts';
import type { CliHost } from './host.ts';

/** The error as one sentence and its remedy on standard error; a defect shows its stack too. Gives the exit code. */
export function renderError(host: CliHost, error: unknown, json: boolean): ExitCodeName {
  const app = toAppError(error);
  if (json) {
    host.stderr.write(
      `${JSON.stringify({ code: app.code, message: app.message, hint: app.hint, ...(app.field === undefined ? {} : { field: app.field }) })}\n`,
    );
  } else {
    host.stderr.write(`pumphouse: ${app.message}\n${app.hint === '' ? '' : `${app.hint}\n`}`);
    if (app.kind === 'internal')
      host.stderr.write(`${(app.cause instanceof Error ? app.cause : app).stack ?? ''}\n`);
  }
  return exitCodeOfKind[app.kind];
}
