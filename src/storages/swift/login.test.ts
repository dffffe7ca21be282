import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { Secret } from '../../base/secret.ts';
import { loginOf } from './login.ts';

const credential = { name: 'C', type: 'swift', id: 'ops', secret: new Secret('hush') };
const placeWith = (options: Record<string, string>, as: typeof credential | null = credential) => ({
  ...placeAt('swift://dumps', options),
  credential: as,
});

describe('login of a Swift location', () => {
  for (const [authUrl, version, kind, tokensUrl] of [
    ['https://host/auth/v1.0', undefined, 'v1', null],
    ['https://host/auth/v1', undefined, 'v1', null],
    ['https://host/login', '1', 'v1', null],
    ['https://host:5000/v3', undefined, 'password', 'https://host:5000/v3/auth/tokens'],
    ['https://host:5000/v3/', undefined, 'password', 'https://host:5000/v3/auth/tokens'],
    ['https://host:5000', undefined, 'password', 'https://host:5000/v3/auth/tokens'],
    ['https://host/identity', undefined, 'password', 'https://host/identity/v3/auth/tokens'],
    ['https://host/v3/auth/tokens', undefined, 'password', 'https://host/v3/auth/tokens'],
    ['https://host/auth/v1.0', '3', 'password', 'https://host/auth/v1.0/v3/auth/tokens'],
  ] as const) {
    it(`${authUrl}${version === undefined ? '' : ` of version ${version}`} is a ${kind} login`, () => {
      const options = { 'auth-url': authUrl, ...(version === undefined ? {} : { 'auth-version': version }) };
      const { user, endpoint } = loginOf(placeWith(options));
      assert.equal(endpoint, null);
      assert.equal(user?.kind, kind);
      assert.equal(user?.authUrl.href, tokensUrl ?? authUrl);
    });
  }

  it('takes project, domains and region for Keystone', () => {
    const { user } = loginOf(
      placeWith({
        'auth-url': 'https://host:5000/v3',
        'auth-type': 'application-credential',
        project: 'p',
        'user-domain': 'u',
        'project-domain': 'd',
        region: 'r',
      }),
    );
    assert.ok(user !== null && user.kind !== 'v1');
    const { kind, project, userDomain, projectDomain, region } = user;
    assert.deepEqual(
      [kind, project, userDomain, projectDomain, region],
      ['application-credential', 'p', 'u', 'd', 'r'],
    );
  });

  it('is nobody’s where there is only a storage URL', () => {
    const { user, endpoint } = loginOf(placeWith({ endpoint: 'https://host/v1/AUTH_a' }, null));
    assert.equal(user, null);
    assert.equal(endpoint?.href, 'https://host/v1/AUTH_a');
  });

  for (const [options, as, says] of [
    [{}, credential, /where to sign in/],
    [{}, null, /no credential/],
    [{ 'auth-url': 'https://host/v3' }, null, /no credential/],
    [{ 'auth-url': 'ftp://host/v3' }, credential, /auth-url/],
    [{ 'auth-url': 'host/v3' }, credential, /auth-url/],
    [{ 'auth-url': 'https://ops:hush@host/v3' }, credential, /auth-url/],
    [{ 'auth-url': 'https://host/v3?key=hush' }, credential, /auth-url/],
    [
      { 'auth-url': 'https://host/v2.0', 'auth-version': 'hush' },
      credential,
      /auth-version is neither 1 nor 3/,
    ],
    [{ 'auth-url': 'https://host/v3', 'auth-type': 'hush' }, credential, /auth-type has a value/],
    [{ 'auth-url': 'https://host/v3', endpoint: 'swift://x' }, credential, /endpoint/],
    [
      { 'auth-url': 'https://host/auth/v1.0' },
      { ...credential, secret: new Secret('hush\nhush') },
      /secret of the credential C holds a line break/,
    ],
  ] as const) {
    it(`${JSON.stringify(options)} ${as === null ? 'without credential ' : ''}is refused`, () => {
      assert.throws(
        () => loginOf(placeWith(options, as)),
        (error: Error & { code?: string }) => {
          assert.equal(error.code, 'location-invalid');
          assert.match(error.message, says);
          assert.doesNotMatch(error.message, /hush/);
          return true;
        },
      );
    });
  }
});
