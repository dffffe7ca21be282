import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { fingerprintOf, hostKeyFault, pinnedKeys } from './host-key.ts';

/** RFC 4253: the name of the kind, then the key. ssh-keygen -l prints the fingerprint below for it. */
const key = Buffer.from('AAAAC3NzaC1lZDI1NTE5AAAAIOMqqnkVzrm0SdG6UOoqKLsabgH5C9okWi0dh2l9GKJl', 'base64');
const fingerprint = 'SHA256:+DiY3wvvV6TuJJhbpZisF/zLDA0zPMSvHdkr4UvCOqU';
const other = `SHA256:${'a'.repeat(43)}`;

describe('host key', () => {
  it('has the fingerprint that ssh-keygen prints', () => assert.equal(fingerprintOf(key), fingerprint));

  it('is trusted when it is one of those that are pinned', () => {
    assert.equal(hostKeyFault(key, [other, fingerprint], 'sftp://host'), null);
  });

  it('is refused when none is pinned, with its fingerprint and how to pin it', () => {
    const fault = hostKeyFault(key, [], 'sftp://host');
    assert.equal(fault?.code, 'host-key-changed');
    assert.equal(fault?.temporary, false);
    assert.ok(fault?.message.includes(`ssh-ed25519 host key ${fingerprint}`), fault?.message);
    assert.ok(fault?.hint.includes(`host-key=${fingerprint}`), fault?.hint);
  });

  it('is refused when another one is pinned, with both fingerprints', () => {
    const fault = hostKeyFault(key, [other], 'sftp://host');
    assert.equal(fault?.code, 'host-key-changed');
    assert.ok(fault?.message.includes(fingerprint) && fault.message.includes(other), fault?.message);
    assert.match(fault?.hint ?? '', /taken the place of the server/);
  });

  it('option takes several, and base64 that went through the query of a URL', () => {
    const query = new URL(`sftp://host/?host-key=${fingerprint},${other}`).searchParams.get('host-key');
    assert.deepEqual(pinnedKeys(query ?? ''), [fingerprint, other]);
    assert.deepEqual(pinnedKeys(`${fingerprint}=, ${other}`), [fingerprint, other]);
    assert.deepEqual(pinnedKeys(undefined), []);
  });

  it('option refuses what is no fingerprint', () => {
    for (const bad of ['', 'MD5:ab:cd', 'SHA256:abc', `${fingerprint}x`, `${fingerprint},`])
      assert.throws(
        () => pinnedKeys(bad),
        { code: 'location-invalid', message: /^The option host-key holds something that is no fingerprint/ },
        bad,
      );
  });
});
