import assert from 'node:assert/strict';
import test from 'node:test';
import { createZstdCompress, createZstdDecompress } from 'node:zlib';
import { releaseChunk } from './release-chunk.ts';

test('releaseChunk frees a chunk that is or ends its memory', () => {
  const whole = Buffer.allocUnsafeSlow(100_000);
  releaseChunk(whole);
  assert.equal(whole.buffer.byteLength, 0);
  const memory = new ArrayBuffer(100_000);
  const [begin, end] = [new Uint8Array(memory, 0, 60_000), new Uint8Array(memory, 60_000)];
  releaseChunk(begin);
  assert.equal(begin.length, 60_000);
  releaseChunk(end);
  assert.deepEqual([begin.length, end.length, memory.byteLength], [0, 0, 0]);
});

test('releaseChunk leaves shared memory alone', () => {
  const pooled = Buffer.from('of the pool');
  const endOfPool = new Uint8Array(pooled.buffer, pooled.buffer.byteLength - 8);
  const shared = new Uint8Array(new SharedArrayBuffer(100_000));
  for (const chunk of [pooled, endOfPool, shared, new Uint8Array(0)]) releaseChunk(chunk);
  assert.equal(pooled.toString(), 'of the pool');
  assert.equal(shared.length, 100_000);
});

test('what zlib yields may be released as it comes', async () => {
  const compressor = createZstdCompress({ chunkSize: 64 * 1024 });
  const decompressor = createZstdDecompress({ chunkSize: 64 * 1024 });
  const content = Buffer.from(Array.from({ length: 400_000 }, (_, at) => `${at * 7919} `).join(''));
  compressor.pipe(decompressor);
  compressor.end(content);
  let read = 0;
  let differs = false;
  for await (const chunk of decompressor as AsyncIterable<Buffer>) {
    differs ||= !content.subarray(read, read + chunk.length).equals(chunk);
    read += chunk.length;
    releaseChunk(chunk);
  }
  assert.ok(!differs);
  assert.equal(read, content.length);
});
