import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { basic, type NativeFixture, openNativeFixture } from '../../../test/harness/native-fixture.ts';

const secret = 'Razorbill*22 secret';

let fixture: NativeFixture;
before(async () => {
  fixture = await openNativeFixture();
  for (const [name, role] of Object.entries({ ann: 'developer', vic: 'viewer' })) {
    const body = { name, role, password: 'pw' };
    await fixture.call({ method: 'POST', url: '/api/v1/users', body });
  }
});
after(() => fixture[Symbol.asyncDispose]());

const ann = { authorization: basic('ann', 'pw') };
const minio = { name: 'minio', type: 's3', id: 'AKIARAZORBILL', secret, options: { region: 'eu-1' } };

test('a credential is added, shown without what is secret, and removed', async () => {
  const added = await fixture.call({
    method: 'POST',
    url: '/api/v1/credentials',
    headers: ann,
    body: minio,
  });
  assert.equal(added.statusCode, 201);
  assert.equal(added.headers.location, '/api/v1/credentials/minio');
  const view = {
    name: 'minio',
    type: 's3',
    owner: 'ann',
    created_at: new Date(fixture.now).toISOString(),
  };
  assert.deepEqual(added.json(), view);
  const shown = await fixture.call({ url: '/api/v1/credentials/minio', headers: ann });
  assert.deepEqual(shown.json(), view);
  const listed = await fixture.call('/api/v1/credentials');
  assert.deepEqual(listed.json(), { items: [view] });
  const again = await fixture.call({ method: 'POST', url: '/api/v1/credentials', body: minio });
  assert.equal(again.statusCode, 409);
  const removed = await fixture.call({ method: 'DELETE', url: '/api/v1/credentials/minio', headers: ann });
  assert.equal(removed.statusCode, 204);
  const gone = await fixture.call({ url: '/api/v1/credentials/minio', headers: ann });
  assert.equal(gone.statusCode, 404);
  assert.equal(gone.json().code, 'credential-unknown');
});

test('refusals name the field and repeat no secret', async () => {
  const bodies: readonly (readonly [body: object, status: number, field: string])[] = [
    [{ ...minio, type: secret }, 400, 'type'],
    [{ ...minio, options: { [secret]: 'x' } }, 400, 'options'],
    [{ ...minio, type: 'encryption' }, 400, 'id'],
    [{ ...minio, secret: [secret] }, 400, 'secret'],
    [{ ...minio, options: { region: 7 } }, 400, 'options.region'],
    [{ ...minio, [secret]: 1 }, 400, secret],
  ];
  for (const [body, status, field] of bodies) {
    const answer = await fixture.call({ method: 'POST', url: '/api/v1/credentials', body });
    assert.equal(answer.statusCode, status, answer.body);
    assert.equal(answer.json().field, field, answer.body);
    // The name of a member is the sender's own affair; values are not repeated.
    if (field !== secret) assert.ok(!answer.body.includes(secret), answer.body);
  }
});

test('a directory is at a URL with a credential, and holds on to it', async () => {
  await fixture.call({ method: 'POST', url: '/api/v1/credentials', body: minio });
  const body = { name: 'BACKUPS', path: 's3://bucket/x?endpoint=http://127.0.0.1:9', credential: 'minio' };
  // Nobody may be asked at that address, and a directory is tried before it is kept.
  const tried = await fixture.call({ method: 'POST', url: '/api/v1/directories', body });
  assert.equal(tried.statusCode, 403);
  assert.equal(tried.json().code, 'address-refused');
  const wrong = { ...body, credential: 'other' };
  const unknown = await fixture.call({ method: 'POST', url: '/api/v1/directories', body: wrong });
  assert.equal(unknown.json().code, 'credential-unknown');
  await fixture.registry.addDirectory({ name: 'BACKUPS', url: 's3://bucket/x', credential: 'minio' });
  const shown = await fixture.call('/api/v1/directories/BACKUPS');
  assert.equal(shown.json().credential, 'minio');
  assert.equal(shown.json().url, 's3://bucket/x');
  const held = await fixture.call({ method: 'DELETE', url: '/api/v1/credentials/minio' });
  assert.equal(held.statusCode, 409);
  assert.equal(held.json().code, 'credential-in-use');
  await fixture.call({ method: 'DELETE', url: '/api/v1/directories/BACKUPS' });
  await fixture.call({ method: 'DELETE', url: '/api/v1/credentials/minio' });
});

test('a location is tried, and what is wrong there is told in one sentence', async () => {
  const tried = (body: object, headers = {}) =>
    fixture.call({ method: 'POST', url: '/api/v1/locations/test', body, headers });
  const good = await tried({ directory: 'DATA_PUMP_DIR' });
  assert.equal(good.statusCode, 200);
  assert.equal(good.json().ok, true);
  assert.match(good.json().message, /^A small file was written to file:.*, read back and deleted\.$/);
  await fixture.call({ method: 'POST', url: '/api/v1/credentials', headers: ann, body: minio });
  const bad = await tried(
    { location: 's3://bucket/x?endpoint=http://127.0.0.1:9', credential: 'minio' },
    ann,
  );
  assert.equal(bad.statusCode, 200);
  const { ok, code, url, message, hint } = bad.json();
  assert.deepEqual([ok, code, url], [false, 'address-refused', 's3://bucket/x']);
  assert.match(message, /127\.0\.0\.1/);
  assert.match(hint, /url-allow/);
  const refusals: readonly (readonly [body: object, headers: object, code: string])[] = [
    [{ location: 's3://bucket/x' }, ann, 'forbidden'],
    [{ location: 's3://bucket/x', credential: 'other' }, ann, 'credential-unknown'],
    [{ directory: 'NOWHERE' }, {}, 'directory-unknown'],
    [{ directory: 'DATA_PUMP_DIR', credential: 'minio' }, {}, 'field-invalid'],
    [{ credential: 'minio' }, {}, 'field-invalid'],
    [{ location: 'gopher://x' }, {}, 'location-invalid'],
    [{ location: 'sftp://host/x', credential: 'minio' }, {}, 'location-invalid'],
    [{ directory: 'DATA_PUMP_DIR' }, { authorization: basic('vic', 'pw') }, 'forbidden'],
  ];
  for (const [body, headers, expected] of refusals) {
    const answer = await tried(body, headers);
    assert.equal(answer.json().code, expected, answer.body);
    assert.ok(answer.statusCode >= 400);
  }
  await fixture.call({ method: 'DELETE', url: '/api/v1/credentials/minio' });
});

test('the wallet is rotated by administrators', async () => {
  const rotated = await fixture.call({ method: 'POST', url: '/api/v1/wallet/rotate' });
  assert.deepEqual(rotated.json(), { resealed: 2, kept_in: 'file' });
  const refused = await fixture.call({ method: 'POST', url: '/api/v1/wallet/rotate', headers: ann });
  assert.equal(refused.statusCode, 403);
});
