import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { describe, it } from 'node:test';
import type { Manifest, ManifestUnit } from '../core/manifest.ts';
import type { DumpLayout } from './layout.ts';
import { decodeManifest } from './manifest-decode.ts';
import { encodeManifest } from './manifest-format.ts';

const digest = `sha256:${'0'.repeat(64)}` as const;
const frame = { file: 'job/schema/pre.zst', offset: 0, length: 9, rawBytes: 0, digest };
const postFrame = { ...frame, file: 'job/schema/post.zst' };
const dataFile = 'job/data/x';
const unit: ManifestUnit = { ...frame, file: dataFile, id: 'u', rows: 0, variant: '' };
const own = 'job/manifest.json';
const folder: DumpLayout = { form: 'folder', folder: 'job' };

const manifestOf = (units: readonly ManifestUnit[], database = 'hr'): Manifest => ({
  format: 'pumphouse-dump',
  version: 2,
  job: { id: '1', name: 'job' },
  createdAt: '2026-11-21T08:00:00.000Z',
  completedAt: '2026-11-21T08:00:01.000Z',
  source: { engine: 'postgres', serverVersion: '15', database },
  mode: 'full',
  encoding: 'text',
  compression: 'zstd',
  consistency: { kind: 'snapshot', note: '' },
  tables: [
    {
      schema: 's',
      name: 't',
      tablespace: null,
      columns: [],
      rows: units.reduce((sum, unit) => sum + unit.rows, 0),
      rawBytes: units.reduce((sum, unit) => sum + unit.rawBytes, 0),
      encoding: 'text',
      status: 'complete',
      error: null,
      units,
    },
  ],
  ddl: { pre: frame, post: postFrame },
  objects: [],
  files: [
    { name: frame.file, bytes: 9, digest },
    { name: postFrame.file, bytes: 9, digest },
    { name: dataFile, bytes: 16 * 160_000, digest },
    { name: own, bytes: 0, digest: null },
  ],
});

const encode = (manifest: Manifest): Buffer =>
  Buffer.concat([...encodeManifest(manifest, folder, 'job/', own, 0).pieces()]);

/** The text with its last line made anew. */
function sealed(text: string): Buffer {
  const body = text.slice(0, text.lastIndexOf('"digest":"'));
  return Buffer.from(`${body}"digest":"sha256:${createHash('sha256').update(body).digest('hex')}"}\n`);
}

