import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type ZipMember, zipBytes } from '../../../../test/harness/zip-bytes.ts';
import { AppError } from '../../../core/errors.ts';
import { batchPath, kindOfPath, nameOfPath, singlePath } from './members.ts';
import { readArchive } from './read-archive.ts';
import { readArchiveItems } from './read-items.ts';
import { writeArchive } from './write-archive.ts';

const { signal } = new AbortController();
const everything = (): boolean => true;

async function written(...members: Parameters<typeof writeArchive>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of writeArchive(...members)) chunks.push(chunk);
  return Buffer.concat(chunks);
}
const read = (bytes: Uint8Array) => readArchive(bytes, everything, signal);
const texts = (files: ReadonlyMap<string, Uint8Array>) =>
  [...files].map(([name, content]) => [name, Buffer.from(content).toString()]);
const refuses = (bytes: Uint8Array, words: RegExp): Promise<void> =>
  assert.rejects(
    read(bytes),
    (error) => error instanceof AppError && error.code === 'archive-invalid' && words.test(error.message),
  );

describe('a zip that was written', () => {
  const members = [
    { path: 'jobs/订单.job', text: '{"name":"订单"}', changedAt: Date.UTC(2026, 1, 14) },
    { path: 'scripts/a.script', text: 'x'.repeat(2 * 1024 * 1024), changedAt: 0 },
  ];

  it('is read', async () => {
    const files = await read(await written(members));
    assert.deepEqual(
      texts(files),
      members.map(({ path, text }) => [path, text]),
    );
  });

  it('marks its names as UTF-8 and is the same each time', async () => {
    const bytes = await written(members);
    assert.equal(bytes.readUInt16LE(6) & 0x0800, 0x0800);
    assert.deepEqual(await written(members), bytes);
  });

  it('may be empty', async () => {
    assert.equal((await read(await written([]))).size, 0);
  });
});

describe('a zip that defends nobody but itself', () => {
  const good: ZipMember = { name: 'jobs/a.job', content: '{}' };

  it('is read in either form of packing, with its folders passed over', async () => {
    const folder = { name: 'jobs/', mode: 0o040_755 };
    const files = await read(zipBytes([folder, good, { ...good, name: 'b.job', method: 0, mode: 0 }]));
    assert.deepEqual(texts(files), [
      ['jobs/a.job', '{}'],
      ['b.job', '{}'],
    ]);
  });

  it('leads nowhere else', async () => {
    for (const name of [
      '../a.job',
      'jobs/../../a.job',
      '/a.job',
      'C:/a.job',
      'jobs\\..\\a.job',
      'jobs/a\0.job',
      'jobs/a\n.job',
    ])
      await refuses(zipBytes([{ ...good, name }]), /name/);
  });

  it('holds no links, devices and encrypted files', async () => {
    for (const mode of [0o120_777, 0o020_666, 0o060_666, 0o010_666, 0o140_777])
      await refuses(zipBytes([{ ...good, mode }]), /link/);
    await refuses(zipBytes([{ ...good, flags: 0x0801 }]), /encrypted/);
    await refuses(zipBytes([{ ...good, method: 12 }]), /method/);
  });

  it('holds each name once; names may differ by case alone, as those of jobs may', async () => {
    await refuses(zipBytes([good, good]), /two files/);
    const both = zipBytes([good, { ...good, name: 'jobs/A.job' }]);
    assert.equal((await readArchive(both, () => true, signal)).size, 2);
  });

  it('is not larger than anybody needs', async () => {
    await refuses(Buffer.alloc(10 * 1024 * 1024 + 1), /10 MB/);
    await refuses(zipBytes(Array.from({ length: 2001 }, (_, at) => ({ name: `${at}.job` }))), /2000 files/);
    await refuses(zipBytes([{ ...good, size: 17 * 1024 * 1024 }]), /16 MB/);
    const part = {
      content: Buffer.alloc(128 * 1024),
      method: 0,
      size: 16 * 1024 * 1024,
      packedSize: 16 * 1024 * 1024,
    };
    const parts = Array.from({ length: 5 }, (_, at) => ({ ...part, name: `${at}.txt` }));
    await assert.rejects(
      readArchive(zipBytes(parts), () => false, signal),
      /64 MB/,
    );
  });

  it('is no bomb', async () => {
    const zeros = Buffer.alloc(12 * 1024 * 1024);
    await refuses(
      zipBytes([
        { ...good, content: zeros },
        { name: 'b.job', content: zeros },
      ]),
      /denser/,
    );
    // One that tells a smaller size than it has is cut off at that.
    await refuses(zipBytes([{ ...good, content: zeros, size: 1000 }]), /damaged/);
    await refuses(zipBytes([{ ...good, size: 3 }]), /damaged/);
  });

  it('is whole', async () => {
    const bytes = zipBytes([good]);
    await refuses(zipBytes([{ ...good, crc: 1 }]), /damaged/);
    for (const end of [0, 1, 21, bytes.length - 30, bytes.length - 1])
      await refuses(bytes.subarray(0, end), /format/);
    await refuses(Buffer.from('no zip at all'), /format/);
  });
});

