import assert from 'node:assert/strict';
import test from 'node:test';
import { format, inspect } from 'node:util';
import { Secret } from './secret.ts';

test('a secret prints as [secret] everywhere, and reveals its value when asked', () => {
  const secret = new Secret('hunter2');
  const shown = [
    String(secret),
    `${secret}`,
    String.prototype.concat('', secret as unknown as string),
    JSON.stringify({ secret }),
    inspect(secret),
    inspect({ deep: { secret } }, { depth: 5, showHidden: true }),
    format('%s %o %O %j', secret, secret, secret, secret),
  ];
  for (const text of shown) {
    assert.ok(!text.includes('hunter2'), text);
    assert.match(text, /\[secret\]/);
  }
  assert.equal(secret.reveal(), 'hunter2');
});
