import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { listAll } from '../../../test/harness/byte-sources.ts';
import { type FolderEntry, listFolder } from './folder-list.ts';

const { signal } = new AbortController();
const file = (name: string): FolderEntry => ({
  name,
  isFolder: false,
  facts: async () => ({ bytes: 1, modifiedMs: 2 }),
});
const folder = (name: string): FolderEntry => ({ name, isFolder: true, facts: async () => null });

const tree: Readonly<Record<string, readonly FolderEntry[]>> = {
  '': [file('b'), folder('a'), file('a.x'), file('a0'), folder('empty'), file('.b.0.part')],
  'a/': [file('z'), file('.z.0.part'), folder('deep')],
  'a/deep/': [file('y')],
};

function listing(entries = tree) {
  const folders: string[] = [];
  const read = async (name: string): Promise<readonly FolderEntry[]> => {
    folders.push(name);
    return entries[name] ?? [];
  };
  const names = async (prefix: string, unfinished = false): Promise<string[]> =>
    (await listAll(listFolder(read, prefix, unfinished, signal))).map(({ name }) => name);
  return { folders, names };
}

describe('list of folders', () => {
  it('gives the files below, in byte order of their whole names', async () => {
    assert.deepEqual(await listing().names(''), ['a.x', 'a/deep/y', 'a/z', 'a0', 'b']);
  });

  it('gives those that begin with the prefix, and reads no folder that has none', async () => {
    const { folders, names } = listing();
    assert.deepEqual(await names('a/z'), ['a/z']);
    assert.deepEqual(folders, ['', 'a/']);
  });

  it('gives the parts instead, by the begin of their names', async () => {
    const { names } = listing();
    assert.deepEqual(await names('', true), ['.b.0.part', 'a/.z.0.part']);
    assert.deepEqual(await names('a/', true), ['a/.z.0.part']);
    assert.deepEqual(await names('b', true), ['.b.0.part']);
  });

  it('leaves out what is no file', async () => {
    const device = { ...file('device'), facts: async () => null };
    assert.deepEqual(await listing({ '': [device, file('x')] }).names(''), ['x']);
  });

  it('takes no name from a server that leads out of the folder', async () => {
    const names = ['..', '.', '', '../x', '/etc/passwd', 'a/b'];
    assert.deepEqual(await listing({ '': [...names.map(file), ...names.map(folder)] }).names(''), []);
  });

  it('stops when aborted', async () => {
    const list = listFolder(async () => [file('x')], '', false, AbortSignal.abort(new Error('stop')));
    await assert.rejects(listAll(list), /stop/);
  });
});
