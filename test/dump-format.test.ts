import assert from 'node:assert/strict';
import { createDecipheriv, createHash, createHmac, hkdfSync, scryptSync } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { gunzipSync, zstdDecompressSync } from 'node:zlib';
import { Secret } from '../src/base/secret.ts';
import type { DdlObject } from '../src/core/catalogue.ts';
import { newSetCipher } from '../src/dump/encryption.ts';
import { writeMaster } from '../src/dump/master.ts';
import {
  localStorage,
  sampleJob,
  sampleObjects,
  sampleUnits,
  unitSource,
  writeSample,
} from './harness/dump-sample.ts';
import { recordingContext } from './harness/recording-context.ts';
import { withFolder } from './harness/with-folder.ts';

/*
 * A reader made from docs/dump-format.md alone: it shares nothing with src/dump/. What it cannot read, the page or the writer has wrong.
 */

interface Frame {
  readonly file: string;
  readonly offset: number;
  readonly length: number;
  readonly rawBytes: number;
  readonly digest: string;
}
interface StoredManifest {
  readonly format: string;
  readonly version: number;
  readonly layout: { readonly form: string; readonly pattern?: string };
  readonly encoding: string;
  readonly compression: string;
  readonly encryption?: {
    readonly algorithm: string;
    readonly keyDerivation: {
      readonly function: string;
      readonly n: number;
      readonly r: number;
      readonly p: number;
      readonly salt: string;
    };
    readonly check: string;
  };
  readonly tables: readonly {
    readonly schema: string;
    readonly name: string;
    readonly rows: number;
    readonly rawBytes: number;
    readonly columns: readonly { readonly name: string }[];
    readonly units: readonly (Frame & { readonly rows: number })[];
  }[];
  readonly ddl: Readonly<Record<string, Frame>>;
  readonly objects: readonly {
    readonly section: string;
    readonly name: string;
    readonly start: number;
    readonly end: number;
  }[];
  readonly files: readonly {
    readonly name: string;
    readonly bytes: number;
    readonly digest: string | null;
  }[];
}

const sha256 = (bytes: Uint8Array): string => `sha256:${createHash('sha256').update(bytes).digest('hex')}`;

const secret = 'correct horse battery staple';

/** "Encryption": the key of the set, checked. */
function keyOf({ algorithm, keyDerivation, check }: NonNullable<StoredManifest['encryption']>): Buffer {
  assert.equal(algorithm, 'aes-256-gcm-segments');
  assert.equal(keyDerivation.function, 'scrypt');
  const { n, r, p, salt } = keyDerivation;
  const key = scryptSync(secret, Buffer.from(salt, 'hex'), 32, { N: n, r, p, maxmem: 2 ** 30 });
  assert.equal(createHmac('sha256', key).update('pumphouse key check').digest('hex').slice(0, 32), check);
  return key;
}

/** "Encryption": the envelope of a frame. */
function openEnvelope(stored: Buffer, key: Buffer): Buffer {
  assert.equal(stored.toString('latin1', 0, 4), 'PHE1');
  const frameKey = Buffer.from(hkdfSync('sha256', key, stored.subarray(4, 20), 'pumphouse frame', 32));
  const opened: Buffer[] = [];
  const sealedBytes = 1_048_592;
  for (let at = 20, number = 0; at < stored.length; at += sealedBytes, number += 1) {
    const segment = stored.subarray(at, at + sealedBytes);
    const nonce = Buffer.alloc(12);
    nonce.writeBigUInt64BE(BigInt(number), 3);
    nonce[11] = at + sealedBytes >= stored.length ? 1 : 0;
    const decipher = createDecipheriv('aes-256-gcm', frameKey, nonce);
    decipher.setAuthTag(segment.subarray(-16));
    opened.push(decipher.update(segment.subarray(0, -16)), decipher.final());
  }
  return Buffer.concat(opened);
}

/** "Versions and limits". */
function versionOf({ compression, encoding, encryption }: StoredManifest): number {
  if (compression === 'gzip' || (encoding !== 'text' && encoding !== 'binary')) return 4;
  return encryption === undefined ? 2 : 3;
}

/** "The manifest": the last line holds the digest of all before it. */
function parseManifest(json: Buffer): StoredManifest {
  const lastLine = json.lastIndexOf('\n', json.length - 2) + 1;
  assert.equal(json.toString('utf8', lastLine), `"digest":"${sha256(json.subarray(0, lastLine))}"}\n`);
  const manifest = JSON.parse(json.toString()) as StoredManifest;
  assert.equal(manifest.format, 'pumphouse-dump');
  assert.equal(manifest.version, versionOf(manifest));
  if (manifest.encryption !== undefined) {
    const macLine = json.lastIndexOf('\n', lastLine - 2) + 1;
    const covered = createHash('sha256').update(json.subarray(0, macLine)).digest('hex');
    const mac = createHmac('sha256', keyOf(manifest.encryption)).update(covered).digest('hex');
    assert.equal(json.toString('utf8', macLine, lastLine), `"mac":"hmac-sha256:${mac}",\n`);
  }
  return manifest;
}

