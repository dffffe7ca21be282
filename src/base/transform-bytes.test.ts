import assert from 'node:assert/strict';
import { PassThrough, Transform } from 'node:stream';
import test from 'node:test';
import { setImmediate as turn } from 'node:timers/promises';
import { createGzip, gunzipSync } from 'node:zlib';
import { transformBytes } from './transform-bytes.ts';

const never = new AbortController().signal;

async function collect(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const all: Uint8Array[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return Buffer.concat(all);
}

test('what goes in comes out transformed', async () => {
  const content = Buffer.alloc(1_000_000, 'content ');
  async function* source(): AsyncGenerator<Uint8Array> {
    for (let at = 0; at < content.length; at += 10_007) yield content.subarray(at, at + 10_007);
  }
  const out = await collect(transformBytes(source(), createGzip(), never));
  assert.deepEqual(gunzipSync(out), content);
});

test('an error of the source ends the iteration with that error', async () => {
  const failure = new Error('the source broke');
  async function* source(): AsyncGenerator<Uint8Array> {
    yield Buffer.from('a');
    throw failure;
  }
  await assert.rejects(collect(transformBytes(source(), createGzip(), never)), failure);
});

test('an error of the transform ends the iteration and closes the source', async () => {
  const failure = new Error('the transform broke');
  let closed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.from('a');
    } finally {
      closed = true;
    }
  }
  const transform = new Transform({ transform: (_chunk, _encoding, done) => done(failure) });
  await assert.rejects(collect(transformBytes(source(), transform, never)), failure);
  await turn();
  assert.ok(closed);
});

test('an abort ends the iteration at once, even when the source does not answer', async () => {
  const controller = new AbortController();
  const reason = new Error('stop');
  const source: AsyncIterable<Uint8Array> = {
    [Symbol.asyncIterator]: () => ({ next: () => new Promise(() => undefined) }),
  };
  const reading = collect(transformBytes(source, new PassThrough(), controller.signal));
  controller.abort(reason);
  await assert.rejects(reading, reason);
});

test('leaving the iteration closes the source', async () => {
  let closed = false;
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (;;) yield Buffer.alloc(1000);
    } finally {
      closed = true;
    }
  }
  for await (const _ of transformBytes(source(), new PassThrough(), never)) break;
  for (let turns = 0; turns < 10 && !closed; turns += 1) await turn();
  assert.ok(closed);
});

test('the source is read no faster than the outcome is taken', async () => {
  let pulled = 0;
  async function* source(): AsyncGenerator<Uint8Array> {
    for (; pulled < 1000; pulled += 1) yield Buffer.alloc(100_000);
  }
  const iterator = transformBytes(source(), new PassThrough(), never)[Symbol.asyncIterator]();
  await iterator.next();
  for (let turns = 0; turns < 50; turns += 1) await turn();
  assert.ok(pulled < 10, `${pulled} chunks were read ahead`);
  await iterator.return?.(undefined);
});
