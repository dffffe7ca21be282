import assert from 'node:assert/strict';
import { link, mkdir, readdir, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { describe, it } from 'node:test';
import { bytesSource, failingSource, listAll, readAll } from '../../../test/harness/byte-sources.ts';
import { bareLocal, placeAt } from '../../../test/harness/local-storage.ts';
import { recordingContext } from '../../../test/harness/recording-context.ts';
import { withFolder } from '../../../test/harness/with-folder.ts';
import type { Storage } from '../storage.ts';
import { localDriver } from './driver.ts';

const some = Buffer.from('some bytes');
const context = recordingContext();
const open = (folder: string): Storage => bareLocal(folder);
const fail = { ifExists: 'fail' } as const;
const escapes = { code: 'file-name-invalid', message: /symbolic link/ };

describe('local driver', () => {
  it('takes absolute paths of this machine and refuses other URLs, without I/O', () => {
    assert.equal(
      localDriver.open(placeAt(new URL('file:///no/such/folder/'))).description,
      'file:///no/such/folder',
    );
    assert.equal(localDriver.open(placeAt(new URL('file://localhost/a%20b'))).description, 'file:///a b');
    for (const url of [
      'file://otherhost/x',
      'file:///x?a=b',
      'file:///x#y',
      'file:///a%2Fb',
      'file:///a%00b',
      'http://x/',
    ]) {
      assert.throws(() => localDriver.open(placeAt(new URL(url))), {
        code: 'location-invalid',
        message: new RegExp(url.slice(0, 7)),
      });
    }
  });

  it('makes files that others cannot read', () =>
    withFolder(async (folder) => {
      await open(folder).put('a/x', bytesSource(some), fail, context);
      assert.equal((await stat(path.join(folder, 'a/x'))).mode & 0o007, 0);
      assert.equal((await stat(path.join(folder, 'a'))).mode & 0o007, 0);
    }));

  it('removes folders that a remove or a failed put leaves empty, but never the base', () =>
    withFolder(async (folder) => {
      const storage = open(folder);
      await storage.put('a/b/x', bytesSource(some), fail, context);
      await storage.put('a/y', bytesSource(some), fail, context);
      await storage.remove('a/b/x', context);
      assert.deepEqual(await readdir(folder, { recursive: true }), ['a', 'a/y']);
      await storage.remove('a/y', context);
      await assert.rejects(storage.put('c/d/x', failingSource(some, new Error('no')), fail, context));
      assert.deepEqual(await readdir(folder), []);
    }));

  it('puts and removes of one folder do not disturb each other', () =>
    withFolder(async (folder) => {
      const storage = open(folder);
      const rounds = Array.from({ length: 40 }, async (_, index) => {
        await storage.put(`a/b/${index}`, bytesSource(some), fail, context);
        await storage.remove(`a/b/${index}`, context);
      });
      await Promise.all(rounds);
      assert.deepEqual(await readdir(folder), []);
    }));

  it('refuses to follow symbolic links out of the base', () =>
    withFolder(async (folder) => {
      const base = path.join(folder, 'base');
      const outside = path.join(folder, 'outside');
      await mkdir(base);
      await mkdir(outside);
      await writeFile(path.join(outside, 'secret'), 'secret');
      await symlink(outside, path.join(base, 'out'));
      await symlink(path.join(outside, 'secret'), path.join(base, 'file'));
      const storage = open(base);
      await assert.rejects(storage.put('out/x', bytesSource(some), fail, context), escapes);
      await assert.rejects(storage.put('out/new/x', bytesSource(some), fail, context), escapes);
      await assert.rejects(readAll(storage.get('out/secret', null, context)), escapes);
      await assert.rejects(readAll(storage.get('file', null, context)), escapes);
      await assert.rejects(storage.stat('file', context), escapes);
      await assert.rejects(storage.remove('out/secret', context), escapes);
      assert.deepEqual(await listAll(storage.list('', context)), []);
      assert.deepEqual(await readdir(outside), ['secret']);
    }));

  it('follows links that stay inside, and a base that is a link itself', () =>
    withFolder(async (folder) => {
      const real = path.join(folder, 'real');
      await mkdir(real);
      await symlink(real, path.join(folder, 'base'));
      const storage = open(path.join(folder, 'base'));
      await storage.put('x', bytesSource(some), fail, context);
      await symlink('x', path.join(real, 'y'));
      assert.deepEqual(await readAll(storage.get('y', null, context)), some);
      assert.deepEqual(
        (await listAll(storage.list('', context))).map(({ name }) => name),
        ['x', 'y'],
      );
    }));

  it('takes its own link for its own, when the answer to it was lost', () =>
    withFolder(async (folder) => {
      const storage = open(folder);
      const linked = (from: (part: string) => Promise<void>) => ({
        async *open() {
          yield Buffer.from(some);
          const [part = ''] = await readdir(folder);
          await from(path.join(folder, part));
        },
      });
      // As a server does whose first answer got lost.
      const own = linked((part) => link(part, path.join(folder, 'x')));
      assert.deepEqual(await storage.put('x', own, fail, context), { bytes: some.length });
      assert.deepEqual(await readdir(folder), ['x']);
      assert.deepEqual(await readAll(storage.get('x', null, context)), some);
      const other = linked(() => writeFile(path.join(folder, 'y'), some));
      await assert.rejects(storage.put('y', other, fail, context), { code: 'file-exists' });
      assert.deepEqual(await readdir(folder), ['x', 'y']);
    }));

  it('says that a folder stands in the way', () =>
    withFolder(async (folder) => {
      const storage = open(folder);
      await storage.put('a/x', bytesSource(some), fail, context);
      await assert.rejects(storage.put('a', bytesSource(some), fail, context), { code: 'file-exists' });
      await assert.rejects(storage.put('a', bytesSource(some), { ifExists: 'replace' }, context), {
        code: 'file-exists',
      });
      await assert.rejects(storage.put('a/x/y', bytesSource(some), fail, context), {
        code: 'storage-failed',
        message: /a file where a folder is needed/,
      });
    }));
});
