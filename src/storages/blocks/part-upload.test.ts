import assert from 'node:assert/strict';
import { once } from 'node:events';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { bytesSource, failingSource, stuckSource } from '../../../test/harness/byte-sources.ts';
import { type PartProtocol, partBytesOf, uploadInParts } from './part-upload.ts';

const never = new AbortController().signal;
const mebibyte = 1024 ** 2;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const content = (bytes: number): Buffer =>
  Buffer.alloc(
    bytes,
    Uint8Array.from({ length: 251 }, (_, i) => i),
  );

/** An object storage in memory, which keeps what the contract of parts asks for. */
interface Recorder extends PartProtocol {
  /** What became visible; null: nothing. */
  readonly visible: Buffer | null;
  readonly aborts: number;
  readonly begun: number;
  /** Most parts that were under way at once, and most bytes. */
  readonly most: { readonly parts: number; readonly bytes: number };
}

interface RecorderOptions {
  readonly minPartBytes?: number;
  /** Turns of the loop that part `number` takes. */
  readonly turns?: (number: number) => number;
  readonly failingPart?: number;
  readonly failsToCommit?: boolean;
  readonly failsToAbort?: boolean;
}

const refused = new Error('refused');

function recorder(options: RecorderOptions = {}): Recorder {
  const { minPartBytes = 1000, turns = () => 1 } = options;
  const parts = new Map<number, Buffer>();
  const state = { visible: null as Buffer | null, aborts: 0, begun: 0, most: { parts: 0, bytes: 0 } };
  let flying = 0;
  let flyingBytes = 0;
  return {
    minPartBytes,
    maxPartBytes: 5000 * mebibyte,
    maxParts: 10_000,
    get visible() {
      return state.visible;
    },
    get aborts() {
      return state.aborts;
    },
    get begun() {
      return state.begun;
    },
    get most() {
      return state.most;
    },
    async putWhole(bytes) {
      assert.equal(state.begun, 0, 'whole, after parts');
      if (options.failsToCommit === true) throw refused;
      state.visible = Buffer.from(bytes);
    },
    async begin() {
      state.begun += 1;
      return {
        async send(number, bytes, signal) {
          assert.equal(state.visible, null, 'a part after the commit');
          assert.equal(state.aborts, 0, 'a part after the abort');
          flying += 1;
          flyingBytes += bytes.length;
          state.most = {
            parts: Math.max(state.most.parts, flying),
            bytes: Math.max(state.most.bytes, flyingBytes),
          };
          const length = bytes.length;
          try {
            for (let left = turns(number); left > 0; left -= 1) {
              await turn();
              signal.throwIfAborted();
            }
            if (number === options.failingPart) throw refused;
            assert.ok(!parts.has(number), 'the same number twice');
            parts.set(number, Buffer.from(bytes));
          } finally {
            flying -= 1;
            flyingBytes -= length;
          }
        },
        async commit(count) {
          assert.equal(flying, 0, 'a commit while parts are under way');
          assert.equal(count, parts.size);
          if (options.failsToCommit === true) throw refused;
          const numbers = Array.from({ length: count }, (_, index) => index + 1);
          state.visible = Buffer.concat(numbers.map((number) => parts.get(number) ?? assert.fail()));
        },
        async abort() {
          assert.equal(flying, 0, 'an abort while parts are under way');
          state.aborts += 1;
          if (options.failsToAbort === true) throw new Error('the abort failed too');
        },
      };
    },
  };
}

