import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { Secret } from '../../base/secret.ts';
import { ftpDriver } from './driver.ts';

const credential = { name: 'C', type: 'ftp', id: 'user', secret: new Secret('password') };
const open = (url: string, options = {}) => ftpDriver.open({ ...placeAt(url, options), credential });

describe('ftp driver', () => {
  it('opens places without I/O', () => {
    assert.equal(open('ftp://nobody.invalid/dumps').description, 'ftp://nobody.invalid/dumps');
    assert.equal(
      open('ftps://user@h:2121/~/ü/', { tls: 'implicit' }).description,
      'ftps://user@h:2121/~/%C3%BC',
    );
    assert.equal(ftpDriver.open(placeAt('ftp://nobody.invalid/pub')).lists, true);
  });

  it('refuses what makes no sense, in one sentence', () => {
    for (const [url, options, message] of [
      [
        'ftp://host/x',
        { tls: 'hunter2' },
        /^The option tls is none of those that ftp: takes: none, explicit, implicit\.$/,
      ],
      ['ftps://host/x', { tls: 'none' }, /tls is none of those that ftps: takes: explicit, implicit/],
      [
        'ftps://host/x',
        { 'tls-fingerprint': 'hunter2' },
        /^The option tls-fingerprint holds no SHA-256 fingerprint of a certificate\.$/,
      ],
      ['ftp://host/a%2Fb', {}, /slash/],
    ] as const) {
      assert.throws(() => open(url, options), { code: 'location-invalid', message });
    }
    const twoLines = { ...credential, secret: new Secret('two\r\nlines') };
    assert.throws(() => ftpDriver.open({ ...placeAt('ftp://host/x'), credential: twoLines }), {
      code: 'location-invalid',
      message: /^The secret of the credential C holds a line break [^\n]*\.$/,
      hint: /add it again/,
    });
    assert.throws(() => ftpDriver.open(placeAt('ftp://user@host/x')), {
      code: 'location-invalid',
      message: /needs a credential/,
    });
  });
});
