import assert from 'node:assert/strict';
import { test } from 'node:test';
import { classifyMailError } from './classify.ts';

const cases: readonly (readonly [name: string, error: unknown, says: RegExp, temporary: boolean])[] = [
  [
    'a connection that is refused',
    { code: 'ESOCKET', message: 'connect ECONNREFUSED' },
    /did not take the mail: connect ECONNREFUSED\.$/,
    true,
  ],
  [
    'a name that is not known',
    { code: 'EDNS', message: 'getaddrinfo ENOTFOUND' },
    /cannot be found\.$/,
    true,
  ],
  [
    'a server that says nothing',
    { code: 'ETIMEDOUT', message: 'Greeting never received' },
    /does not answer\.$/,
    true,
  ],
  [
    'a certificate that is not trusted',
    { code: 'ETLS', message: 'self-signed certificate' },
    /offers no TLS that could be used: self-signed certificate\.$/,
    true,
  ],
  [
    'a refusal for now',
    { code: 'EENVELOPE', responseCode: 451, response: '451 4.7.1 Greylisted.' },
    /did not take the mail: 451 4\.7\.1 Greylisted\.$/,
    true,
  ],
  [
    'a refusal for good',
    { code: 'EENVELOPE', responseCode: 550, response: '550 No such mailbox' },
    /550 No such mailbox\.$/,
    false,
  ],
  [
    'a text that is refused',
    { code: 'EMESSAGE', responseCode: 552, response: '552 Too big\r\n552 Really' },
    /552 Too big 552 Really\.$/,
    false,
  ],
  [
    'a login',
    { code: 'EAUTH', responseCode: 535, response: '535 ann with Lantern7 is not known' },
    /does not take the user and password\.$/,
    true,
  ],
  ['a stop', { code: 'EABORT', message: 'aborted' }, /given up, since the service stops\.$/, true],
  ['something else', new TypeError('x is undefined'), /did not take the mail: x is undefined\.$/, true],
  ['nothing', null, /no reason given\.$/, true],
];

for (const [name, error, says, temporary] of cases) {
  test(`${name} is ${temporary ? 'tried again' : 'given up'}`, () => {
    const classified = classifyMailError(error, 'mail.example.net:587');
    assert.equal(classified.code, 'mail-unsent');
    assert.match(classified.message, /^The mail server mail\.example\.net:587 /);
    assert.match(classified.message, says);
    assert.equal(classified.temporary, temporary);
    assert.ok(!classified.message.includes('Lantern7'));
  });
}

test('a long answer is cut', () => {
  const { message } = classifyMailError(
    { code: 'EMESSAGE', responseCode: 554, response: 'x'.repeat(5000) },
    'm',
  );
  assert.ok(message.length < 300);
});
