import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { bytesSource, failingSource, readAll, stuckSource } from '../../../test/harness/byte-sources.ts';
import { openSizedBody, smallBytes } from './sized-body.ts';

const quiet = new AbortController().signal;
const large = Buffer.alloc(
  smallBytes + 100_001,
  Uint8Array.from({ length: 251 }, (_, index) => index),
);

describe('openSizedBody', () => {
  it('reads a small source to its end', async () => {
    for (const bytes of [Buffer.alloc(0), Buffer.from('some'), large.subarray(0, smallBytes)]) {
      using body = await openSizedBody(bytesSource(bytes), quiet);
      assert.ok(body.content instanceof Uint8Array);
      assert.ok(Buffer.from(body.content).equals(bytes));
      assert.equal(body.bytes, bytes.length);
      assert.ok(body.canBeSent);
    }
  });

  it('hands a large one on as it comes', async () => {
    const source = bytesSource(large);
    using body = await openSizedBody(source, quiet);
    assert.ok(!(body.content instanceof Uint8Array));
    assert.ok(body.canBeSent);
    assert.ok((await readAll(body.content as AsyncIterable<Uint8Array>)).equals(large));
    assert.equal(body.bytes, large.length);
    assert.ok(!body.canBeSent);
    assert.equal(source.opened, 1);
  });

  it('gives its memory back when it is left in the middle, so that the source can be opened again', async () => {
    for (let round = 0; round < 20; round += 1) {
      // Left as by a request that was refused: not to be disposed before the next one is opened.
      const refused = await openSizedBody(bytesSource(large), quiet);
      for await (const _ of refused.content as AsyncIterable<Uint8Array>) break;
    }
  });

  it('throws what the source throws, before and after its beginning', async () => {
    const error = new Error('gone');
    await assert.rejects(openSizedBody(failingSource(Buffer.from('x'), error), quiet), error);
    using body = await openSizedBody(failingSource(large, error), quiet);
    await assert.rejects(readAll(body.content as AsyncIterable<Uint8Array>), error);
  });

  it('ends the source when it is disposed', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    const source = {
      async *open(signal: AbortSignal): AsyncGenerator<Uint8Array> {
        signal.addEventListener('abort', () => resolve());
        yield Buffer.from(large);
        await new Promise(() => undefined);
      },
    };
    (await openSizedBody(source, quiet))[Symbol.dispose]();
    await promise;
  });

  it('rejects with the signal, and holds few small bodies at once', async () => {
    const stopping = new AbortController();
    const stuck = stuckSource(Buffer.from('x'));
    const opening = openSizedBody(stuck, stopping.signal);
    await stuck.reached;
    stopping.abort();
    await assert.rejects(opening, { name: 'AbortError' });

    const bodies = await Promise.all(
      Array.from({ length: 8 }, () => openSizedBody(bytesSource(large), quiet)),
    );
    let isNinth = false;
    const ninth = openSizedBody(bytesSource(large), quiet).then((body) => {
      isNinth = true;
      return body;
    });
    await new Promise((resolve) => setImmediate(resolve));
    assert.equal(isNinth, false);
    for (const body of bodies) body[Symbol.dispose]();
    (await ninth)[Symbol.dispose]();
  });
});
