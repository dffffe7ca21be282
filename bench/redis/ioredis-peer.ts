import { once } from 'node:events';
import { createReadStream, createWriteStream } from 'node:fs';
import { finished } from 'node:stream/promises';
import { Redis } from 'ioredis';
import { encodeResp } from '../../test/harness/resp-client.ts';

/**
 * What a program that is written on the usual client library does:
 *
 *     node ioredis-peer.ts export|import PORT FILE
 */
const [direction, port, file = ''] = process.argv.slice(2);
const keysAtOnce = 1000;
const redis = new Redis(Number(port), '127.0.0.1');

async function exportAll(): Promise<void> {
  const output = createWriteStream(file, { highWaterMark: 1024 * 1024 });
  let cursor = '0';
  do {
    const [next, keys] = (await redis.scanBuffer(cursor, 'COUNT', keysAtOnce)) as [Buffer, Buffer[]];
    const pipeline = redis.pipeline();
    for (const key of keys) pipeline.dumpBuffer(key).pexpiretime(key);
    const answers = (await pipeline.exec()) ?? [];
    for (const [at, key] of keys.entries()) {
      const [failure, payload] = answers[2 * at] ?? [];
      if (failure) throw failure;
      const expiresAt = Math.max(0, Number(answers[2 * at + 1]?.[1]));
      // Gone since.
      if (payload === null) continue;
      const command = encodeResp(['RESTORE', key, expiresAt, payload as Buffer, 'REPLACE', 'ABSTTL']);
      if (!output.write(command)) await once(output, 'drain');
    }
    cursor = String(next);
  } while (cursor !== '0');
  output.end();
  await finished(output);
}

async function importAll(): Promise<void> {
  let pipeline = redis.pipeline();
  const flush = async (): Promise<void> => {
    for (const [failure] of (await pipeline.exec()) ?? []) if (failure) throw failure;
    pipeline = redis.pipeline();
  };
  for await (const [, key, expiresAt, payload] of commands()) {
    pipeline.restore(key as Buffer, String(expiresAt), payload as Buffer, 'REPLACE', 'ABSTTL');
    if (pipeline.length === keysAtOnce) await flush();
  }
  await flush();
}

/** The commands of the file, as their arguments. */
async function* commands(): AsyncGenerator<readonly Buffer[]> {
  let rest: Buffer = Buffer.alloc(0);
  for await (const chunk of createReadStream(file, { highWaterMark: 1024 * 1024 })) {
    rest = rest.length === 0 ? (chunk as Buffer) : Buffer.concat([rest, chunk as Buffer]);
    for (let found = takeCommand(rest); found !== null; found = takeCommand(rest)) {
      yield found.args;
      rest = rest.subarray(found.end);
    }
  }
}

function takeCommand(bytes: Buffer): { readonly args: readonly Buffer[]; readonly end: number } | null {
  const args: Buffer[] = [];
  let at = bytes.indexOf('\r\n') + 2;
  if (at === 1) return null;
  for (let left = Number(bytes.toString('latin1', 1, at - 2)); left > 0; left -= 1) {
    const lineEnd = bytes.indexOf('\r\n', at);
    if (lineEnd < 0) return null;
    const length = Number(bytes.toString('latin1', at + 1, lineEnd));
    at = lineEnd + 2 + length + 2;
    if (at > bytes.length) return null;
    args.push(bytes.subarray(at - 2 - length, at - 2));
  }
  return { args, end: at };
}

await (direction === 'export' ? exportAll() : importAll());
redis.disconnect();
