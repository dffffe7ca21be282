import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { storageDrivers } from '../src/app.ts';
import { Secret } from '../src/base/secret.ts';
import { AppError } from '../src/core/errors.ts';
import { createNetwork } from '../src/network/create-network.ts';
import { parseLocationUrl } from '../src/operations/environment.ts';
import { createStorageStack } from '../src/storages/stack.ts';
import type { OpenedCredential } from '../src/storages/storage.ts';

/** What the URLs of all storages have in common: whatever is wrong in one is refused by name, and no secret is repeated. */

const secret = 'hunter2-very-secret';
const stack = createStorageStack({ drivers: storageDrivers, network: createNetwork({ allow: [] }) });

const credential = (type: string): OpenedCredential => ({
  name: 'MINE',
  type,
  id: 'somebody',
  secret: new Secret(secret),
  options: {},
});

/** The refusal of a location as the service would word it. */
function refusalOf(text: string, entered: OpenedCredential | null = null): AppError {
  try {
    const url = parseLocationUrl(text, 'location');
    assert.fail(`${text} was taken: ${stack.open(url, entered).description}`);
  } catch (error) {
    assert.ok(error instanceof AppError, String(error));
    assert.equal(error.code, 'location-invalid', `${text}: ${error.message}`);
    assert.doesNotMatch(`${error.message} ${error.hint}`, new RegExp(secret));
    assert.notEqual(error.hint, '');
    return error;
  }
}

describe('locations', () => {
  it('of a scheme that no storage answers for are refused, with those that there are', () => {
    for (const text of ['gopher://host/x', 'S3X://bucket/x', 'C:\\dumps', 'javascript:alert(1)', 'data:,x']) {
      const { message, hint } = refusalOf(text);
      assert.match(message, /begins with [a-z0-9]+:, which no storage answers for/, text);
      for (const { example } of storageDrivers) assert.ok(hint.includes(example), example);
    }
    for (const text of ['', 'dumps', '/var/dumps', '//host/x', 'http://', 'ftp://', 'https://a b/'])
      assert.match(refusalOf(text).message, /^location is not a valid URL\.$/, text);
  });

  it('schemes are read in any case', () => {
    assert.equal(stack.open(new URL('FILE:///var/dumps'), null).description, 'file:///var/dumps');
    assert.match(stack.open(new URL('HTTPS://host/x'), null).description, /^https:/);
  });

  for (const driver of storageDrivers) {
    for (const scheme of driver.schemes) {
      const located = driver.example.replace(/^[^:]+:/, `${scheme}:`);
      const plain = located.replace(/\?.*$/, '');

      describe(scheme, () => {
        it('a password in the URL is refused, and not repeated', () => {
          if (!/:\/\/[^/]/.test(plain) || scheme === 'file') return;
          const host = plain.replace(/^[^:]+:\/\/([^/@]*@)?/, '');
          refusalOf(`${scheme}://user:${secret}@${host}`);
          refusalOf(`${scheme}://:${secret}@${host}`);
        });

        it('a credential whose id has a line break is refused by name', () => {
          const [type] = driver.credentialTypes;
          if (type === undefined) return;
          const entered = { ...credential(type.id), id: `${secret}\nx` };
          assert.match(
            refusalOf(located, entered).message,
            /^The id of the credential MINE holds a line break/,
          );
        });

        it('a fragment is refused', () => {
          assert.match(refusalOf(`${plain}#${secret}`).message, /fragment/);
        });

        it('an unknown option, one given twice and an empty one are refused by name', () => {
          assert.match(refusalOf(`${plain}?nonsense=${secret}`).message, /unknown option "nonsense"/);
          assert.match(refusalOf(`${plain}?__proto__=${secret}`).message, /unknown option "__proto__"/);
          for (const { name } of driver.options) {
            assert.match(
              refusalOf(`${plain}?${name}=${secret}&${name}=x`).message,
              new RegExp(`${name} more than once`),
            );
            assert.match(refusalOf(`${plain}?${name}=`).message, new RegExp(`${name} without a value`));
          }
        });

        it('a credential of another type is refused, with the types that fit', () => {
          const types = driver.credentialTypes.map(({ id }) => id);
          const { message } = refusalOf(located, credential('another'));
          assert.match(message, /^The credential MINE is of the type another, and /);
          for (const type of types) assert.ok(message.includes(type));
          if (types.length === 0) assert.match(message, /takes no credential/);
        });

        it('a URL without host or bucket is refused', () => {
          if (!/:\/\/[^/]/.test(plain)) return;
          // URL takes the path for the host where it knows the scheme.
          const isWeb = ['http', 'https', 'ftp'].includes(scheme);
          for (const text of isWeb
            ? [`${scheme}:`, `${scheme}://`]
            : [`${scheme}:x`, `${scheme}://`, `${scheme}:///x`])
            refusalOf(
              text,
              driver.credentialTypes[0] === undefined ? null : credential(driver.credentialTypes[0].id),
            );
        });

        it('what is printed of a location has no options, and no slash at its end', () => {
          const [type] = driver.credentialTypes;
          const opened = ((): string | null => {
            try {
              const slashed = new URL(located);
              if (plain !== 'null:') slashed.pathname += '/';
              return stack.open(slashed, type === undefined ? null : credential(type.id)).description;
            } catch {
              // The example's credential would need more than this one has.
              return null;
            }
          })();
          if (opened === null) return;
          assert.doesNotMatch(opened, new RegExp(`[?#]|${secret}`));
          assert.doesNotMatch(opened, /[^/]\/$/, 'the slash at the end is left out');
        });
      });
    }
  }
});
