import { request } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';

/*
 * A client of the Redis Enterprise REST API, written from the vendor's public reference alone: it knows nothing of Pumphouse.
 *
 *     node redis-enterprise-client.ts export HOST:PORT USER PASSWORD UID LOCATION
 *     node redis-enterprise-client.ts import HOST:PORT USER PASSWORD UID SOURCES
 *
 * LOCATION and SOURCES are JSON, as the reference prints them. It asks for a token, starts the run, polls the database until that has ended
 * and prints the last answer. Certificates are not checked, as the vendor's own examples do it.
 */

interface Answer {
  readonly status: number;
  readonly body: string;
}

const [action = '', host = '', user = '', password = '', uid = '', given = ''] = process.argv.slice(2);

function call(method: string, path: string, authorization: string, body?: unknown): Promise<Answer> {
  const text = body === undefined ? '' : JSON.stringify(body);
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const sent = request(`https://${host}${path}`, {
    method,
    rejectUnauthorized: false,
    headers: {
      Accept: 'application/json',
      Authorization: authorization,
      'Content-Type': 'application/json',
      'Content-Length': Buffer.byteLength(text),
    },
  });
  sent.on('error', reject);
  sent.on('response', (response) => {
    const chunks: Buffer[] = [];
    response.on('data', (chunk: Buffer) => chunks.push(chunk));
    response.on('error', reject);
    response.on('end', () =>
      resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString('utf8') }),
    );
  });
  sent.end(text);
  return promise;
}

/** The JSON of a success. */
async function ask<T>(method: string, path: string, authorization: string, body?: unknown): Promise<T> {
  const answer = await call(method, path, authorization, body);
  if (answer.status === 200) return (answer.body === '' ? {} : JSON.parse(answer.body)) as T;
  throw new Error(`${method} ${path} answered ${answer.status}: ${answer.body}`);
}

const basic = `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`;
const { access_token: token } = await ask<{ readonly access_token: string }>(
  'POST',
  '/v1/users/authorize',
  basic,
  { ttl: 600 },
);
const jwt = `JWT ${token}`;
const key = action === 'export' ? 'export_location' : 'dataset_import_sources';
await ask('POST', `/v1/bdbs/${uid}/actions/${action}`, jwt, { [key]: JSON.parse(given) });

const running = ['exporting', 'initializing', 'importing', 'pending'];
for (;;) {
  const fields = `status,${action}_status,${action}_progress,${action}_failure_reason`;
  const bdb = await ask<Readonly<Record<string, unknown>>>('GET', `/v1/bdbs/${uid}?fields=${fields}`, jwt);
  if (!running.includes(String(bdb[`${action}_status`]))) {
    process.stdout.write(`${JSON.stringify(bdb)}\n`);
    break;
  }
  await sleep(100);
}
