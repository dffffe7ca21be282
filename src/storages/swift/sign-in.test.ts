import assert from 'node:assert/strict';
import { createServer } from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { after, before, describe, it } from 'node:test';
import {
  applicationCredential,
  type FakeKeystone,
  keystoneProjectId,
  keystoneUser,
  startFakeKeystone,
} from '../../../test/harness/keystone.ts';
import { placeAt } from '../../../test/harness/local-storage.ts';
import { makeSelfSignedCertificate } from '../../../test/harness/self-signed-certificate.ts';
import { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';
import { loginOf } from './login.ts';
import { type SwiftSession, signIn } from './sign-in.ts';

/** Against a fake: there is no Keystone to be had for tests (see the harness). */
describe('sign in by Keystone v3', () => {
  let keystone: FakeKeystone;
  before(async () => {
    keystone = await startFakeKeystone({
      token: () => Promise.resolve('the-token'),
      swift: [
        { interface: 'internal', region: 'RegionOne', url: 'http://10.0.0.1/v1/AUTH_p' },
        { interface: 'public', region: 'RegionOne', url: 'http://one.example/v1/AUTH_p/' },
        { interface: 'public', region: 'RegionTwo', url: 'http://two.example/v1/AUTH_p' },
      ],
    });
  });
  after(() => keystone[Symbol.asyncDispose]());

  const { id, password, project } = keystoneUser;
  const enter = (options: Record<string, string>, as = { id, secret: password }) =>
    enterAt(keystone.authUrl, options, as);

  for (const [what, options] of [
    ['project by name', { project }],
    ['project by id', { project: keystoneProjectId }],
    ['domains by name', { project, 'user-domain': 'Staff', 'project-domain': 'Staff' }],
  ] as const) {
    it(`takes a password, with ${what}`, async () => {
      assert.deepEqual(await enter(options), {
        token: 'the-token',
        storageUrl: 'http://one.example/v1/AUTH_p',
      });
    });
  }

  it('takes an application credential', async () => {
    const session = await enter({ 'auth-type': 'application-credential' }, applicationCredential);
    assert.equal(session.token, 'the-token');
    assert.equal(session.storageUrl, 'http://one.example/v1/AUTH_p');
  });

  it('takes the endpoint of the region, or the one that is given', async () => {
    const ofRegion = await enter({ project, region: 'RegionTwo' });
    assert.equal(ofRegion.storageUrl, 'http://two.example/v1/AUTH_p');
    const given = await enter({ endpoint: 'https://given.example/v1/AUTH_p/' });
    assert.equal(given.storageUrl, 'https://given.example/v1/AUTH_p');
  });

  it('says when there is no endpoint, and which regions there are', async () => {
    const unknown = await failure(enter({ project, region: 'Elsewhere' }));
    assert.equal(unknown.code, 'location-invalid');
    assert.match(unknown.message, /no public Swift endpoint in the region Elsewhere/);
    assert.match(unknown.hint, /RegionOne, RegionTwo/);
    const unscoped = await failure(enter({}));
    assert.equal(unscoped.code, 'location-invalid');
    assert.match(unscoped.hint, /option project/);
  });

  it('says storage-denied for a wrong user, secret, domain or project', async () => {
    for (const refused of [
      enter({ project }, { id: 'other', secret: password }),
      enter({ project }, { id, secret: 'wrong' }),
      enter({ project, 'user-domain': 'Guests' }),
      enter({ project: 'other' }),
    ]) {
      const error = await failure(refused);
      assert.equal(error.code, 'storage-denied');
      assert.match(error.message, /\(401 The request you have made requires authentication\)\.$/);
      assert.doesNotMatch(`${error.message}${error.hint}`, /wrong|pässword/);
    }
  });

  it('says location-invalid for an address that is no login', async () => {
    const error = await failure(
      enterAt(new URL('/nowhere', keystone.authUrl).href, { project }, { id, secret: password }),
    );
    assert.equal(error.code, 'location-invalid');
    assert.match(error.message, /\(404 Could not find the requested resource\)\.$/);
  });
});

describe('sign in by v1', () => {
  const v1 = async (headers: Record<string, string>, run: (authUrl: string) => Promise<void>) => {
    const server = createServer((_, response) => response.writeHead(200, headers).end('hello'));
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      await run(`http://127.0.0.1:${(server.address() as AddressInfo).port}/auth/v1.0`);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  };
  const as = { id: 'test:tester', secret: 'testing' };

  it('says location-invalid when something else answers', () =>
    v1({}, async (authUrl) => {
      const error = await failure(enterAt(authUrl, {}, as));
      assert.equal(error.code, 'location-invalid');
      assert.match(error.message, /not as a login of Swift does/);
    }));

  it('asks for no endpoint where one is given', () =>
    v1({ 'x-auth-token': 't', 'x-storage-url': 'nonsense' }, async (authUrl) => {
      const endpoint = 'http://given.example/v1/AUTH_a';
      assert.deepEqual(await enterAt(authUrl, { endpoint }, as), { token: 't', storageUrl: endpoint });
      assert.equal((await failure(enterAt(authUrl, {}, as))).code, 'location-invalid');
    }));

  it('does not carry the token of an encrypted login to an address in the clear, unless that is given', async () => {
    const { key, certificate } = makeSelfSignedCertificate();
    const clear = 'http://given.example/v1/AUTH_a';
    const server = createTlsServer({ key, cert: certificate }, (_, response) => {
      response.writeHead(200, { 'x-auth-token': 't', 'x-storage-url': clear }).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    try {
      const authUrl = `https://127.0.0.1:${(server.address() as AddressInfo).port}/auth/v1.0`;
      const error = await failure(enterAt(authUrl, {}, as, certificate));
      assert.equal(error.code, 'location-invalid');
      assert.match(error.message, /is encrypted, and the storage URL that it names is not/);
      assert.equal((await enterAt(authUrl, { endpoint: clear }, as, certificate)).storageUrl, clear);
    } finally {
      server.closeAllConnections();
      server.close();
    }
  });
});

async function enterAt(
  authUrl: string,
  options: Record<string, string>,
  { id, secret }: { readonly id: string; readonly secret: string },
  ca: string | null = null,
): Promise<SwiftSession> {
  const place = {
    ...placeAt('swift://dumps', { 'auth-url': authUrl, ...options }),
    credential: { name: 'C', type: 'swift', id, secret: new Secret(secret) },
  };
  const agents = place.network.agents({ maxSockets: 1, ca });
  try {
    return await signIn(loginOf(place), agents, AbortSignal.timeout(10_000));
  } finally {
    agents.destroy();
  }
}

async function failure(running: Promise<unknown>): Promise<AppError> {
  const error = await running.then(
    () => assert.fail('It succeeded.'),
    (thrown: unknown) => thrown,
  );
  assert.ok(error instanceof AppError, String(error));
  return error;
}