describe('upload in parts', () => {
  it('brings any source through whole, in order and with few parts under way', async () => {
    const input = fc.record({
      bytes: fc.oneof(fc.nat(20_000), fc.constantFrom(0, 1, 999, 1000, 1001, 2000, 3000)),
      chunk: fc.integer({ min: 1, max: 5000 }),
      expected: fc.constantFrom(undefined, 0, 20_000, 10_000_000_000),
      delays: fc.array(fc.nat(6), { minLength: 1, maxLength: 8 }),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ bytes, chunk, expected, delays }) => {
        const storage = recorder({ turns: (number) => delays[number % delays.length] ?? 0 });
        const stored = await uploadInParts(storage, bytesSource(content(bytes), chunk), expected, never);
        assert.equal(stored.bytes, bytes);
        assert.ok(storage.visible?.equals(content(bytes)));
        assert.ok(storage.most.parts <= 3, `${storage.most.parts} at once`);
        assert.equal(storage.aborts, 0);
        assert.equal(storage.begun, bytes < partBytesOf(1, expected ?? 0, storage) ? 0 : 1);
      }),
      { numRuns: 60 },
    );
  });

  it('empty chunks are nothing', async () => {
    const storage = recorder();
    const source = {
      async *open() {
        for (const bytes of [0, 3, 0, 0]) yield Buffer.alloc(bytes, 'x');
      },
    };
    await uploadInParts(storage, source, undefined, never);
    assert.equal(storage.visible?.toString(), 'xxx');
  });

  it('exactly one part is one part', async () => {
    const storage = recorder();
    await uploadInParts(storage, bytesSource(content(1000)), undefined, never);
    assert.equal(storage.begun, 1);
    assert.ok(storage.visible?.equals(content(1000)));
  });

  it('after any failure nothing is visible, and what was sent is removed once no part is under way', async () => {
    const input = fc.record({
      bytes: fc.integer({ min: 0, max: 9000 }),
      chunk: fc.integer({ min: 1, max: 3000 }),
      turns: fc.nat(4),
      what: fc.constantFrom('source', 'part', 'commit'),
      failingPart: fc.integer({ min: 1, max: 9 }),
      failsToAbort: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(input, async ({ bytes, chunk, turns, what, failingPart, failsToAbort }) => {
        const storage = recorder({
          turns: () => turns,
          failsToAbort,
          ...(what === 'part' ? { failingPart } : { failsToCommit: what === 'commit' }),
        });
        const gone = new Error('the table has gone');
        const source =
          what === 'source' ? failingSource(content(bytes), gone) : bytesSource(content(bytes), chunk);
        const fails = what !== 'part' || failingPart * 1000 <= bytes;
        const running = uploadInParts(storage, source, undefined, never);
        if (!fails) await running.catch((error: unknown) => assert.equal(error, refused));
        else await assert.rejects(running, what === 'source' ? gone : refused);
        if (fails) {
          assert.equal(storage.visible, null);
          assert.equal(storage.aborts, storage.begun);
        }
      }),
      { numRuns: 60 },
    );
  });

  it('an abort ends it, also while the source has nothing to send, and while parts are under way', async () => {
    for (const turns of [0, 1, 1_000_000]) {
      const storage = recorder({ turns: () => turns });
      const stopping = new AbortController();
      const source = stuckSource(content(2500));
      const running = uploadInParts(storage, source, undefined, stopping.signal);
      await source.reached;
      const reason = new Error('enough');
      stopping.abort(reason);
      await assert.rejects(running, reason);
      assert.equal(storage.visible, null);
      assert.equal(storage.aborts, 1);
    }
  });

  it('a part that fails ends the source, and its error counts', async () => {
    const storage = recorder({ failingPart: 1 });
    const source = {
      async *open(signal: AbortSignal) {
        yield content(1500);
        await once(signal, 'abort');
        throw new Error('the source was stopped');
      },
    };
    await assert.rejects(uploadInParts(storage, source, undefined, never), refused);
    assert.equal(storage.aborts, 1);
  });

  it('a source that fails ends parts that do not come to an end', async () => {
    const storage = recorder({ turns: () => Number.POSITIVE_INFINITY });
    const gone = new Error('the table has gone');
    await assert.rejects(uploadInParts(storage, failingSource(content(1500), gone), undefined, never), gone);
    assert.equal(storage.aborts, 1);
  });

  it('uploads that fail give their memory back', async () => {
    const gone = new Error('the table has gone');
    for (let each = 0; each < 4; each += 1) {
      const storage = recorder({ minPartBytes: 60 * mebibyte });
      await assert.rejects(uploadInParts(storage, failingSource(content(10), gone), undefined, never), gone);
    }
  });

  it('all uploads of the process together hold no more than 96 MiB of parts', async () => {
    const storage = recorder({ minPartBytes: 16 * mebibyte, turns: () => 3 });
    const block = Buffer.alloc(mebibyte);
    const source = {
      async *open() {
        for (let sent = 0; sent < 33; sent += 1) yield Buffer.from(block);
      },
    };
    let flying = 0;
    let most = 0;
    const counting: PartProtocol = {
      ...storage,
      putWhole: () => assert.fail(),
      begin: async () => ({
        async send(_number, bytes) {
          const { length } = bytes;
          flying += length;
          most = Math.max(most, flying);
          for (let left = 3; left > 0; left -= 1) await turn();
          flying -= length;
        },
        commit: async () => undefined,
        abort: async () => undefined,
      }),
    };
    const uploads = Array.from({ length: 12 }, () => uploadInParts(counting, source, undefined, never));
    for (const { bytes } of await Promise.all(uploads)) assert.equal(bytes, 33 * mebibyte);
    assert.ok(most <= 96 * mebibyte, `${most} bytes`);
    assert.ok(most >= 48 * mebibyte, `${most} bytes: they hardly ran beside each other`);
  });
});