/** "The end of a packed master". */
function unpackMaster(file: Buffer): StoredManifest {
  assert.equal(file.toString('latin1', file.length - 8), 'PumpDump');
  const jsonBytes = Number(file.readBigUInt64LE(file.length - 16));
  const payloadDigest = file.toString('hex', file.length - 48, file.length - 16);
  const json = file.length - 48 - jsonBytes;
  assert.equal(file.readUInt32LE(json - 8), 0x184d2a50);
  assert.equal(file.readUInt32LE(json - 4), jsonBytes + 48);
  assert.equal(sha256(file.subarray(0, json - 8)), `sha256:${payloadDigest}`);
  return parseManifest(file.subarray(json, json + jsonBytes));
}

/** "Frames". */
function decompress(frame: Buffer, compression: string): Buffer {
  if (compression === 'none') return frame;
  return compression === 'gzip' ? gunzipSync(frame) : zstdDecompressSync(frame);
}

/** A set in memory: its manifest, and the content of its frames. */
async function readSet(folder: string, master: string) {
  const bytes = await readFile(path.join(folder, master));
  const manifest = master.endsWith('manifest.json') ? parseManifest(bytes) : unpackMaster(bytes);
  const base = path.join(folder, path.dirname(master));
  const files = new Map<string, Buffer>();
  for (const { name, bytes: size, digest } of manifest.files) {
    const content = await readFile(path.join(base, name));
    assert.equal(content.length, size, name);
    if (digest !== null) assert.equal(sha256(content), digest, name);
    files.set(name, content);
  }
  const decode = ({ file, offset, length, rawBytes, digest }: Frame): Buffer => {
    const stored = files.get(file)?.subarray(offset, offset + length) ?? Buffer.alloc(0);
    assert.equal(`stored-${sha256(stored)}`, digest);
    const packed =
      manifest.encryption === undefined ? stored : openEnvelope(stored, keyOf(manifest.encryption));
    const raw = decompress(packed, manifest.compression);
    assert.equal(raw.length, rawBytes);
    return raw;
  };
  return { manifest, decode };
}

const letters: Readonly<Record<string, string>> = { b: '\b', f: '\f', n: '\n', r: '\r', t: '\t', v: '\v' };

/** "COPY text": rows of fields; null for `\N`. */
function parseCopyText(raw: Buffer): (string | null)[][] {
  const text = raw.toString();
  assert.ok(text === '' || text.endsWith('\n'));
  const lines = text.split('\n').slice(0, -1);
  const unescaped = (field: string): string | null =>
    field === '\\N' ? null : field.replaceAll(/\\(.)/g, (_, letter: string) => letters[letter] ?? letter);
  return lines.map((line) => line.split('\t').map(unescaped));
}

describe('a reader made from docs/dump-format.md', () => {
  for (const [filePattern, master, compression, isEncrypted] of [
    [null, `${sampleJob}/manifest.json`, 'zstd', false],
    [null, `${sampleJob}/manifest.json`, 'none', false],
    [null, `${sampleJob}/manifest.json`, 'gzip', false],
    [null, `${sampleJob}/manifest.json`, 'gzip', true],
    [null, `${sampleJob}/manifest.json`, 'none', true],
    ['EXP%U.DMP', 'EXP01.DMP', 'zstd', false],
    ['EXP%U.DMP', 'EXP01.DMP', 'zstd', true],
    ['one.dmp', 'one.dmp', 'zstd', false],
    ['one.dmp', 'one.dmp', 'zstd', true],
  ] as const) {
    it(`gets rows and statements of ${master}, compression ${compression}${isEncrypted ? ', encrypted' : ''}`, () =>
      withFolder(async (folder) => {
        await writeSample(localStorage(folder), filePattern, recordingContext(), sampleUnits, {
          compression,
          cipher: isEncrypted ? await newSetCipher(new Secret(secret)) : null,
        });
        const { manifest, decode } = await readSet(folder, master);
        for (const table of manifest.tables) {
          const raw = Buffer.concat(table.units.map(decode));
          const written = sampleUnits
            .filter((unit) => unit.table.name === table.name)
            .map((unit) => unit.content);
          assert.deepEqual(raw, Buffer.concat(written));
          assert.equal(raw.length, table.rawBytes);
          const rows = parseCopyText(raw);
          assert.equal(rows.length, table.rows);
          for (const row of rows) assert.equal(row.length, table.columns.length);
          if (table.name === 'emp') assert.deepEqual(rows[1], ['1', 'emp 7919', null]);
        }
        const statements = manifest.objects.map(({ section, start, end }) =>
          decode(manifest.ddl[section] as Frame).toString('utf8', start, end),
        );
        assert.deepEqual(
          statements,
          sampleObjects.map(({ sql }) => sql),
        );
      }));
  }
});

