import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gzipSync } from 'node:zlib';
import fc from 'fast-check';
import { bytesSource, readAll } from '../../test/harness/byte-sources.ts';
import {
  localStorage,
  sampleJob,
  sampleUnits,
  unitId,
  unitSource,
  writeSample,
} from '../../test/harness/dump-sample.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { Secret } from '../base/secret.ts';
import type { FrameRef } from '../core/manifest.ts';
import { writeDataFile } from './data-file.ts';
import { digestingCounter } from './digest.ts';
import { newSetCipher } from './encryption.ts';
import { canHold } from './frame-coding.ts';
import { readFrame } from './read-frame.ts';
import { checkFiles, openDumpSet, readObjects } from './read-set.ts';
import { unlockSet } from './unlock-set.ts';
import { verifyFile } from './verify-file.ts';

const coding = { compression: 'gzip', cipher: null } as const;
const context = recordingContext();

describe('gzip', () => {
  it('a file of several frames is a file of gzip, and each frame decodes by itself', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const size = fc.oneof(fc.constantFrom(0, 1, 16_384, 16_385), fc.integer({ min: 0, max: 2_500_000 }));
      let number = 0;
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.record({ size, isRandom: fc.boolean() }), { minLength: 1, maxLength: 4 }),
          async (shapes) => {
            number += 1;
            const contents = shapes.map(({ size: bytes, isRandom }) =>
              isRandom ? randomBytes(bytes) : Buffer.alloc(bytes, 'text '),
            );
            const sources = contents.map((content, index) => unitSource(`u${index}`, content, 100_000));
            const options = { ifExists: 'fail', coding, expectedBytes: 0 } as const;
            const { file, units } = await writeDataFile(storage, `f${number}.gz`, sources, options, context);
            const unpacked = execFileSync('gzip', ['-dc', path.join(folder, file.name)], {
              maxBuffer: 2 ** 26,
            });
            assert.ok(unpacked.equals(Buffer.concat(contents)));
            for (const [index, unit] of units.entries()) {
              const read = await readAll(readFrame(storage, unit, coding, 't', context));
              assert.ok(read.equals(contents[index] ?? Buffer.alloc(1)));
            }
          },
        ),
        { numRuns: 20 },
      );
    }));

  it('a frame that holds more or less than it should, or is cut or changed, is refused', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const stored = gzipSync(Buffer.alloc(50 * 1024 * 1024));
      const read = async (bytes: Buffer, rawBytes: number): Promise<unknown> => {
        await storage.put('f', bytesSource(bytes), { ifExists: 'replace' }, context);
        const counter = digestingCounter();
        counter.add(bytes);
        const ref: FrameRef = {
          file: 'f',
          offset: 0,
          length: bytes.length,
          rawBytes,
          digest: `stored-${counter.digest()}`,
        };
        return await readAll(readFrame(storage, ref, coding, 'table t', context));
      };
      const small = gzipSync('row\n');
      assert.deepEqual(await read(small, 4), Buffer.from('row\n'));
      await assert.rejects(read(stored, 10), {
        code: 'dump-damaged',
        message: /more than the manifest says/,
      });
      await assert.rejects(read(small, 5), { code: 'dump-damaged', message: /holds 4 bytes/ });
      await assert.rejects(read(small.subarray(0, -1), 4), { code: 'dump-damaged', message: /table t/ });
      for (let byte = 0; byte < small.length; byte += 1) {
        // The time, the flags of the level and the system say nothing about the content.
        if (byte >= 4 && byte <= 9) continue;
        const changed = Buffer.from(small);
        changed[byte] = (changed[byte] ?? 0) ^ 0xff;
        await assert.rejects(read(changed, 4), { code: 'dump-damaged' }, `byte ${byte}`);
      }
    }));
});

describe('canHold', () => {
  it('knows what no frame of a size can give', () => {
    const zeros = Buffer.alloc(10_000_000);
    const packed = gzipSync(zeros, { level: 9 }).length;
    assert.ok(canHold('gzip', packed, zeros.length));
    assert.ok(!canHold('gzip', packed, packed * 1032 + 1));
    assert.ok(canHold('zstd', 1, 32_768) && !canHold('zstd', 1, 32_769));
    assert.ok(canHold('none', 7, 7) && !canHold('none', 7, 6));
  });
});

describe('a set with gzip', () => {
  for (const isEncrypted of [false, true]) {
    it(`is of version 4, reads back and verifies${isEncrypted ? ', encrypted' : ''}`, () =>
      withFolder(async (folder) => {
        const storage = localStorage(folder);
        const secret = new Secret('correct horse battery staple');
        const cipher = isEncrypted ? await newSetCipher(secret) : null;
        await writeSample(storage, null, context, sampleUnits, { compression: 'gzip', cipher });
        const set = await openDumpSet(storage, sampleJob, context);
        const { manifest } = set;
        assert.deepEqual([manifest.version, manifest.compression], [4, 'gzip']);
        const suffix = isEncrypted ? '.gz.enc' : '.gz';
        assert.ok(manifest.files.slice(0, -1).every(({ name }) => name.endsWith(suffix)));
        await checkFiles(storage, manifest, context);
        for (const file of manifest.files) await verifyFile(storage, file, {}, context);
        const opened = {
          compression: 'gzip',
          cipher: await unlockSet(set, isEncrypted ? secret : null),
        } as const;
        const contents = new Map(sampleUnits.map((unit) => [unitId(unit), unit.content]));
        for (const unit of manifest.tables.flatMap(({ units }) => units)) {
          assert.deepEqual(
            await readAll(readFrame(storage, unit, opened, 't', context)),
            contents.get(unit.id),
          );
        }
        assert.equal((await readObjects(storage, manifest, opened.cipher, context)).length, 4);
      }));
  }
});
