import { Worker } from 'node:worker_threads';
import { startupAnswer } from '../../src/engines/postgres/ddl/client-stream.ts';
import { ServerRelay } from '../../src/engines/postgres/ddl/server-relay.ts';
import type { PostgresServer } from '../harness/postgres.ts';
import { connectorOf } from '../harness/postgres-ddl.ts';

/** What `pg_dump --schema-only` writes about a database, byte for byte: nothing of the engine that cuts and orders it is in between. */
export async function schemaText(url: string): Promise<string> {
  await using connection = await connectorOf(url).openRaw(new AbortController().signal);
  const answerCount = new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT);
  const worker = new Worker(new URL('./schema-text-worker.ts', import.meta.url), {
    workerData: { startupAnswer: startupAnswer(connection), answerCount },
  });
  const text = Promise.withResolvers<string>();
  using relay = new ServerRelay(
    connection,
    (answer) => {
      worker.postMessage(answer);
      Atomics.add(new Int32Array(answerCount), 0, 1);
      Atomics.notify(new Int32Array(answerCount), 0);
    },
    text.reject,
  );
  worker.on('message', (message: { request: Uint8Array } | { text: string }) => {
    if ('text' in message) text.resolve(message.text);
    else relay.send(Buffer.from(message.request));
  });
  worker.once('error', text.reject);
  try {
    return await text.promise;
  } finally {
    await worker.terminate();
  }
}

/**
 * The entries of such a text, sorted: each a comment of pg_dump with the statements below it. Objects without a name (casts) come in
 * the order of their numbers in the catalogue, which no restore keeps.
 */
export const schemaEntries = (text: string): readonly string[] =>
  plain(text)
    .split(/(?=^--\n-- (?:Name|PostgreSQL))/m)
    .map((entry) => entry.trim())
    .sort();

/** What psql makes of such a text in an empty database of `server`: its name. The yardstick where servers of two versions spell things differently. */
export async function restoreText(server: PostgresServer, text: string): Promise<string> {
  const database = await server.createDatabase();
  await server.query(database, plain(text));
  return database;
}

/** Without what tells the versions apart, and without what an older server does not know (psql would go on after its error). */
const plain = (text: string): string =>
  text
    .replace(/^-- Dumped (?:from|by).*\n/gm, '')
    .replace(/^\\(?:un)?restrict .*\n/gm, '')
    .replace(/^SET transaction_timeout = 0;\n/m, '');