const page = new URL('../docs/dump-format.md', import.meta.url);

const exampleRows = Buffer.from('1\tAda\t\\N\n2\tGrace\ttab\\there\n');
const exampleObjects: readonly DdlObject[] = [
  {
    section: 'pre',
    type: 'TABLE',
    schema: 'public',
    name: 'emp',
    table: null,
    owner: 'scott',
    sql: 'CREATE TABLE public.emp (\n    id integer NOT NULL,\n    name text,\n    note text\n);',
  },
  {
    section: 'post',
    type: 'CONSTRAINT',
    schema: 'public',
    name: 'emp_pkey',
    table: 'emp',
    owner: 'scott',
    sql: 'ALTER TABLE ONLY public.emp\n    ADD CONSTRAINT emp_pkey PRIMARY KEY (id);',
  },
];

/** The example of the page: one table of two rows in the file `emp.dmp`. Its completion time alone differs from run to run. */
async function writeExample(folder: string): Promise<Buffer> {
  await writeMaster(
    localStorage(folder),
    { form: 'file', file: 'emp.dmp' },
    {
      job: { id: 'b0c1', name: 'EXPORT_1' },
      createdAt: '2026-11-21T09:30:00.000Z',
      source: { engine: 'postgres', serverVersion: '15.18', database: 'hr' },
      mode: 'table',
      encoding: 'text',
      coding: { compression: 'zstd', cipher: null },
      consistency: { kind: 'snapshot', note: '' },
      tables: [
        {
          schema: 'public',
          name: 'emp',
          tablespace: null,
          columns: [
            { name: 'id', type: 'integer' },
            { name: 'name', type: 'text' },
            { name: 'note', type: 'text' },
          ],
          encoding: 'text',
          error: null,
          units: [],
          inlineUnits: ['0001-0001'],
        },
      ],
      objects: exampleObjects,
      files: [],
    },
    [unitSource('0001-0001', exampleRows)],
    { ifExists: 'fail' },
    recordingContext(),
  );
  return await readFile(path.join(folder, 'emp.dmp'));
}

/** The content of the fenced block that follows `marker` on the page. */
function blockAfter(text: string, marker: string): string {
  const fence = text.indexOf('```', text.indexOf(marker));
  const start = text.indexOf('\n', fence) + 1;
  return text.slice(start, text.indexOf('```', start));
}

describe('the example of docs/dump-format.md', () => {
  it('is what the writer writes', () =>
    withFolder(async (folder) => {
      const text = await readFile(page, 'utf8');
      const file = await writeExample(folder);
      const parts = new Map(
        [...blockAfter(text, '<!-- example: parts -->').matchAll(/^ *(\d+) +(\d+) +(.+)$/gm)].map(
          ([, offset, length, what]) =>
            [what ?? '', { offset: Number(offset), length: Number(length) }] as const,
        ),
      );
      const json = parts.get('manifest');
      assert.ok(json !== undefined);
      const manifest = file.subarray(json.offset, json.offset + json.length).toString();
      const masked = (page: string): string =>
        page
          .replace(/"completedAt":"[^"]*"/, '"completedAt":"..."')
          .replace(/^"digest":.*$/m, '"digest":"..."}');
      assert.equal(masked(blockAfter(text, '<!-- example: manifest -->')), masked(manifest));
      const hex = (name: string): string => {
        const part = parts.get(name);
        assert.ok(part !== undefined, name);
        return file.toString('hex', part.offset, part.offset + part.length);
      };
      const written = blockAfter(text, '<!-- example: bytes -->').split('\n\n');
      for (const [index, name] of ['unit 0001-0001', 'frame header'].entries()) {
        const digits = (written[index] ?? '').replaceAll(/^[^:]*: {2}|\s/gm, '');
        assert.equal(digits, hex(name), name);
      }
      const last = [...parts.values()].at(-1);
      assert.equal((last?.offset ?? 0) + (last?.length ?? 0), file.length);
      const frame = JSON.parse(manifest).tables[0].units[0] as Frame;
      assert.deepEqual(parts.get('unit 0001-0001'), { offset: frame.offset, length: frame.length });
      assert.deepEqual(parseCopyText(zstdDecompressSync(file.subarray(0, frame.length))), [
        ['1', 'Ada', null],
        ['2', 'Grace', 'tab\there'],
      ]);
    }));
});
