import { AppError } from '../../core/errors.ts';
import type { Job } from '../../core/job.ts';
import type { Service } from '../../service/service.ts';
import type { StartOptions } from '../../service/start-input.ts';
import type { ApiRequest } from '../api.ts';
import { backupVerifyInput, restoreInput } from './backup-input.ts';
import { callContext } from './call-context.ts';
import { copyInput, defined, exportInput, importInput, place, target } from './job-input.ts';
import { decodeLocation } from './location.ts';
import type { NewJob } from './new-job.ts';

/** Id of this API in jobs and logs. */
export const apiId = 'native';

/** Starts the job that the body asks for. `created` false: the Idempotency-Key was known, and this is its job. */
export function startJob(
  service: Service,
  request: ApiRequest,
): Promise<{ readonly job: Job; readonly created: boolean }> {
  const context = callContext(request);
  const body = request.body as NewJob;
  const options = defined({ ...startOptions(request), mail: body.mail, priority: body.priority });
  switch (body.kind) {
    case 'verify':
      return service.startVerify(context, defined(place(body)), options);
    case 'export':
      return service.startExport(context, exportInput(body), options);
    case 'import':
      return service.startImport(context, importInput(body), options);
    case 'copy':
      return service.startCopy(context, copyInput(body), options);
    case 'dump_copy':
      return service.startDumpCopy(context, defined({ ...place(body), to: target(body) }), options);
    case 'dump_delete':
      return service.startDumpDelete(
        context,
        defined({ location: decodeLocation(body), filePattern: body.file_pattern }),
        options,
      );
    case 'backup':
      return service.startBackup(
        context,
        defined({ database: body.database, keepForever: body.keep_forever }),
        options,
      );
    case 'backup_verify':
      return service.startBackupVerify(context, backupVerifyInput(body), options);
    case 'backup_delete':
      return service.startBackupDelete(
        context,
        defined({ database: body.database, backups: body.backups, force: body.force }),
        options,
      );
    case 'restore':
      return service.startRestore(context, restoreInput(body), options);
    default:
      return body satisfies never;
  }
}

/** What the headers of a start request add to it. */
export function startOptions(request: ApiRequest): StartOptions {
  const key = request.headers['idempotency-key'];
  if (key === undefined) return { api: apiId };
  if (!/^[\x21-\x7e]{1,255}$/.test(key)) {
    throw new AppError('field-invalid', {
      message: 'The header Idempotency-Key has to be 1 to 255 printable ASCII characters without spaces.',
      field: 'Idempotency-Key',
      hint: 'Use a random UUID for each new request.',
    });
  }
  return { api: apiId, idempotencyKey: key };
}
