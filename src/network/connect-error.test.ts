import assert from 'node:assert/strict';
import test from 'node:test';
import { AppError } from '../core/errors.ts';
import { connectError } from './connect-error.ts';

const cases: readonly (readonly [string, boolean, RegExp])[] = [
  ['ENOTFOUND', false, /the host name is unknown/],
  ['EAI_AGAIN', true, /cannot be looked up now/],
  ['ECONNREFUSED', true, /the connection is refused/],
  ['ECONNRESET', true, /the connection was reset/],
  ['EPIPE', true, /the connection was closed/],
  ['ETIMEDOUT', true, /nobody answers/],
  ['EHOSTUNREACH', true, /no route to the host/],
  ['ENETUNREACH', true, /no route to the network/],
  ['CERT_HAS_EXPIRED', false, /its certificate has expired/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', false, /is signed by itself/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', false, /an authority that is not trusted/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', false, /is for another host name/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', false, /does not speak TLS/],
  ['HPE_INVALID_CONSTANT', false, /does not speak HTTP there \(HPE_INVALID_CONSTANT\)/],
  ['HPE_INVALID_EOF_STATE', true, /the connection was closed/],
  ['EWHATEVER', true, /cannot be reached: EWHATEVER\./],
];

for (const [code, temporary, message] of cases) {
  test(`${code} is ${temporary ? 'temporary' : 'lasting'}`, () => {
    const cause = Object.assign(new Error('something odd'), { code });
    const error = connectError(cause, 'files.example', 443);
    assert.equal(error.code, 'storage-unreachable');
    assert.equal(error.temporary, temporary);
    assert.match(error.message, message);
    assert.match(error.message, /^files\.example:443 cannot be reached: [^\n]+\.$/);
    assert.equal(error.context.code, code);
    assert.equal(error.cause, cause);
  });
}

test('what the policy said stays as it is', () => {
  const own = new AppError('address-refused', { message: 'No.' });
  assert.equal(connectError(own, 'x', 1), own);
});
