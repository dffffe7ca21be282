import { tableKey } from '../core/catalogue.ts';
import type { ImportRequest } from '../core/request.ts';
import { readFrame } from '../dump/read-frame.ts';
import type { ApplyFailure } from '../engines/engine.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { Environment } from './environment.ts';
import { sharedTarget } from './import-target.ts';
import { errorLine } from './log-lines.ts';
import type { ApplyPayload, ImportDataPayload } from './plan-types.ts';

/** Makes the place for receipts, then everything that comes before the data. */
export async function prepareTarget(
  environment: Environment,
  request: ImportRequest,
  payload: ApplyPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  return applyObjects(environment, request, 'prepare', payload, context);
}

/** Runs a list of objects with its receipt; single objects may fail. */
export async function applyObjects(
  environment: Environment,
  request: ImportRequest,
  key: string,
  payload: ApplyPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  if (payload.objects.length === 0 && key !== 'prepare') return { type: 'done', result: null };
  const target = await readyTarget(environment, request, context);
  const { failures } = await target.apply(key, payload.objects, context);
  return { type: 'done', result: null, errors: failures.length, log: failures.map(failureLine) };
}

/** One unit: decompressed, checked and written in one transaction with its receipt. */
export async function writeUnit(
  environment: Environment,
  request: ImportRequest,
  key: string,
  payload: ImportDataPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const storage = await environment.storage(request.location);
  const target = await readyTarget(environment, request, context);
  const { schema, name, columns, encoding, wholeTable, unit } = payload;
  const table = { schema, name };
  const bytes = counted(readFrame(storage, unit, `table ${tableKey(table)}`, context), (done) =>
    context.progress({ bytes: done, rows: 0 }),
  );
  const write = { key, table, columns, encoding, variant: unit.variant, rows: unit.rows, wholeTable };
  const { rows } = await target.write(write, bytes, context);
  return { type: 'done', result: { rows }, done: { bytes: unit.rawBytes, rows } };
}

/** The shared target; a process that comes later finds the receipts that an earlier one made. */
async function readyTarget(environment: Environment, request: ImportRequest, context: TaskContext) {
  const target = await sharedTarget(environment, request, context);
  await context.shared('receipts', async () => {
    await target.begin(context.job.id, request.threads, context);
    return { [Symbol.asyncDispose]: () => Promise.resolve() };
  });
  return target;
}

async function* counted(
  bytes: AsyncIterable<Uint8Array>,
  report: (done: number) => void,
): AsyncIterable<Uint8Array> {
  let done = 0;
  for await (const chunk of bytes) {
    done += chunk.byteLength;
    report(done);
    yield chunk;
  }
}

export const failureLine = ({ object, message }: ApplyFailure) => {
  const name = object.schema === null ? object.name : `${object.schema}.${object.name}`;
  return errorLine(`${object.type} ${name} failed: ${message}`, {
    code: 'database-statement',
    object: name,
    type: object.type,
  });
};
