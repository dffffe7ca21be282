import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { Secret } from '../../base/secret.ts';
import { sftpDriver } from './driver.ts';

const credential = { name: 'C', type: 'sftp', id: null, secret: new Secret('password') };
const open = (url: string, options = {}) => sftpDriver.open({ ...placeAt(url, options), credential });

describe('sftp driver', () => {
  it('opens places without I/O', () => {
    assert.equal(
      open('sftp://user@nobody.invalid:2222/a/b/').description,
      'sftp://user@nobody.invalid:2222/a/b',
    );
    assert.equal(open('sftp://host/~/x', { user: 'user' }).description, 'sftp://host/~/x');
  });

  it('refuses what makes no sense, in one sentence', () => {
    assert.throws(() => open('sftp://host/x'), { code: 'location-invalid', message: /names no user/ });
    assert.throws(() => open('sftp://user@host/x', { 'host-key': 'abc' }), {
      code: 'location-invalid',
      message: /host-key/,
    });
    assert.throws(() => sftpDriver.open(placeAt('sftp://user@host/x')), {
      code: 'location-invalid',
      message: /needs a credential/,
    });
  });
});
