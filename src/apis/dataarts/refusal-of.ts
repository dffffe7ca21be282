import type { ErrorCode } from '../../core/error-catalogue.ts';
import { AppError } from '../../core/errors.ts';
import { badRequest, codes, type DlfCode, missing, nameUsed, Refusal, type Subject } from './refusal.ts';

/** Codes of the contract for errors of the service, whatever the call is about. */
const byCode: Readonly<Partial<Record<ErrorCode, DlfCode>>> = {
  'schedule-invalid': codes.scheduleInvalid,
  'archive-invalid': codes.fileUnreadable,
  'database-unknown': codes.connectionAddress,
};

/** An error of the service in the contract's words for calls about `subject`; one that has none stays as it is. */
export function refusalOf(error: unknown, subject: Subject): unknown {
  if (!(error instanceof AppError) || error instanceof Refusal) return error;
  if (error.code === 'item-unknown') return missing[subject]();
  if (error.code === 'item-exists') return nameUsed[subject]();
  const text = error.hint === '' ? error.message : `${error.message} ${error.hint}`;
  if (error.code === 'workspace-unknown')
    return new Refusal(codes.workspaceMissing, `The workspace does not exist. ${text}`);
  const isParameter = error.code === 'definition-invalid' && error.field === 'params';
  const code = isParameter ? codes.parameterMissing : byCode[error.code];
  if (code !== undefined) return new Refusal(code, text);
  return error.kind === 'invalid' || error.kind === 'not_found' ? badRequest(text) : error;
}
