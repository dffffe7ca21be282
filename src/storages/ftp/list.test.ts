import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { FolderEntry } from '../blocks/folder-list.ts';
import { parseFacts, parseWords } from './list.ts';

const plain = (entries: readonly FolderEntry[]) =>
  Promise.all(entries.map(async ({ name, isFolder, facts }) => ({ name, isFolder, ...(await facts()) })));

describe('MLSD', () => {
  it('gives names, kinds, sizes and times', async () => {
    const text = [
      'type=cdir;modify=20260101000000; /srv',
      'type=pdir;modify=20260101000000; /',
      'type=file;size=9007199254740991;modify=20260102030405.678;UNIX.mode=0644; a file',
      'Type=DIR;Modify=20260102030405; folder',
      'type=OS.unix=slink:/etc/passwd;size=11;modify=20260102030405; link',
      '',
    ].join('\r\n');
    const modifiedMs = Date.UTC(2026, 0, 2, 3, 4, 5);
    const [file, folder, ...rest] = await plain(parseFacts(text));
    assert.deepEqual(file, { name: 'a file', isFolder: false, bytes: Number.MAX_SAFE_INTEGER, modifiedMs });
    assert.equal(folder?.name, 'folder');
    assert.equal(folder?.isFolder, true);
    assert.deepEqual(rest, []);
  });

  it('takes names as they are', async () => {
    const names = [
      ' begins with a space',
      'ends with one ',
      'a 1 b',
      'a=b;c d',
      '12-01-26  03:04AM 5 x',
      'total 5',
    ];
    const text = names.map((name) => `type=file;size=1;modify=20260102030405; ${name}\r\n`).join('');
    assert.deepEqual(
      parseFacts(text).map(({ name }) => name),
      names,
    );
  });

  it('a file without time counts as new', async () => {
    const [file] = await plain(parseFacts('type=file;size=1; x\r\n'));
    assert.ok(Math.abs((file?.modifiedMs ?? 0) - Date.now()) < 60_000);
  });
});

describe('LIST', () => {
  it('gives names, kinds and sizes in the forms of Unix and DOS', async () => {
    const unix = [
      'total 8',
      'drwxr-xr-x   2 user group     4096 Jan  2 03:04 a folder',
      '-rw-r--r--   1 user group  5000000 Jan  2  2026 a file',
      'lrwxrwxrwx   1 user group        4 Jan  2 03:04 link -> file',
    ].join('\r\n');
    const dos =
      '01-02-26  03:04AM       <DIR>          a folder\r\n01-02-26  03:04AM              5000000 a file\r\n';
    for (const text of [unix, dos]) {
      const entries = await plain(parseWords(text));
      assert.deepEqual(
        entries.map(({ name, isFolder }) => [name, isFolder]),
        [
          ['a folder', true],
          ['a file', false],
        ],
      );
      assert.equal(entries[1]?.bytes, 5_000_000);
    }
    assert.deepEqual(parseWords(''), []);
  });
});
