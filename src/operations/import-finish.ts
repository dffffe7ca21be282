import { tableKey } from '../core/catalogue.ts';
import type { ImportRequest } from '../core/request.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import type { TaskRecord } from '../jobs/job-store.ts';
import { forgetTask } from './apply-tasks.ts';
import type { Environment } from './environment.ts';
import { sharedTarget } from './import-target.ts';
import { failureLine } from './import-tasks.ts';
import { errorLine, readLine } from './log-lines.ts';
import type { ImportFinishPayload, ImportResult, ReadResult } from './plan-types.ts';
import { tasksWithBatches } from './run-batch.ts';

/** Compares what the target says it holds with the manifest, and lets the engine check and gather statistics. */
export async function finishImport(
  environment: Environment,
  request: ImportRequest,
  payload: ImportFinishPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const target = await sharedTarget(environment, request, context);
  await target.begin(context.job.id, request.threads, context);
  const receipts = await target.receipts(context);
  const dataTasks = await tasksWithBatches(context, 'data');
  const reported = new Set(dataTasks.filter(({ state }) => state === 'failed').map(({ key }) => key));

  // Tables whose units failed have their error lines already; any other difference is one of its own.
  const tables = payload.tables.map((table) => ({
    ...table,
    written: table.units.reduce((sum, key) => sum + (receipts.get(key) ?? 0), 0),
    reported: table.units.some((key) => reported.has(key)),
  }));
  const differing = tables.filter((table) => table.written !== table.rows);
  const unexplained = differing.filter((table) => !table.reported);
  const failures = await target.finish(
    tables.map(({ schema, name, written, appended }) =>
      appended ? { schema, name } : { schema, name, rows: written },
    ),
    context,
  );

  const bytesRead = bytesReadBy([
    ...(await context.tasks('plan')),
    ...(await tasksWithBatches(context, 'verify')),
    ...dataTasks,
  ]);
  const result: ImportResult = {
    tables: tables.length,
    rows: tables.reduce((sum, { written }) => sum + written, 0),
    failedTables: differing.map(tableKey),
    bytesRead,
  };
  return {
    type: 'done',
    result: null,
    jobResult: result,
    spawn: [forgetTask],
    errors: unexplained.length + failures.length,
    log: [
      ...unexplained.map((table) =>
        errorLine(
          `Table ${tableKey(table)} has ${table.written} rows in the target, the manifest says ${table.rows}.`,
          {
            code: 'rows-differ',
            schema: table.schema,
            name: table.name,
          },
        ),
      ),
      ...failures.map(failureLine),
      readLine(bytesRead, payload.setBytes, request.ownFiles === null),
    ],
  };
}

const bytesReadBy = (tasks: readonly TaskRecord[]): number =>
  tasks.reduce((sum, { result }) => sum + ((result as ReadResult | null)?.bytesRead ?? 0), 0);
