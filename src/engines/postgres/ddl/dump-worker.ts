/**
 * The thread in which pg_dump (WebAssembly) runs and its text is cut into objects: both take memory and time that the
 * main thread must not spend. pg_dump reads and writes its connection synchronously; each request is handed to the
 * main thread, which owns the socket, and this thread sleeps until the whole answer is there.
 */
import { type MessagePort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import { refreshesOf, splitDump } from './split.ts';
import { AnswerReader, messageTypes, queryMessage, RequestReader, rowFields } from './wire.ts';

/** What the main thread gives. */
export interface DumpWorkerData {
  readonly arguments: readonly string[];
  readonly startupAnswer: Uint8Array;
  readonly port: MessagePort;
  /** One Int32, a count of the answers posted. */
  readonly answers: SharedArrayBuffer;
}

/** What this thread posts: a request to relay, or the end of the work. */
export type FromDumpWorker =
  | { readonly kind: 'request'; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly objects: Awaited<ReturnType<typeof splitDump>> }
  | { readonly kind: 'failed'; readonly message: string };

const data = workerData as DumpWorkerData;
const answers = new Int32Array(data.answers);
let answersTaken = 0;

function post(message: FromDumpWorker): void {
  data.port.postMessage(message);
}

function exchange(bytes: Uint8Array): Uint8Array {
  post({ kind: 'request', bytes });
  Atomics.wait(answers, 0, answersTaken);
  answersTaken++;
  const answer = receiveMessageOnPort(data.port) as { message: Uint8Array };
  return answer.message;
}

/** What pg_dump sees as its connection. The answer to several pieces of a request comes in one piece: the package joins them slowly. */
const requests = new RequestReader();
const connection = {
  query: () => Promise.resolve({ rows: [{ search_path: '' }] }),
  exec: () => Promise.resolve([]),
  execProtocolRawStream(bytes: Uint8Array, { onRawData }: { onRawData: (answer: Uint8Array) => void }): void {
    const request = requests.take(bytes);
    if (request.kind === 'startup') onRawData(data.startupAnswer);
    else if (request.kind === 'encryption') onRawData(Buffer.from('N'));
    else if (request.kind === 'messages') onRawData(exchange(request.bytes));
  },
};