describe('the plan of parts', () => {
  const s3 = { minPartBytes: 8 * mebibyte, maxPartBytes: 5 * 1024 * mebibyte, maxParts: 10_000 };
  const azure = { minPartBytes: 8 * mebibyte, maxPartBytes: 4000 * mebibyte, maxParts: 50_000 };
  const protocolOf = (limits: typeof s3): PartProtocol => ({
    ...limits,
    putWhole: () => Promise.resolve(),
    begin: () => assert.fail(),
  });
  /** Bytes that fit into the parts there may be. */
  const roomFor = (expected: number, limits: typeof s3): number => {
    const protocol = protocolOf(limits);
    let room = 0;
    for (let number = 1; number <= limits.maxParts; number += 1)
      room += partBytesOf(number, expected, protocol);
    return room;
  };

  it('a file of more than 5 GB goes in parts of 8 MiB, and there is room for ten times as much', () => {
    assert.equal(partBytesOf(1, 6e9, protocolOf(s3)), 8 * mebibyte);
    assert.equal(partBytesOf(1000, 6e9, protocolOf(s3)), 8 * mebibyte);
    assert.ok(roomFor(6e9, s3) > 60e9);
  });

  it('any size fits, known or not, up to what the storage takes at all', () => {
    const sizes = fc.double({ min: 0, max: 40e12, noNaN: true }).map(Math.floor);
    fc.assert(
      fc.property(sizes, fc.constantFrom(s3, azure), (size, limits) => {
        assert.ok(roomFor(size, limits) >= size * 1.1);
      }),
      { numRuns: 30 },
    );
    assert.ok(roomFor(0, s3) > 5 * 1024 ** 4, 'a file of unknown size cannot reach 5 TiB');
  });

  it('no part is smaller than the last, below the smallest or above the largest', () => {
    const input = fc.record({ number: fc.integer({ min: 1, max: 9999 }), size: fc.maxSafeNat() });
    fc.assert(
      fc.property(input, ({ number, size }) => {
        const [here, next] = [number, number + 1].map((each) => partBytesOf(each, size, protocolOf(s3)));
        assert.ok(here !== undefined && next !== undefined && here <= next);
        assert.ok(here >= s3.minPartBytes && next <= s3.maxPartBytes);
        assert.ok(Number.isSafeInteger(here));
      }),
    );
  });
});
