import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readDestination, readSource } from './locations.ts';
import { Refusal } from './refusal.ts';

const s3 = {
  type: 's3',
  bucket_name: 'harbor-dumps',
  access_key_id: 'AKEXAMPLE',
  secret_access_key: 'hidden',
};
const gs = {
  type: 'gs',
  bucket_name: 'harbor',
  client_id: '12',
  client_email: 'keeper@harbor.example',
  private_key_id: 'k1',
  private_key: '-----BEGIN PRIVATE KEY-----\nAA\n-----END PRIVATE KEY-----\n',
};
const abs = { type: 'abs', container: 'quay', account_name: 'harbor' };

test('a folder is an address without secrets, and a credential', () => {
  assert.deepEqual(
    readDestination({ type: 'url', url: 'ftp://keeper:p%40ss@vault.example:2121/a%20b/' }, 'x'),
    {
      address: { url: 'ftp://vault.example:2121/a%20b/' },
      credential: { type: 'ftp', id: 'keeper', secret: 'p@ss' },
    },
  );
  assert.deepEqual(readDestination({ type: 'ftp', url: 'ftps://vault.example/' }, 'x'), {
    address: { url: 'ftps://vault.example/' },
    credential: { type: 'ftp', id: 'anonymous', secret: 'anonymous@' },
  });
  const sftp = { address: { url: 'sftp://vault.example/dumps/' } };
  assert.deepEqual(
    readDestination({ type: 'sftp', sftp_url: 'sftp://keeper:pass@vault.example/dumps/' }, 'x'),
    {
      ...sftp,
      credential: { type: 'sftp', id: 'keeper', secret: 'pass', options: {} },
    },
  );
  const withKey = {
    type: 'sftp',
    url: 'sftp://keeper@vault.example/dumps/',
    key: 'PEM',
    host_key: 'SHA256:x',
  };
  assert.deepEqual(readDestination(withKey, 'x'), {
    ...sftp,
    credential: { type: 'sftp', id: 'keeper', secret: 'PEM', options: { 'host-key': 'SHA256:x' } },
  });
  assert.deepEqual(
    readDestination(
      { ...s3, subdir: '/nightly/2026 #1/', region_name: 'eu-west-1', endpoint_url: 'http://h:9000' },
      'x',
    ),
    {
      address: { url: 's3://harbor-dumps/nightly/2026%20%231' },
      credential: {
        type: 's3',
        id: 'AKEXAMPLE',
        secret: 'hidden',
        options: { region: 'eu-west-1', endpoint: 'http://h:9000' },
      },
    },
  );
  const { credential, address } = readDestination(gs, 'x');
  assert.deepEqual(address, { url: 'gs://harbor' });
  assert.deepEqual(JSON.parse(credential?.secret ?? ''), {
    type: 'service_account',
    client_id: '12',
    client_email: 'keeper@harbor.example',
    private_key_id: 'k1',
    private_key: gs.private_key,
  });
  assert.deepEqual(readDestination({ ...abs, sas_token: 'sv=1&sig=2' }, 'x'), {
    address: { url: 'az://quay' },
    credential: { type: 'azure', id: 'harbor', secret: 'sv=1&sig=2', options: { kind: 'sas' } },
  });
  assert.deepEqual(readDestination({ type: 'mount_point', path: '/srv//dumps' }, 'x'), {
    address: { path: '/srv/dumps' },
    credential: null,
  });
});

test('a source names its file', () => {
  const file = (value: unknown): unknown[] => {
    const source = readSource(value, 'x');
    return [Object.values(source.address)[0], source.file];
  };
  assert.deepEqual(file({ ...s3, subdir: 'a', filename: 'b/c-1_of_2.rdb.gz' }), [
    's3://harbor-dumps/a/b',
    'c-1_of_2.rdb.gz',
  ]);
  assert.deepEqual(file({ type: 'url', url: 'ftp://vault.example/a/d%20e.rdb' }), [
    'ftp://vault.example/a/',
    'd e.rdb',
  ]);
  assert.deepEqual(file({ type: 'sftp', sftp_url: 'sftp://k:p@vault.example/f.rdb' }), [
    'sftp://vault.example/',
    'f.rdb',
  ]);
  assert.deepEqual(file({ type: 'mount_point', path: '/srv/dumps/g.rdb' }), ['/srv/dumps', 'g.rdb']);
  assert.deepEqual(file({ type: 'mount_point', path: '/g.rdb' }), ['/', 'g.rdb']);
});

