import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';
import type { StoragePlace } from '../storage.ts';
import { gcsAddress } from './address.ts';
import { gcsDriver } from './driver.ts';
import { gcsPlace } from './sign-in.ts';

const { privateKey } = generateKeyPairSync('rsa', {
  modulusLength: 2048,
  privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  publicKeyEncoding: { type: 'spki', format: 'pem' },
});
const keyFile = (changes: Readonly<Record<string, unknown>> = {}): string =>
  JSON.stringify({
    type: 'service_account',
    client_email: 'dumps@shop.iam.gserviceaccount.com',
    private_key: privateKey,
    private_key_id: 'abc',
    token_uri: 'https://oauth2.googleapis.com/token',
    ...changes,
  });
const at = (url: string, options: StoragePlace['options'] = {}, secret?: string | null): StoragePlace => ({
  ...placeAt(url, options),
  credential:
    secret === undefined
      ? null
      : { name: 'C', type: 'gcs', id: null, secret: secret === null ? null : new Secret(secret) },
});

describe('the address of a bucket', () => {
  it("is Google's, or an endpoint", () => {
    assert.deepEqual(gcsAddress(at('gs://my_dumps.shop/a%20b/c/')), {
      bucket: 'my_dumps.shop',
      prefix: 'a b/c/',
      endpoint: 'https://storage.googleapis.com',
      isGoogles: true,
    });
    const other = gcsAddress(at('gs://dumps', { endpoint: 'http://127.0.0.1:4443/' }));
    assert.deepEqual([other.endpoint, other.isGoogles], ['http://127.0.0.1:4443', false]);
    const near = { endpoint: 'https://storage.europe-west1.rep.googleapis.com' };
    assert.equal(gcsAddress(at('gs://dumps', near)).isGoogles, true);
    for (const endpoint of ['https://evilgoogleapis.com', 'http://storage.googleapis.com']) {
      assert.equal(gcsAddress(at('gs://dumps', { endpoint })).isGoogles, false);
    }
  });

  it('is refused where it cannot be one, without showing secrets', () => {
    for (const place of [
      at('gs://Dumps'),
      at('gs://du'),
      at('gs://-dumps'),
      at('gs://dumps:80'),
      at('gs://user:pass-word@dumps'),
      at('gs://dumps', { endpoint: 'https://user:pass-word@host' }),
      at('gs://dumps', { endpoint: 'https://host?pass-word' }),
      at('gs://dumps', { endpoint: 'file:///pass-word' }),
      at('gs://dumps/a%2F..'),
      at('gs://dumps', {}, null),
      at('gs://dumps', {}, 'pass-word'),
      at('gs://dumps', {}, '{"type":"authorized_user","refresh_token":"pass-word"}'),
      at('gs://dumps', {}, keyFile({ private_key: 'pass-word' })),
      at('gs://dumps', {}, keyFile({ token_uri: 'ftp://pass-word' })),
      at('gs://dumps', { keys: 'pass-word' }, null),
      at('gs://dumps', { keys: 'instance' }, keyFile()),
      // The machine's own keys go to Google alone.
      at('gs://dumps', { keys: 'instance', endpoint: 'https://evil.example' }, null),
      at('gs://dumps', { keys: 'environment', endpoint: 'http://storage.googleapis.com' }, null),
    ]) {
      assert.throws(
        () => gcsDriver.open(place),
        (error) => {
          assert.ok(error instanceof AppError && error.code === 'location-invalid', String(error));
          const shown = inspect(error, { showHidden: true, depth: 9 });
          assert.ok(!shown.includes('pass-word') && !shown.includes('PRIVATE KEY'), shown);
          return true;
        },
        place.url.href,
      );
    }
  });

  it('is entered as the credential says', () => {
    assert.deepEqual(gcsPlace(at('gs://dumps')).signIn, { kind: 'anonymous' });
    assert.deepEqual(gcsPlace(at('gs://dumps', { keys: 'instance' }, null)).signIn, { kind: 'instance' });
    const { signIn } = gcsPlace(at('gs://dumps', { endpoint: 'https://gcs.example' }, keyFile()));
    assert.ok(signIn.kind === 'account' && signIn.account.email.startsWith('dumps@'));
  });
});
