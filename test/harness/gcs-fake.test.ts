import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type GcsFake, startGcsFake } from './gcs-fake.ts';

/* What the fake must refuse, for the tests of the driver to mean something. */
describe('the fake of Google Cloud Storage', () => {
  let fake: GcsFake;
  let token: string;
  const unit = 256 * 1024;
  const call = (
    method: string,
    path: string,
    headers: Readonly<Record<string, string>> = {},
    body: string | Uint8Array<ArrayBuffer> | null = null,
  ) =>
    fetch(new URL(path, fake.endpoint), {
      method,
      headers: { authorization: `Bearer ${token}`, ...headers },
      body,
    });
  const begin = async (): Promise<string> => {
    const answer = await call('POST', '/upload/storage/v1/b/dumps/o?uploadType=resumable&name=x');
    assert.equal(answer.status, 200);
    return answer.headers.get('location') ?? '';
  };
  const chunk = async (session: string, range: string, bytes: number): Promise<Response> =>
    await call('PUT', session, { 'content-range': `bytes ${range}` }, Buffer.alloc(bytes));

  before(async () => {
    fake = await startGcsFake();
    fake.makeBucket('dumps');
    token = fake.accounts.grantTo('write');
  });
  after(() => fake.stop());

  it('takes chunks in order, and says what it holds', async () => {
    const session = await begin();
    assert.equal((await chunk(session, '*/*', 0)).headers.get('range'), null);
    const first = await chunk(session, `0-${unit - 1}/*`, unit);
    assert.deepEqual([first.status, first.headers.get('range')], [308, `bytes=0-${unit - 1}`]);
    for (const [range, bytes] of [
      [`0-${unit - 1}/*`, unit],
      [`${2 * unit}-${3 * unit - 1}/*`, unit],
      [`${unit}-${unit + 9}/*`, 10],
      [`${unit}-${unit + 9}/${unit + 20}`, 10],
      [`${unit}-${unit + 9}/${unit + 10}`, 11],
      ['nonsense', 1],
    ] as const) {
      assert.equal((await chunk(session, range, bytes)).status, 400, range);
    }
    assert.equal((await call('GET', '/storage/v1/b/dumps/o/x')).status, 404);
    const last = await chunk(session, `${unit}-${unit + 9}/${unit + 10}`, 10);
    assert.equal(((await last.json()) as { size: string }).size, String(unit + 10));
    assert.equal((await chunk(session, `*/${unit + 10}`, 0)).status, 200);
  });

  it('looks at preconditions when an upload begins and when it ends', async () => {
    const url = '/upload/storage/v1/b/dumps/o?name=y&ifGenerationMatch=0&uploadType=';
    const session = (await call('POST', `${url}resumable`)).headers.get('location') ?? '';
    assert.equal((await call('POST', `${url}media`, {}, 'first')).status, 200);
    assert.equal((await chunk(session, '0-9/10', 10)).status, 412);
    assert.equal((await call('POST', `${url}media`, {}, 'second')).status, 412);
    assert.equal((await call('POST', `${url}resumable`)).status, 412);
    assert.equal(await (await call('GET', '/storage/v1/b/dumps/o/y?alt=media')).text(), 'first');
  });

  it('refuses what it does not know', async () => {
    assert.equal((await call('GET', '/storage/v1/b/dumps/o?colour=red')).status, 400);
    assert.equal((await call('GET', '/storage/v1/b/other/o')).status, 404);
    assert.equal((await call('GET', '/storage/v1/b/dumps/o', { authorization: 'Bearer x' })).status, 401);
    const form = { 'content-type': 'application/x-www-form-urlencoded' };
    const asked = await call('POST', '/token', form, 'grant_type=password&assertion=a.b.c');
    assert.equal(asked.status, 400);
  });
});
