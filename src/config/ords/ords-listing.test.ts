import assert from 'node:assert/strict';
import test from 'node:test';
import { formatOrdsListing, type ListedSetting } from './ords-listing.ts';

const setting = (key: string, value: string, source: ListedSetting['source']): ListedSetting => ({
  key,
  value,
  source,
});

test('the published rows: columns at 0, 37 and 78', () => {
  const settings = [
    setting('database.api.enabled', 'true', 'Global'),
    setting('db.password', '******', 'Pool Wallet'),
    setting('db.username', 'ORDS_PUBLIC_USER2', 'Pool'),
    // The published listing leaves out the row that makes the column so wide.
    setting('db.wallet.zip.path', '/opt/ords-config/wallet_db202301101106', 'Pool'),
    setting('feature.sdw', 'true', 'Pool'),
    setting('plsql.gateway.mode', 'proxied', 'Pool'),
    setting('security.requestValidationFunction', 'ords_util.authorize_plsql_gateway', 'Pool'),
  ];
  const lines = formatOrdsListing('default', { settings, hasGlobals: true }).split('\n');
  assert.deepEqual(
    lines.filter((line) => !line.startsWith('db.wallet')),
    `Database pool: default

Setting                              Value                                    Source     
----------------------------------   --------------------------------------   -----------
database.api.enabled                 true                                     Global     
db.password                          ******                                   Pool Wallet
db.username                          ORDS_PUBLIC_USER2                        Pool       
feature.sdw                          true                                     Pool       
plsql.gateway.mode                   proxied                                  Pool       
security.requestValidationFunction   ords_util.authorize_plsql_gateway        Pool       
`.split('\n'),
  );
});

test('a long value wraps at 50 characters inside its column', () => {
  const value = `${'a'.repeat(50)}${'b'.repeat(50)}c`;
  const [, , , , first, second, third] = formatOrdsListing('wharf', {
    settings: [setting('db.url', value, 'Pool')],
    hasGlobals: true,
  }).split('\n');
  assert.equal(first, `db.url    ${'a'.repeat(50)}   Pool  `);
  assert.equal(second, `          ${'b'.repeat(50)}         `);
  assert.equal(third, `          ${'c'.padEnd(50)}         `);
});

test('without globals a line says so', () => {
  const text = formatOrdsListing('default', { settings: [], hasGlobals: false });
  assert.ok(text.startsWith('INFO: The configuration does not have any global settings specified.\n'));
});
