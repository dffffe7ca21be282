/** The thread in which pg_dump runs for a test: as the engine's own, but its text comes back as it is. */
import { type MessagePort, parentPort, receiveMessageOnPort, workerData } from 'node:worker_threads';
import type { PGlite } from '@electric-sql/pglite';
import { pgDump } from '@electric-sql/pglite-tools/pg_dump';
import { noEncryption, RequestReader } from '../../src/engines/postgres/ddl/client-stream.ts';

const data = workerData as { startupAnswer: Uint8Array; answerCount: SharedArrayBuffer };
const mainThread = parentPort as MessagePort;
const answerCount = new Int32Array(data.answerCount);
mainThread.ref();
const requests = new RequestReader();
let answersTaken = 0;

function exchange(bytes: Uint8Array): Uint8Array {
  mainThread.postMessage({ request: bytes });
  Atomics.wait(answerCount, 0, answersTaken);
  answersTaken++;
  return (receiveMessageOnPort(mainThread) as { message: Uint8Array }).message;
}

const connection = {
  query: () => Promise.resolve({ rows: [{ search_path: '' }] }),
  exec: () => Promise.resolve([]),
  execProtocolRawStream(bytes: Uint8Array, { onRawData }: { onRawData: (answer: Uint8Array) => void }): void {
    const request = requests.take(bytes);
    if (request.kind === 'startup') onRawData(data.startupAnswer);
    else if (request.kind === 'encryption') onRawData(noEncryption);
    else if (request.kind === 'messages') onRawData(exchange(request.bytes));
  },
};

process.argv[1] = '/pg_dump';
const file = await pgDump({
  pg: connection as unknown as PGlite,
  args: ['--schema-only', '--encoding=UTF8'],
});
mainThread.postMessage({ text: await file.text() });
