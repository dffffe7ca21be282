import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { CallContext, CredentialView, DirectoryView } from '../../service/service.ts';
import { findPlace, readStoragePath } from './places.ts';

const context: CallContext = {
  caller: { name: 'ann', role: 'operator', databases: [] },
  requestId: 'r',
  signal: new AbortController().signal,
};

describe('paths', () => {
  it('of the contract are taken as they are', () => {
    assert.deepEqual(readStoragePath(' obs://tide-store/in/订单 %20.zip '), {
      scheme: 'obs',
      bucket: 'tide-store',
      key: 'in/订单 %20.zip',
      query: '',
    });
    assert.equal(readStoragePath('OBS://b//x///')?.key, 'x');
    assert.equal(readStoragePath('obs://b')?.key, '');
  });

  it('of other storages are URLs', () => {
    assert.deepEqual(readStoragePath('s3://b/a%20b/c.zip?region=x'), {
      scheme: 's3',
      bucket: 'b',
      key: 'a b/c.zip',
      query: '?region=x',
    });
    assert.deepEqual(readStoragePath('file:///var/x.zip')?.key, 'var/x.zip');
  });

  it('that lead out of themselves are none', () => {
    const wrong = [
      '',
      'x',
      'obs:/b/x',
      'obs://',
      'obs:///x',
      'obs://b/../x',
      'obs://b/./x',
      'obs://b/a\\b',
      'obs://b/\0',
      's3://b/%2e%2e/x',
      's3://b/a%2Fb',
      's3://b/%zz',
      'obs://b/x#y',
    ];
    for (const text of wrong) assert.equal(readStoragePath(text), null, text);
  });
});

describe('where a path leads', () => {
  const directory = (name: string, url: string): DirectoryView => ({
    name,
    url,
    credential: null,
    readOnly: false,
    shared: false,
    createdAt: 0,
  });
  const credential = (name: string, type: string, owner: string): CredentialView => ({
    name,
    type,
    owner,
    createdAt: 0,
  });
  const find = (
    text: string,
    directories: readonly DirectoryView[],
    credentials: readonly CredentialView[] = [],
    asked: string | null = null,
  ) => {
    const service = { listDirectories: async () => directories, listCredentials: async () => credentials };
    return findPlace(service, context, readStoragePath(text) ?? assert.fail(text), asked);
  };
  const bucket = directory('whole', 'obs://tide/?region=x');
  const folder = directory('part', 'obs://tide/in');
  const named = directory('tide', 'file:///var/tide');
  const url = (text: string, name: string | null) => ({ type: 'url', url: text, credential: name });

  it('to the nearest directory of the bucket', async () => {
    assert.deepEqual(await find('obs://tide/in/a/x.zip', [named, bucket, folder]), {
      location: { type: 'directory', directory: 'part' },
      file: 'a/x.zip',
    });
    assert.deepEqual(await find('obs://tide/inner/x.zip', [bucket, folder]), {
      location: { type: 'directory', directory: 'whole' },
      file: 'inner/x.zip',
    });
  });

  it('to a directory of its name, whatever that is at', async () => {
    assert.deepEqual(await find('obs://tide/in/x.zip', [named]), {
      location: { type: 'directory', directory: 'tide' },
      file: 'in/x.zip',
    });
  });

  it('to what the only credential of the caller opens', async () => {
    const own = credential('keys', 'obs', 'ann');
    const others = [credential('k2', 'obs', 'bob'), credential('k3', 's3', 'ann')];
    assert.deepEqual(await find('obs://tide/in/ä x.zip', [], [own, ...others]), {
      location: url('obs://tide/in', 'keys'),
      file: 'ä x.zip',
    });
    await assert.rejects(find('obs://tide/x.zip', [], [own, credential('more', 'obs', 'ann')]), /several/);
    assert.equal(await find('obs://tide/x.zip', [], others), null);
  });

  it('to what the named credential opens', async () => {
    assert.deepEqual(await find('obs://tide/a b/x.zip', [bucket], [], 'mine'), {
      location: url('obs://tide/a%20b', 'mine'),
      file: 'x.zip',
    });
  });

  it('of another storage to its URL', async () => {
    assert.deepEqual(await find('s3://b/in/x.zip?region=x', []), {
      location: url('s3://b/in?region=x', null),
      file: 'x.zip',
    });
    assert.deepEqual(await find('file:///var/x.zip', []), {
      location: url('file:///var', null),
      file: 'x.zip',
    });
  });
});
