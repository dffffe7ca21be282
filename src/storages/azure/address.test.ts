import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { inspect } from 'node:util';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';
import type { StoragePlace } from '../storage.ts';
import { azureAddress } from './address.ts';
import { azurePlace } from './client.ts';
import { azureDriver } from './driver.ts';
import { azureSignIn } from './sign-in.ts';

const sas = 'sv=2022-11-02&sp=rwdlc&sig=abc%2Bdef%3D';
const at = (
  url: string,
  options: StoragePlace['options'] = {},
  credential: { readonly id: string | null; readonly secret: string | null } | null = null,
): StoragePlace => ({
  ...placeAt(url, options),
  credential:
    credential === null
      ? null
      : {
          name: 'C',
          type: 'azure',
          id: credential.id,
          secret: credential.secret === null ? null : new Secret(credential.secret),
        },
});
const own = { id: 'shop', secret: 'a2V5' };

describe('the address of a container', () => {
  it('is that of the account, or an endpoint', () => {
    const address = azureAddress(at('az://dumps/a%20b/c'), 'shop');
    assert.deepEqual(address, {
      container: 'dumps',
      prefix: 'a b/c/',
      account: 'shop',
      endpoint: 'https://shop.blob.core.windows.net',
      isMicrosofts: true,
    });
    const emulator = azureAddress(at('az://dumps', { endpoint: 'http://127.0.0.1:10000/shop/' }), null);
    assert.equal(emulator.endpoint, 'http://127.0.0.1:10000/shop');
    assert.equal(emulator.isMicrosofts, false);
    const china = { endpoint: 'https://shop.blob.core.chinacloudapi.cn' };
    assert.equal(azureAddress(at('az://dumps', china), null).isMicrosofts, true);
    assert.equal(azureAddress(at('az://$root'), 'shop').container, '$root');
  });

  it('is refused where it cannot be one, without showing secrets', () => {
    for (const place of [
      at('az://dumps'),
      at('az://Dumps', { account: 'shop' }),
      at('az://du--mps', { account: 'shop' }),
      at('az://du', { account: 'shop' }),
      at('az://dumps:80', { account: 'shop' }),
      at('az://user:pass-word@dumps', { account: 'shop' }),
      at('az://dumps', { account: 'shop.evil.example/' }),
      // The fields of the credential mixed up.
      at('az://dumps', {}, { id: 'pass-word==', secret: 'shop' }),
      at('az://dumps', {}, { id: 'shop', secret: `https://shop.blob.core.windows.net/?${sas}&pass-word` }),
      at('az://dumps', {}, { id: 'shop', secret: 'AccountName=shop;AccountKey=pass-word==' }),
      at('az://dumps', { keys: 'pass-word' }, { id: 'shop', secret: null }),
      at('az://dumps', { kind: 'pass-word' }, own),
      at('az://dumps', { endpoint: 'ftp://host' }),
      at('az://dumps', { endpoint: 'host' }),
      at('az://dumps', { endpoint: 'https://user:pass-word@host' }),
      at('az://dumps', { endpoint: `https://host/?${sas}&pass-word` }),
      at('az://dumps/a//b', { account: 'shop' }),
    ]) {
      assert.throws(
        () => azureDriver.open(place),
        (error) => {
          assert.ok(error instanceof AppError && error.code === 'location-invalid', String(error));
          assert.ok(!inspect(error).includes('pass-word'));
          return true;
        },
        place.url.href,
      );
    }
  });
});

describe('who enters a container', () => {
  it('is told by the credential', () => {
    const place = at('az://dumps', { account: 'shop' });
    assert.deepEqual(azureSignIn(place), { kind: 'anonymous' });
    const key = azureSignIn({ ...place, credential: at('az://dumps', {}, own).credential });
    assert.ok(key.kind === 'key' && key.account === 'shop' && key.key.reveal() === 'a2V5');
    for (const secret of [sas, `?${sas}`, ` ?${sas}\n`]) {
      const token = azureSignIn(at('az://dumps', {}, { id: null, secret }));
      assert.ok(token.kind === 'sas' && token.token.reveal() === sas);
    }
    assert.equal(azureSignIn(at('az://dumps', { kind: 'sas' }, { id: null, secret: 'x' })).kind, 'sas');
    assert.deepEqual(azureSignIn(at('az://dumps', { keys: 'instance' }, { id: null, secret: null })), {
      kind: 'instance',
    });
  });

  it('is told by the environment when the credential says so', () => {
    const place = at('az://dumps', { keys: 'environment' }, { id: null, secret: null });
    const key = azureSignIn(place, { AZURE_STORAGE_ACCOUNT: 'env', AZURE_STORAGE_KEY: 'a2V5' });
    assert.ok(key.kind === 'key' && key.account === 'env');
    const token = azureSignIn(place, { AZURE_STORAGE_ACCOUNT: 'env', AZURE_STORAGE_SAS_TOKEN: `?${sas}` });
    assert.ok(token.kind === 'sas' && token.token.reveal() === sas);
    assert.throws(() => azureSignIn(place, {}), { code: 'location-invalid', hint: /AZURE_STORAGE_ACCOUNT/ });
  });

  it('is refused where it does not fit', () => {
    for (const place of [
      at('az://dumps', {}, { id: 'shop', secret: null }),
      at('az://dumps', {}, { id: null, secret: 'a2V5' }),
      at('az://dumps', { keys: 'instance' }, own),
      at('az://dumps', { account: 'other' }, own),
      // The machine's own keys go to Azure alone.
      at('az://dumps', { keys: 'instance', endpoint: 'https://evil.example' }, { id: null, secret: null }),
      at(
        'az://dumps',
        { keys: 'instance', endpoint: 'http://shop.blob.core.windows.net' },
        { id: null, secret: null },
      ),
    ]) {
      assert.throws(() => azureDriver.open(place), { code: 'location-invalid' }, place.url.href);
    }
  });

  it('may use another endpoint with a key of its own', () => {
    assert.equal(azurePlace(at('az://dumps', { endpoint: 'https://blob.example' }, own)).signIn.kind, 'key');
  });
});
