// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { exportedJobText, withoutSecrets } from './secrets.ts';

describe('what goes into a file', () => {
  const plain = (given: unknown): unknown => JSON.parse(withoutSecrets(JSON.stringify(given)));

  it('has empty texts where secrets stood', () => {
    const secrets = [
      'password',
      'userPassword',
      'PASSWD',
      'pwd',
      'secretKey',
      'client_secret',
      'accessKey',
      'ak',
      'sk',
      'apiKey',
      'authToken',
      'privateKey',
    ];
    for (const name of secrets) {
      assert.deepEqual(plain({ a: { [name]: 'hush' } }), { a: { [name]: '' } }, name);
      assert.deepEqual(
        plain({ properties: [{ name, value: 'hush' }] }),
        { properties: [{ name, value: '' }] },
        name,
      );
    }
    assert.deepEqual(plain({ password: 12_345 }), { password: '' });
    assert.deepEqual(plain({ maskedParams: [{ name: 'x', value: 'hush' }] }), {
      maskedParams: [{ name: 'x', value: '' }],
    });
  });

  it('keeps what only sounds like them', () => {
    const kept = {
      passwordless: true,
      tokenizer: 'x',
      task: 'a',
      maskedParams: ['p'],
      password: null,
      key: 'k',
      secretName: { a: 1 },
      // Names of what is kept elsewhere.
      credential: 'store-keys',
      encryptionKey: 'nightly',
    };
    assert.deepEqual(plain(kept), kept);
  });

  it('has no credentials in headers and URLs, in texts of JSON neither', () => {
    assert.deepEqual(
      plain({
        properties: [
          { name: 'headers', value: 'A=1\nAuthorization=Basic eDp5\nX-Auth-Token=t\nX-Api-Key=k' },
        ],
      }),
      { properties: [{ name: 'headers', value: 'A=1\nAuthorization=\nX-Auth-Token=\nX-Api-Key=' }] },
    );
    assert.deepEqual(plain({ url: 'https://ann:hush@a.example/x?y=a@b' }), {
      url: 'https://a.example/x?y=a@b',
    });
    assert.deepEqual(plain({ j: '{"a":{"password":"hush"},"b":1}' }), { j: '{"a":{"password":""},"b":1}' });
    assert.deepEqual(plain({ sql: '{ not json: ann@a.example' }), { sql: '{ not json: ann@a.example' });
  });

  it('has none in queries, forms and headers of other spellings', () => {
    const value = (name: string, given: string): unknown =>
      (plain({ properties: [{ name, value: given }] }) as { properties: { value: unknown }[] }).properties[0]
        ?.value;
    assert.equal(
      value('url', 'https://a.example/x?sv=1&sig=hush&access_token=hush&X-Amz-Signature=hush&q=1#z'),
      'https://a.example/x?sv=1&sig=&access_token=&X-Amz-Signature=&q=1#z',
    );
    assert.equal(value('body', 'user=ann&password=hush&n=1'), 'user=ann&password=&n=1');
    assert.equal(value('headers', 'A: 1\nAuthorization: Basic eDp5'), 'A: 1\nAuthorization:');
    assert.equal(value('headers', '{"Authorization":"Basic eDp5"}'), '{"Authorization":""}');
    for (const statement of ['UPDATE t SET token=1, sig=2', "SELECT '?token=1'"]) {
      assert.equal(value('statement', statement), statement);
    }
  });

  it('keeps what only names a parameter', () => {
    const url = 'https://a.example/?token=${t}';
    const headers = 'Authorization=Bearer ${t}';
    const kept = { password: url.slice(-4), url, properties: [{ name: 'headers', value: headers }] };
    assert.deepEqual(plain(kept), kept);
  });

  it('leaves every other character as it was', () => {
    const text = '{ "a" : 1.50,"ak":"x" ,\n "b":[ 1e3 ] }';
    assert.equal(withoutSecrets(text), '{ "a" : 1.50,"ak":"" ,\n "b":[ 1e3 ] }');
  });
});

it('of a job tags, agency and notifications stay behind', () => {
  const text =
    '{"name":"j","basicConfig":{"tags":["t"],"owner":"o","agency":"a"},"notifications":[{"x":1}],"tags":[1]}';
  assert.equal(exportedJobText(text), '{"name":"j","basicConfig":{"owner":"o"},"tags":[1]}');
  assert.equal(exportedJobText('{"basicConfig":{"agency":"a","tags":[]}}'), '{"basicConfig":{}}');
  assert.equal(exportedJobText('{"name":"j"}'), '{"name":"j"}');
});
