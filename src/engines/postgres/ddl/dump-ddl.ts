import path from 'node:path';
import { Worker } from 'node:worker_threads';
import type { DdlObject, TableName } from '../../../core/catalogue.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError, toAppError } from '../../../core/errors.ts';
import type { DdlScope } from '../../engine.ts';
import { classifyPostgresError } from '../classify.ts';
import type { OwnConnection } from '../connector.ts';
import type { RawConnection } from '../wire/connect.ts';
import { nameServer } from '../wire/server-of-error.ts';
import { startupAnswer } from './client-stream.ts';
import type { DumpWorkerData, DumpWorkerMessage } from './dump-worker.ts';
import { scopeArguments } from './patterns.ts';
import { ServerRelay } from './server-relay.ts';

/** The servers that the pg_dump in use (18) reads. */
const newestServer = 18;
const operation = 'dump DDL';

/**
 * The statements that make everything in `scope` as the snapshot `snapshotToken` shows it, in pg_dump's order: by pg_dump
 * 18 itself, which runs as WebAssembly in a thread of its own, over a connection of ours. What depends on nothing in
 * scope can be left in when a long list of names has to be made coarser.
 * @throws AppError unsupported (server newer than pg_dump), snapshot-lost, database-privilege (a table may not be
 * read) and whatever else the server says
 */
export async function dumpDdl(
  open: () => Promise<OwnConnection>,
  scope: DdlScope,
  barred: readonly TableName[],
  snapshotToken: string,
  context: OperationContext,
): Promise<readonly DdlObject[]> {
  const narrowing = scopeArguments(scope, barred);
  if (narrowing === null) return [];
  if (context.signal.aborted) throw toAppError(context.signal.reason);
  await using connection = await open();
  refuseNewerServer(connection);
  // Texts come as UTF-8 whatever the encoding of the database is.
  const general = ['--schema-only', '--encoding=UTF8', `--snapshot=${snapshotToken}`];
  // Not without await: the connection must outlive the work.
  return await runWorker(connection, [...general, ...narrowing], context.signal);
}

function refuseNewerServer({ serverVersionNum }: RawConnection): void {
  const major = Math.floor(serverVersionNum / 10_000);
  if (major <= newestServer) return;
  throw new AppError('unsupported', {
    message: `The server is PostgreSQL ${major}, and the newest that this Pumphouse can read the schema of is ${newestServer}.`,
    hint: 'Use a newer Pumphouse.',
    operation,
  });
}

async function runWorker(
  connection: OwnConnection,
  programArguments: readonly string[],
  signal: AbortSignal,
): Promise<readonly DdlObject[]> {
  const answerCount = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const data: DumpWorkerData = {
    arguments: programArguments,
    startupAnswer: startupAnswer(connection),
    answerCount,
  };
  // In a checkout this file is TypeScript, in the published package JavaScript; so is the worker's.
  const file = new URL(`./dump-worker${path.extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(file, { workerData: data, name: 'pg_dump' });
  const outcome = Promise.withResolvers<readonly DdlObject[]>();
  const defect = (message: string, cause?: unknown): void =>
    outcome.reject(new AppError('internal', { message, operation, cause }));
  const onAbort = (): void => outcome.reject(toAppError(signal.reason));
  using relay = new ServerRelay(
    connection,
    (answer) => {
      worker.postMessage(answer);
      Atomics.add(new Int32Array(answerCount), 0, 1);
      Atomics.notify(new Int32Array(answerCount), 0);
    },
    (error) => {
      nameServer(error, connection.server);
      outcome.reject(classifyPostgresError(error, operation));
    },
  );
  worker.on('message', (message: DumpWorkerMessage) => {
    if (message.kind === 'request') relay.send(Buffer.from(message.bytes));
    else if (message.kind === 'done') outcome.resolve(message.objects);
    else outcome.reject(dumpError(message.message, relay.lastError, connection.server));
  });
  worker.once('error', (error) => defect(`pg_dump broke down: ${error.message}`, error));
  worker.once('exit', () => outcome.reject(threadLost()));
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await outcome.promise;
  } finally {
    signal.removeEventListener('abort', onAbort);
    // Ends the thread even when it sleeps, waiting for an answer.
    await worker.terminate();
  }
}

/** Something ended the thread from outside; another one will do. */
const threadLost = (): AppError =>
  new AppError('internal', {
    message: 'The thread of pg_dump ended without a result.',
    operation,
    temporary: true,
  });

/** pg_dump gives up at the first error of the server, so the last one is the reason; without one the words are its own. */
function dumpError(message: string, last: ServerRelay['lastError'], server: string): AppError {
  if (last === null) {
    const [, words = message] = /pg_dump: error: (.*)/s.exec(message) ?? [];
    return new AppError('database-statement', { message: `pg_dump failed: ${words.trim()}`, operation });
  }
  if (/^Q....SET TRANSACTION SNAPSHOT/s.test(last.request.toString('latin1'))) {
    return new AppError('snapshot-lost', {
      message: `The snapshot is gone: ${last.error.message}.`,
      operation,
      cause: last.error,
    });
  }
  nameServer(last.error, server);
  return classifyPostgresError(last.error, operation);
}