describe('the stored manifest', () => {
  it('says its own size, whatever the number of digits', () => {
    for (let length = 0; length < 9000; length += 97) {
      const manifest = manifestOf([], 'd'.repeat(length));
      const encoded = encodeManifest(manifest, folder, 'job/', own, 0);
      const bytes = Buffer.concat([...encoded.pieces()]);
      assert.equal(bytes.length, encoded.bytes);
      const { manifest: decoded } = decodeManifest(bytes, own, 'job');
      assert.equal(decoded.files.at(-1)?.bytes, bytes.length);
    }
  });

  it('is JSON, with names relative to its folder and one line per unit', () => {
    const text = encode(manifestOf([{ ...unit, rows: 1 }])).toString();
    const json = JSON.parse(text);
    assert.equal(json.tables[0].units[0].file, 'data/x');
    assert.deepEqual(json.layout, { form: 'folder' });
    assert.ok(text.split('\n').some((line) => line.startsWith('{"file":"data/x"')));
  });

  it('says of a table in which ways it was reduced, in words that are known', () => {
    const whole = manifestOf([]);
    const [table] = whole.tables as [(typeof whole.tables)[0]];
    const text = encode({ ...whole, tables: [{ ...table, reduced: ['filtered', 'masked'] }] }).toString();
    assert.deepEqual(decodeManifest(sealed(text), own, 'job').manifest.tables[0]?.reduced, [
      'filtered',
      'masked',
    ]);
    assert.equal(decodeManifest(encode(whole), own, 'job').manifest.tables[0]?.reduced, undefined);
    for (const wrong of ['["shuffled"]', '["masked","masked"]', '[]', 'true', 'null']) {
      assert.throws(() => decodeManifest(sealed(text.replace('["filtered","masked"]', wrong)), own, 'job'), {
        code: 'dump-damaged',
        message: /\/tables\/0\/reduced/,
      });
    }
  });

  it('says where in the history of the source it stands, where that is known', () => {
    const encoded = encode({ ...manifestOf([]), position: '0/1A2B3C4' });
    assert.match(encoded.toString(), /^"position":"0\/1A2B3C4",$/m);
    assert.equal(decodeManifest(encoded, own, 'job').manifest.position, '0/1A2B3C4');
    assert.equal('position' in decodeManifest(encode(manifestOf([])), own, 'job').manifest, false);
    const wrong = sealed(encoded.toString().replace('"0/1A2B3C4"', '4711'));
    assert.throws(() => decodeManifest(wrong, own, 'job'), { code: 'dump-damaged', message: /\/position/ });
  });

  it('of a newer version is refused by number', () => {
    const newer = sealed(encode(manifestOf([])).toString().replace('"version":2', '"version":5'));
    assert.throws(() => decodeManifest(newer, own, 'job'), {
      code: 'dump-version',
      field: 'file_pattern',
      message: /format version 5, .* up to 4/,
    });
  });

  it('may hold members that this version does not know', () => {
    const text = encode(manifestOf([])).toString().replace('"mode":', '"colour":"blue",\n"mode":');
    assert.equal(decodeManifest(sealed(text), own, 'job').manifest.mode, 'full');
  });

  it('is refused with the place of the fault when its shape is wrong, although its digest is right', () => {
    const text = encode(manifestOf([{ ...unit, rows: 1 }])).toString();
    const faults: readonly (readonly [string, string, RegExp])[] = [
      ['"rows":1,"variant"', '"rows":-1,"variant"', /\/tables\/0\/units\/0\/rows/],
      ['"rows":1,"variant"', '"rows":"1","variant"', /\/tables\/0\/units\/0\/rows/],
      ['"mode":"full"', '"mode":"some"', /\/mode/],
      ['"files":[', '"fils":[', /files/],
      ['"file":"schema/pre.zst"', '"file":"schema/other.zst"', /other\.zst is not in its list of files/],
      ['"length":9', '"length":9999999', /goes beyond the end/],
      [digest, 'md5:00', /digest/],
      ['"version":2', '"version":0', /version/],
    ];
    for (const [from, to, message] of faults) {
      assert.ok(text.includes(from), from);
      assert.throws(() => decodeManifest(sealed(text.replace(from, to)), own, 'job'), {
        code: 'dump-damaged',
        message,
      });
    }
  });

  it('cannot lead out of the base', () => {
    const text = encode(manifestOf([])).toString().replaceAll('schema/pre.zst', '../../etc/passwd');
    assert.throws(() => decodeManifest(sealed(text), own, 'job'), {
      code: 'dump-damaged',
      message: /cannot be called "job\/\.\.\/\.\.\/etc\/passwd"/,
    });
  });

  it('of 160,000 units is encoded in pieces, and decoded in seconds', () => {
    const units = Array.from(
      { length: 160_000 },
      (_, index): ManifestUnit => ({
        ...unit,
        id: `0001-${index}`,
        offset: 16 * index,
        length: 16,
        rows: index,
        rawBytes: 400_000 + (index % 1000),
        variant: 'plain',
      }),
    );
    const encoded = encodeManifest(manifestOf(units), folder, 'job/', own, 0);
    const pieces: Uint8Array[] = [];
    for (const piece of encoded.pieces()) {
      assert.ok(piece.length < 1_000_000);
      pieces.push(piece);
    }
    const bytes = Buffer.concat(pieces);
    assert.ok(bytes.length < 50_000_000, `${bytes.length} bytes`);
    const before = process.memoryUsage();
    const { manifest } = decodeManifest(bytes, own, 'job');
    assert.deepEqual(manifest.tables[0]?.units.at(-1), units.at(-1));
    assert.equal(manifest.tables[0]?.units.length, units.length);
    const grown = process.memoryUsage().rss - before.rss;
    assert.ok(grown < 300 * 1024 * 1024, `${Math.round(grown / 1e6)} MB more`);
  });
});
