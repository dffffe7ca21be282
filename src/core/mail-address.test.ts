import assert from 'node:assert/strict';
import { test } from 'node:test';
import { isMailAddress } from './mail-address.ts';
import { checkNewName, checkNewUserName } from './name.ts';

const addresses = [
  'ann@example.net',
  'a@b',
  'ann.lee+pump@mail.example.co.uk',
  'A_9%x-1@h-1.example',
  `${'a'.repeat(64)}@example.net`,
];
const others = [
  '',
  'ann',
  '@example.net',
  'ann@',
  'ann@@example.net',
  'ann@exa mple.net',
  'ann@example..net',
  'a..b@example.net',
  'ann.@example.net',
  'ann@-example.net',
  'ann@example.net.',
  'ann@example.net\r\nBcc: all@example.net',
  'Ann <ann@example.net>',
  '"ann"@example.net',
  'ann@example.net,bob@example.net',
  'ann@[127.0.0.1]',
  'änn@example.net',
  'ann:x@example.net',
  'ann/../x@example.net',
  `${'a'.repeat(65)}@example.net`,
  `ann@${'x'.repeat(260)}`,
];

for (const text of addresses) {
  test(`${text.slice(0, 40)} is an address, and may be the name of a user but of nothing else`, () => {
    assert.equal(isMailAddress(text), true);
    assert.equal(checkNewUserName(text, 'name'), text);
    assert.throws(() => checkNewName(text, 'name'), { code: 'name-invalid' });
  });
}

for (const text of others) {
  test(`${JSON.stringify(text.slice(0, 40))} is no address`, () => {
    assert.equal(isMailAddress(text), false);
  });
}

test('a user may have a plain name, and neither a plain name nor an address is refused', () => {
  assert.equal(checkNewUserName('ann_1', 'name'), 'ann_1');
  for (const name of ['an n', '-ann', '', 7, 'a'.repeat(64), 'ann@example.net\n']) {
    assert.throws(() => checkNewUserName(name, 'name'), { code: 'name-invalid', field: 'name' });
  }
});
