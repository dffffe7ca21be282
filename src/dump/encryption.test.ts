import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { readAll } from '../../test/harness/byte-sources.ts';
import {
  filePatterns,
  localStorage,
  sampleObjects,
  sampleUnits,
  writeSample,
} from '../../test/harness/dump-sample.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { Secret } from '../base/secret.ts';
import { newSetCipher, openSetCipher, plainBytes } from './encryption.ts';
import { readFrame } from './read-frame.ts';
import { openDumpSet, readObjects } from './read-set.ts';
import { unlockSet } from './unlock-set.ts';
import { verifyFile } from './verify-file.ts';

const secret = new Secret('correct horse battery staple');
const cipher = await newSetCipher(secret);
const segmentBytes = 1024 * 1024;

async function* inChunks(bytes: Uint8Array, chunkBytes: number): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += chunkBytes)
    yield Buffer.from(bytes.subarray(at, at + chunkBytes));
}

const seal = (bytes: Uint8Array, chunkBytes = 70_001) => readAll(cipher.encrypt(inChunks(bytes, chunkBytes)));
const unseal = (stored: Uint8Array, chunkBytes = 70_001) =>
  readAll(cipher.decrypt(inChunks(stored, chunkBytes)));

/** Of no round length, and different everywhere. */
const pattern = Buffer.alloc(
  2 * segmentBytes + 17,
  Uint8Array.from({ length: 251 }, (_, index) => index),
);

describe('frame encryption', () => {
  it('gives back any bytes, however they are cut into chunks', async () => {
    const sizes = fc.oneof(
      fc.nat(200_000),
      fc.constantFrom(
        0,
        1,
        segmentBytes - 1,
        segmentBytes,
        segmentBytes + 1,
        2 * segmentBytes,
        pattern.length,
      ),
    );
    const chunks = fc.oneof(
      fc.integer({ min: 1000, max: 300_000 }),
      fc.constantFrom(segmentBytes, 3 * segmentBytes),
    );
    await fc.assert(
      fc.asyncProperty(sizes, chunks, chunks, async (size, written, read) => {
        const bytes = pattern.subarray(0, size);
        const stored = await seal(bytes, written);
        assert.equal(plainBytes(stored.length), size);
        assert.deepEqual(await unseal(stored, read), bytes);
      }),
      { numRuns: 40 },
    );
  });

  it('no two frames of the same bytes look alike, and none shows them', async () => {
    const [one, other] = [await seal(pattern), await seal(pattern)];
    assert.notDeepEqual(one, other);
    assert.equal(one.includes(pattern.subarray(0, 32)), false);
  });

  it('refuses whatever was changed, cut off, moved or added', async () => {
    const stored = await seal(pattern);
    const sealedSegment = segmentBytes + 16;
    const segment = (number: number) =>
      stored.subarray(20 + number * sealedSegment, 20 + (number + 1) * sealedSegment);
    const head = stored.subarray(0, 20);
    const spoilt: Record<string, Uint8Array> = {
      'cut after a segment': stored.subarray(0, 20 + sealedSegment),
      'cut within a segment': stored.subarray(0, stored.length - 1),
      'without segments': head,
      'cut within the header': stored.subarray(0, 10),
      empty: Buffer.alloc(0),
      'segments swapped': Buffer.concat([head, segment(1), segment(0), segment(2)]),
      'a segment twice': Buffer.concat([head, segment(0), segment(0), segment(1), segment(2)]),
      'the tail of another frame': Buffer.concat([head, (await seal(pattern)).subarray(20)]),
      'something added': Buffer.concat([stored, Buffer.alloc(1)]),
    };
    for (const [what, bytes] of Object.entries(spoilt)) {
      await assert.rejects(unseal(bytes), { code: 'dump-damaged' }, what);
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(stored.length - 1), fc.integer({ min: 1, max: 255 }), async (at, change) => {
        const bytes = Buffer.from(stored);
        bytes[at] = (bytes[at] ?? 0) ^ change;
        await assert.rejects(unseal(bytes), { code: 'dump-damaged' });
      }),
      { numRuns: 30 },
    );
  });

  it('tells a wrong key, and facts that would take all memory', async () => {
    await assert.rejects(openSetCipher(new Secret('wrong'), cipher.facts), { code: 'encryption-key-wrong' });
    const { keyDerivation } = cipher.facts;
    const greedy = { ...cipher.facts, keyDerivation: { ...keyDerivation, n: 2 ** 30 } };
    await assert.rejects(openSetCipher(secret, greedy), { code: 'unsupported' });
    assert.deepEqual(
      await readAll(
        (await openSetCipher(secret, cipher.facts)).decrypt(inChunks(await seal(pattern), 999_999)),
      ),
      pattern,
    );
  });
});

describe('encrypted dump sets', () => {
  for (const filePattern of filePatterns) {
    it(`${filePattern ?? 'a folder'}: read with the key, verified without it, refused with another`, () =>
      withFolder(async (folder) => {
        const context = recordingContext();
        const storage = localStorage(folder);
        const coding = { compression: 'zstd', cipher } as const;
        const written = await writeSample(storage, filePattern, context, sampleUnits, coding);
        const set = await openDumpSet(storage, filePattern ?? 'EXPORT_1', context);
        assert.equal(set.manifest.version, 3);
        assert.deepEqual(set.manifest.encryption, cipher.facts);
        for (const file of set.manifest.files) await verifyFile(storage, file, {}, context);

        await assert.rejects(unlockSet(set, null), {
          code: 'encryption-key-missing',
          field: 'encryption_key',
        });
        await assert.rejects(unlockSet(set, new Secret('wrong')), { code: 'encryption-key-wrong' });
        const opened = await unlockSet(set, secret);
        assert.deepEqual(await readObjects(storage, set.manifest, opened, context), sampleObjects);
        const units = set.manifest.tables.flatMap((table) => table.units);
        assert.equal(units.length, written.manifest.tables.flatMap((table) => table.units).length);
        const contents = new Set(sampleUnits.map(({ content }) => Buffer.from(content).toString('latin1')));
        for (const unit of units) {
          const read = await readAll(
            readFrame(storage, unit, { compression: 'zstd', cipher: opened }, 't', context),
          );
          assert.ok(contents.has(Buffer.from(read).toString('latin1')));
        }
      }));
  }

  it('a key for a set that is not encrypted is refused: it may have taken the place of one that was', () =>
    withFolder(async (folder) => {
      const context = recordingContext();
      const storage = localStorage(folder);
      await writeSample(storage, null, context);
      const set = await openDumpSet(storage, 'EXPORT_1', context);
      await assert.rejects(unlockSet(set, secret), { code: 'field-invalid', field: 'encryption_key' });
    }));

  it('a manifest that somebody without the key has changed is refused', () =>
    withFolder(async (folder) => {
      const context = recordingContext();
      const storage = localStorage(folder);
      await writeSample(storage, null, context, sampleUnits, { compression: 'zstd', cipher });
      const set = await openDumpSet(storage, 'EXPORT_1', context);
      const forged = { ...set, seal: { covered: '0'.repeat(64), mac: set.seal?.mac ?? '' } };
      await assert.rejects(unlockSet(forged, secret), {
        code: 'dump-damaged',
        message: /somebody without the key/,
      });
    }));
});
