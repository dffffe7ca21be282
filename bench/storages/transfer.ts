import { createReadStream, readdirSync, statSync } from 'node:fs';
import { open } from 'node:fs/promises';
import path from 'node:path';
import { releaseChunk } from '../../src/base/release-chunk.ts';
import { Secret } from '../../src/base/secret.ts';
import type { OperationContext } from '../../src/core/context.ts';
import { createNetwork } from '../../src/network/create-network.ts';
import { localDriver } from '../../src/storages/local/driver.ts';
import { s3Driver } from '../../src/storages/s3/driver.ts';
import { createStorageStack } from '../../src/storages/stack.ts';

/**
 * Moves the files of a folder to a location or back, several at once: what the service does with a storage, in a process of its own that can
 * be measured. Its place comes as JSON in the environment, since it holds a secret: {url, credential}.
 *
 *     node transfer.ts up|down FOLDER PARALLEL
 */
const [direction, folder = '', parallel = '1'] = process.argv.slice(2);
const { url, credential } = JSON.parse(process.env.TRANSFER_PLACE ?? '') as {
  readonly url: string;
  readonly credential: { readonly type: string; readonly id: string; readonly secret: string } | null;
};
const stack = createStorageStack({
  drivers: [localDriver, s3Driver],
  network: createNetwork({ allow: ['127.0.0.1'] }),
});
const storage = stack.open(
  new URL(url),
  credential === null
    ? null
    : { ...credential, name: 'bench', secret: new Secret(credential.secret), options: {} },
);
const nothing = (): void => undefined;
const context: OperationContext = {
  signal: new AbortController().signal,
  log: { debug: nothing, info: nothing, warn: nothing, error: nothing },
};
const chunkBytes = 1024 * 1024;

async function up(name: string): Promise<void> {
  const file = path.join(folder, name);
  const source = {
    open: (signal: AbortSignal) => createReadStream(file, { highWaterMark: chunkBytes, signal }),
  };
  await storage.put(name, source, { ifExists: 'replace', expectedBytes: statSync(file).size }, context);
}

/** As the local storage writes: several pieces at once, whose memory is then freed. */
async function down(name: string): Promise<void> {
  await using file = await open(path.join(folder, name), 'w');
  let pieces: Uint8Array[] = [];
  let bytes = 0;
  const write = async (): Promise<void> => {
    await file.writev(pieces);
    for (const piece of pieces) releaseChunk(piece);
    pieces = [];
    bytes = 0;
  };
  for await (const piece of storage.get(name, null, context)) {
    pieces.push(piece);
    bytes += piece.length;
    if (bytes >= chunkBytes) await write();
  }
  await write();
}

async function names(): Promise<string[]> {
  if (direction === 'up') return readdirSync(folder);
  const found: string[] = [];
  for await (const { name } of storage.list('', context)) found.push(name);
  return found;
}

const left = await names();
const lane = async (): Promise<void> => {
  for (let name = left.shift(); name !== undefined; name = left.shift())
    await (direction === 'up' ? up(name) : down(name));
};
await Promise.all(Array.from({ length: Number(parallel) }, lane));