describe('the things in a zip', () => {
  const items = (members: readonly ZipMember[]) =>
    readArchiveItems(zipBytes(members), ['definition', 'script', 'resource'], signal);
  const script = { name: 'scripts/s.script', content: '{"name":"s","type":"RDSSQL","content":"SELECT 1"}' };
  const job = { name: 'jobs/j.job', content: ' {"name":"j","nodes":[],"x":1.50} ' };

  it('are read in the order in which they need each other, with their texts', async () => {
    const found = await items([job, script, { name: 'connections/c.conn', content: 'not asked for' }]);
    assert.deepEqual(
      found.map(({ item }) => [item.kind, item.name, item.document?.text]),
      [
        ['script', 's', script.content],
        ['definition', 'j', job.content.trim()],
      ],
    );
  });

  it('may lie beside each job that needs them', async () => {
    const found = await items([
      { ...script, name: 'jobs/a/s.script' },
      { ...script, name: 'jobs/b/s.script' },
    ]);
    assert.equal(found.length, 1);
    const other = { name: 'jobs/b/s.script', content: script.content.replace('1', '2') };
    await assert.rejects(items([{ ...script, name: 'jobs/a/s.script' }, other]), /two different ones/);
  });

  it('have the names of their files where they say none', async () => {
    const [only] = await items([{ name: 'jobs/from_file.job', content: '{"nodes":[]}' }]);
    assert.equal(only?.item.name, 'from_file');
    assert.equal(only?.item.document?.text, '{"nodes":[],"name":"from_file"}');
  });

  it('are told by their file where they are wrong', async () => {
    await assert.rejects(items([]), /nothing of an export/);
    await assert.rejects(items([{ name: 'readme.txt', content: 'x' }]), /nothing of an export/);
    await assert.rejects(items([{ name: 'jobs/a.job', content: '{' }]), /jobs\/a\.job.*not valid JSON/);
    await assert.rejects(items([{ name: 'jobs/a.job', content: '[1]' }]), /jobs\/a\.job.*must be an object/);
    await assert.rejects(items([{ name: 'jobs/a.job', content: Buffer.from([0x7b, 0xff]) }]), /not UTF-8/);
    await assert.rejects(
      items([{ name: 'jobs/a.job', content: `${'{"a":'.repeat(101)}1${'}'.repeat(101)}` }]),
      /nested/,
    );
  });
});

it('names of files say what is in them', () => {
  assert.equal(singlePath('definition', 'a'), 'jobs/a.job');
  assert.equal(singlePath('connection', 'a'), 'connections/a.conn');
  assert.equal(batchPath('j', 'resource', 'r'), 'jobs/j/r.resource');
  assert.deepEqual(['jobs/a.b.job', 'x.SCRIPT', 'x', 'a/x.conn'].map(kindOfPath), [
    'definition',
    null,
    null,
    'connection',
  ]);
  assert.equal(nameOfPath('jobs/a.b/c.d.job'), 'c.d');
});
