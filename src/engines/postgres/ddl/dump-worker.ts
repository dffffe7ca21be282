/**
 * The thread in which pg_dump (WebAssembly) runs and its text is cut into objects: both take memory and time that the
 * main thread must not spend. pg_dump reads and writes its connection synchronously; each request is handed to the
 * main thread, which owns the socket, and this thread sleeps until the whole answer is there.
 */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import type { DdlObject } from '../../../core/catalogue.ts';
import { noEncryption, RequestReader } from './client-stream.ts';
import { hideRestrictLines, restoreRestrictLines, showRestrictLines } from './restrict-lines.ts';
import { withoutSecrets } from './secrets.ts';
import { splitDump } from './split.ts';

/** What the main thread gives. */
export interface DumpWorkerData {
  readonly arguments: readonly string[];
  readonly startupAnswer: Uint8Array;
  /** One Int32: how many answers were posted. */
  readonly answerCount: SharedArrayBuffer;
}

/** What this thread posts: a request to relay, or the end of the work. */
export type DumpWorkerMessage =
  | { readonly kind: 'request'; readonly bytes: Uint8Array }
  | { readonly kind: 'done'; readonly objects: readonly DdlObject[] }
  | { readonly kind: 'failed'; readonly message: string };

const data = workerData as DumpWorkerData;
// Never null in a worker thread.
const mainThread = parentPort as MessagePort;
const answerCount = new Int32Array(data.answerCount);
// The compilation of WebAssembly alone does not keep the thread alive; the main thread ends it.
mainThread.ref();
const requests = new RequestReader();
let answersTaken = 0;

const post = (message: DumpWorkerMessage): void => mainThread.postMessage(message);

function exchange(bytes: Uint8Array): Uint8Array {
  post({ kind: 'request', bytes });
  Atomics.wait(answerCount, 0, answersTaken);
  answersTaken++;
  return (receiveMessageOnPort(mainThread) as { message: Uint8Array }).message;
}

/** The part of a PGlite that pg_dump's package uses. The session is not used again, so nothing needs to be put back. */
const connection = {
  query: () => Promise.resolve({ rows: [{ search_path: '' }] }),
  exec: () => Promise.resolve([]),
  // An answer goes back in one piece, because the package takes quadratic time to join several.
  execProtocolRawStream(bytes: Uint8Array, { onRawData }: { onRawData: (answer: Uint8Array) => void }): void {
    const request = requests.take(bytes);
    if (request.kind === 'startup') onRawData(data.startupAnswer);
    else if (request.kind === 'encryption') onRawData(noEncryption);
    else if (request.kind === 'messages')
      onRawData(hideRestrictLines(exchange(showRestrictLines(request.bytes))));
  },
};

try {
  // The program's own name, in its messages.
  process.argv[1] = '/pg_dump';
  const file = await pgDump({ pg: connection as unknown as PGlite, args: [...data.arguments] });
  post({
    kind: 'done',
    objects: (await splitDump(restoreRestrictLines(await file.text()))).map(withoutSecrets),
  });
} catch (error) {
  post({ kind: 'failed', message: error instanceof Error ? error.message : String(error) });
}
