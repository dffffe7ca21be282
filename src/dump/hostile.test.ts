import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { stat, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { zstdCompressSync } from 'node:zlib';
import { readAll } from '../../test/harness/byte-sources.ts';
import {
  localStorage,
  plainZstd,
  sampleJob,
  sampleUnits,
  writeSample,
} from '../../test/harness/dump-sample.ts';
import { recordingContext } from '../../test/harness/recording-context.ts';
import { rewriteManifest } from '../../test/harness/rewrite-manifest.ts';
import { withFolder } from '../../test/harness/with-folder.ts';
import { Secret } from '../base/secret.ts';
import type { FrameRef } from '../core/manifest.ts';
import { newSetCipher } from './encryption.ts';
import { maxManifestBytes } from './manifest-format.ts';
import { readFrame } from './read-frame.ts';
import { openDumpSet, readObjects } from './read-set.ts';
import { unlockSet } from './unlock-set.ts';

/* Sets whose digests are right and whose manifest was written by somebody who means harm. */

const context = recordingContext();

type Json = Record<string, never> & {
  tables: (Json & { units: Json[]; columns: Json[] })[];
  objects: Json[];
  files: Json[];
  ddl: { pre: Json; post: Json };
};

/** A sample set whose manifest was changed by `edit`; the digest fits again. */
const withHostileSet = (edit: (manifest: Json) => void, work: (folder: string) => Promise<void>) =>
  withFolder(async (folder) => {
    await writeSample(localStorage(folder), null, context);
    await rewriteManifest(path.join(folder, sampleJob, 'manifest.json'), (text) => {
      const manifest = JSON.parse(`${text.replace(/,\s*$/, '')}}`) as Json;
      edit(manifest);
      return `${JSON.stringify(manifest).slice(0, -1)},\n`;
    });
    await work(folder);
  });

const set = (at: unknown, member: string, value: unknown): void => {
  (at as Record<string, unknown>)[member] = value;
};
const unitOf = (manifest: Json, table = 0): Json => manifest.tables[table]?.units[0] as Json;

const refused: readonly (readonly [string, (manifest: Json) => void, RegExp])[] = [
  ['rows beyond all numbers', (m) => set(unitOf(m), 'rows', 1e300), /\/tables\/0\/units\/0\/rows/],
  ['rows that are not those of the units', (m) => set(m.tables[0], 'rows', 7), /rows or bytes of the table/],
  ['an offset beyond the file', (m) => set(unitOf(m), 'offset', 2 ** 52), /goes beyond the end/],
  ['an offset before the file', (m) => set(unitOf(m), 'offset', -1), /\/tables\/0\/units\/0\/offset/],
  ['half a byte', (m) => set(unitOf(m), 'length', 1.5), /\/tables\/0\/units\/0\/length/],
  [
    'content that no frame can hold',
    (m) => {
      set(unitOf(m), 'rawBytes', 2 ** 50);
      set(m.tables[0], 'rawBytes', 2 ** 50 + Number(m.tables[0]?.units[1]?.rawBytes));
    },
    /cannot hold 1125899906842624 bytes/,
  ],
  [
    'schema texts that no memory holds',
    (m) => set(m.ddl.pre, 'rawBytes', 2 ** 29),
    /cannot hold|longer than/,
  ],
  [
    'thousands of units of the same bytes',
    (m) => {
      const table = m.tables[0] as Json & { units: Json[] };
      const first = table.units[0] as Json;
      table.units = Array.from({ length: 5000 }, (_, index) => ({ ...first, id: `u${index}` })) as never;
      set(table, 'rows', 5000 * Number(first.rows));
      set(table, 'rawBytes', 5000 * Number(first.rawBytes));
    },
    /two frames overlap at 0 of .*emp/,
  ],
  ['a unit twice', (m) => set(unitOf(m, 1), 'id', unitOf(m).id), /unit "emp-1" is there twice/],
  ['a table twice', (m) => set(m.tables[1], 'name', 'emp'), /table .*emp.* is there twice/],
  ['a file twice', (m) => m.files.push(m.files[0] as Json), /in its list of files twice/],
  ['two files without digest', (m) => set(m.files[0], 'digest', null), /2 of its files are without digest/],
  ['a file outside of the folder', (m) => set(m.files[0], 'name', '../../x'), /cannot be called/],
  ['a file with a NUL in its name', (m) => set(m.files[0], 'name', 'x\0y'), /\/files\/0\/name/],
  ['a table with a NUL in its name', (m) => set(m.tables[0], 'name', 'x\0y'), /\/tables\/0\/name/],
  ['a schema that is a list', (m) => set(m.tables[0], 'schema', ['public']), /\/tables\/0\/schema/],
  ['a column that is a number', (m) => set(m.tables[0]?.columns[0], 'name', 7), /\/columns\/0\/name/],
  ['columns that are an object', (m) => set(m.tables[0], 'columns', {}), /\/tables\/0\/columns/],
  [
    'a statement that lies outside of the texts',
    (m) => set(m.objects[0], 'end', 2 ** 40),
    /outside its section/,
  ],
  ['a statement that ends before it begins', (m) => set(m.objects[0], 'start', 9999), /outside its section/],
  [
    'the same statement again and again',
    (m) => m.objects.push(...Array.from({ length: 5000 }, () => m.objects[0] as Json)),
    /overlaps that of another object/,
  ],
  ['another algorithm', (m) => set(unitOf(m), 'digest', 'md5:00'), /\/tables\/0\/units\/0\/digest/],
  ['another compression', (m) => set(m, 'compression', 'none'), /cannot hold/],
  [
    'lists in lists without end',
    (m) => set(m.tables[0], 'columns', JSON.parse('['.repeat(900) + ']'.repeat(900))),
    /\/tables\/0\/columns\/0/,
  ],
];

describe('a hostile manifest', () => {
  for (const [title, edit, message] of refused) {
    it(`is refused: ${title}`, () =>
      withHostileSet(edit, async (folder) => {
        await assert.rejects(openDumpSet(localStorage(folder), sampleJob, context), {
          code: 'dump-damaged',
          field: 'file_pattern',
          message,
        });
      }));
  }

  it('is refused by its size, before it is read', () =>
    withHostileSet(
      () => undefined,
      async (folder) => {
        const real = localStorage(folder);
        const huge = {
          ...real,
          stat: async (name: string) => ({ name, bytes: maxManifestBytes + 1 }),
          get: () => assert.fail('it was read'),
        };
        await assert.rejects(openDumpSet(huge, null, context), { code: 'unsupported' });
      },
    ));

  it('may be nested as deep as it likes where nobody looks', () =>
    withFolder(async (folder) => {
      const text = `{"format":"pumphouse-dump","version":2,"x":${'['.repeat(1e6)}${']'.repeat(1e6)},\n`;
      const digest = createHash('sha256').update(text).digest('hex');
      await writeFile(path.join(folder, 'manifest.json'), `${text}"digest":"sha256:${digest}"}\n`);
      await assert.rejects(openDumpSet(localStorage(folder), null, context), { code: 'dump-damaged' });
    }));
});

describe('a hostile manifest of an encrypted set', () => {
  const secret = new Secret('correct horse');
  const sealing = newSetCipher(secret);

  /** An encrypted sample set whose manifest was changed by `edit`; the digest fits again, the line with the mac stays. */
  const withEncryptedSet = (edit: (text: string) => string, work: (folder: string) => Promise<void>) =>
    withFolder(async (folder) => {
      const coding = { compression: 'zstd', cipher: await sealing } as const;
      await writeSample(localStorage(folder), null, context, sampleUnits, coding);
      await rewriteManifest(path.join(folder, sampleJob, 'manifest.json'), edit);
      await work(folder);
    });
  const opened = (folder: string) => openDumpSet(localStorage(folder), sampleJob, context);

  const faults: readonly (readonly [string, (text: string) => string])[] = [
    ['another algorithm', (text) => text.replace('aes-256-gcm-segments', 'rot13')],
    ['another key derivation', (text) => text.replace('"function":"scrypt"', '"function":"md5"')],
    ['a cost that is no number', (text) => text.replace(/"n":\d+/, '"n":"much"')],
    ['a salt that is no hex', (text) => text.replace(/"salt":"../, '"salt":"zz')],
    ['no check', (text) => text.replace(/,"check":"[0-9a-f]+"/, '')],
    ['no mac', (text) => text.replace(/"mac":"[^"]+",\n$/, '')],
    [
      'the mac elsewhere',
      (text) => text.replace(/("format":[^\n]+\n)([\s\S]*)("mac":"[^"]+",\n)$/, '$1$3$2'),
    ],
    [
      'a frame that cannot hold its envelope',
      (text) => text.replace(/"length":\d+,"rawBytes":0/, '"length":35,"rawBytes":0'),
    ],
  ];
  for (const [title, edit] of faults) {
    it(`is refused: ${title}`, () =>
      withEncryptedSet(
        (text) => {
          const changed = edit(text);
          assert.notEqual(changed, text);
          return changed;
        },
        (folder) => assert.rejects(opened(folder), { code: 'dump-damaged', field: 'file_pattern' }),
      ));
  }

  it('is refused when it asks for all memory, before any is taken', () =>
    withEncryptedSet(
      (text) => text.replace(/"n":\d+/, `"n":${2 ** 30}`),
      async (folder) => {
        await assert.rejects(unlockSet(await opened(folder), secret), { code: 'unsupported' });
      },
    ));

  it('is refused when a figure was changed, since its holder did not vouch for it', () =>
    withEncryptedSet(
      (text) => text.replace('"database":"hr"', '"database":"HR"'),
      async (folder) => {
        await assert.rejects(unlockSet(await opened(folder), secret), { code: 'dump-damaged' });
      },
    ));

  it('that says that nothing is encrypted leads to frames that cannot be read', () =>
    withEncryptedSet(
      (text) =>
        text
          .replace(/"encryption":[^\n]+\n/, '')
          .replace(/"mac":[^\n]+\n$/, '')
          .replace('"version":3', '"version":2'),
      async (folder) => {
        const { manifest } = await opened(folder);
        await assert.rejects(readObjects(localStorage(folder), manifest, null, context), {
          code: 'dump-damaged',
        });
      },
    ));
});

describe('a hostile frame', () => {
  const digestOf = (stored: Uint8Array): FrameRef['digest'] =>
    `stored-sha256:${createHash('sha256').update(stored).digest('hex')}`;

  it('that holds more than it says is cut where it does', () =>
    withFolder(async (folder) => {
      const bomb = zstdCompressSync(Buffer.alloc(200_000_000));
      await writeFile(path.join(folder, 'bomb'), bomb);
      const ref = { file: 'bomb', offset: 0, length: bomb.length, rawBytes: 1000, digest: digestOf(bomb) };
      let read = 0;
      const reading = async (): Promise<void> => {
        for await (const chunk of readFrame(localStorage(folder), ref, plainZstd, 'table x', context))
          read += chunk.length;
      };
      await assert.rejects(reading(), {
        code: 'dump-damaged',
        message: /bomb, frame at offset 0, table x: it holds more/,
      });
      assert.equal(read, 0);
    }));

  it('that wants a huge window is refused', () =>
    withFolder(async (folder) => {
      // Magic number, descriptor without size or checksum, window of 2^31 bytes, one empty raw block.
      const frame = Buffer.from('28b52ffd00a8010000', 'hex');
      await writeFile(path.join(folder, 'wide'), frame);
      const ref = { file: 'wide', offset: 0, length: frame.length, rawBytes: 0, digest: digestOf(frame) };
      const reading = readAll(readFrame(localStorage(folder), ref, plainZstd, 'table x', context));
      await assert.rejects(reading, { code: 'dump-damaged', message: /cannot be decompressed/ });
    }));

  it('with a NUL among the statements is refused', () =>
    withFolder(async (folder) => {
      const storage = localStorage(folder);
      const { manifest } = await writeSample(storage, null, context, [], {
        ...plainZstd,
        compression: 'none',
      });
      const { pre } = manifest.ddl;
      const file = path.join(folder, pre.file);
      const text = Buffer.alloc((await stat(file)).size, 'x');
      text[3] = 0;
      await writeFile(file, text);
      const forged = { ...manifest, ddl: { ...manifest.ddl, pre: { ...pre, digest: digestOf(text) } } };
      await assert.rejects(readObjects(storage, forged, null, context), {
        code: 'dump-damaged',
        message: /pre-data\.sql, frame at offset 0.*NUL/,
      });
    }));
});
