import { tableKey } from '../core/catalogue.ts';
import type { CopyRequest } from '../core/request.ts';
import type { TaskContext, TaskOutcome } from '../jobs/handler.ts';
import { forgetTask } from './apply-tasks.ts';
import { byTable, figuresOf } from './copy-data.ts';
import { targetOf } from './copy-target.ts';
import type { Environment } from './environment.ts';
import { forgetHashKey } from './hash-key.ts';
import { failureLine, readyTarget } from './import-tasks.ts';
import { errorLine } from './log-lines.ts';
import type { CopyFinishPayload, CopyResult } from './plan-types.ts';
import { tasksWithBatches } from './run-batch.ts';

/** Compares what the target says it holds with what was read, and lets the engine check and gather statistics. */
export async function finishCopy(
  environment: Environment,
  request: CopyRequest,
  payload: CopyFinishPayload,
  context: TaskContext,
): Promise<TaskOutcome> {
  const target = await readyTarget(environment, targetOf(request), context);
  const receipts = await target.receipts(context);
  const data = await tasksWithBatches(context, 'data');
  const tasksOf = byTable(data);

  const tables = payload.tables.map((table) => {
    const tasks = tasksOf.get(tableKey(table)) ?? [];
    return {
      ...table,
      read: figuresOf(tasks).rows,
      written: tasks.reduce((sum, { key }) => sum + (receipts.get(key) ?? 0), 0),
      // Such a table has its error lines already.
      failed: tasks.some(({ state }) => state === 'failed'),
    };
  });
  const differing = tables.filter(({ read, written, failed }) => !failed && read !== written);
  const failures = await target.finish(
    tables.map(({ schema, name, written }) => ({ schema, name, rows: written })),
    context,
  );

  const result: CopyResult = {
    tables: tables.length,
    rows: tables.reduce((sum, { written }) => sum + written, 0),
    bytes: figuresOf(data).bytes,
    failedTables: tables.filter((table) => table.failed || differing.includes(table)).map(tableKey),
  };
  return {
    type: 'done',
    result: null,
    jobResult: result,
    ...forgetHashKey(context.job.plan),
    spawn: [forgetTask],
    errors: differing.length + failures.length,
    log: [
      ...differing.map((table) =>
        errorLine(
          `Table ${tableKey(table)} has ${table.written} rows in the target, and ${table.read} were read from the source.`,
          { code: 'rows-differ', schema: table.schema, name: table.name },
        ),
      ),
      ...failures.map(failureLine),
    ],
  };
}