test('what a web address holds of secrets stays in a credential', () => {
  assert.deepEqual(readSource({ type: 'url', url: 'https://web.example/a/b.rdb?sig=hidden' }, 'x'), {
    address: { url: 'https://web.example/' },
    credential: { type: 'http', secret: 'https://web.example/a/?sig=hidden', options: { kind: 'url' } },
    file: 'b.rdb',
  });
  assert.deepEqual(readSource({ type: 'url', url: 'http://keeper:pass@web.example/b.rdb' }, 'x'), {
    address: { url: 'http://web.example/' },
    credential: { type: 'http', id: 'keeper', secret: 'pass' },
    file: 'b.rdb',
  });
});

const refused: readonly (readonly [unknown, number, RegExp])[] = [
  ['ftp://keeper:hidden@vault.example/', 400, /^x must be an object, not a string/],
  [undefined, 400, /^x is missing/],
  [[], 400, /not an array/],
  [{}, 400, /^x\.type is missing/],
  [{ type: 'dropbox' }, 400, /^x\.type must be one of url, sftp/],
  [{ type: 'swift', auth_url: 'https://h/', container: 'c' }, 406, /swift/],
  [{ type: 'url', url: 'ftp://vault.example/', user: 'hidden' }, 400, /unknown attribute user/],
  [{ type: 'url', url: 'http://web.example/' }, 400, /^x\.url must begin with ftp:\/\/ or ftps:\/\//],
  [{ type: 'url', url: 'ftp:/vault' }, 400, /must begin/],
  [{ type: 'url', url: 'ftp://' }, 400, /no address/],
  [{ type: 'url', url: 'ftp://keeper:%zz@vault.example/' }, 400, /%25/],
  [{ type: 'sftp', sftp_url: 'sftp://vault.example/' }, 406, /neither a key nor a password/],
  [{ ...s3, bucket_name: undefined }, 400, /^x\.bucket_name is missing/],
  [{ ...s3, bucket_name: 7 }, 400, /must be a string, not a number/],
  [{ ...s3, bucket_name: 'a/b' }, 400, /bucket or container/],
  [{ ...s3, subdir: 'a/../b' }, 400, /subdir/],
  [{ ...s3, filename: 'a.rdb' }, 400, /unknown attribute filename/],
  [{ ...abs, account_key: 'a', sas_token: 'b' }, 400, /either account_key or sas_token/],
  [abs, 400, /either account_key or sas_token/],
  [{ type: 'mount_point', path: 'dumps' }, 400, /begin with a slash/],
  [{ type: 'mount_point', path: '/srv/../etc' }, 400, /\. or \.\. parts/],
];

test('what is wrong with a place is said by the name of the field, and never by its value', () => {
  for (const [value, status, words] of refused) {
    assert.throws(
      () => readDestination(value, 'x'),
      (error: unknown) => {
        assert.ok(error instanceof Refusal);
        assert.equal(error.status, status, error.message);
        assert.match(error.message, words);
        assert.doesNotMatch(error.message, /hidden|keeper/);
        return true;
      },
    );
  }
});

test('sources are refused that no file is fetched from', () => {
  const of = (value: unknown) => () => readSource(value, 'x');
  assert.throws(of({ type: 'url', url: 'redis://:hidden@old.example:6379' }), /live server/);
  assert.throws(of({ type: 'url', url: 'gopher://old.example/a' }), /must begin with ftp/);
  assert.throws(of({ type: 'url', url: 'ftp://vault.example/a/' }), /names no file/);
  assert.throws(of({ type: 'mount_point', path: '/srv/dumps/' }), /names no file/);
  assert.throws(of({ ...s3, filename: '../a.rdb' }), /filename/);
  assert.throws(of(s3), /filename is missing/);
});
