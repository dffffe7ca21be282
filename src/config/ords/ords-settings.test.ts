import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { findOption } from '../options.ts';
import { openOrdsFolder } from './ords-folder.ts';
import { isOrdsSecret, ordsKeys, takesValue, withoutPassword } from './ords-keys.ts';
import { urlOfPool } from './ords-pools.ts';
import { readOrdsSettings } from './ords-settings.ts';
import { putOrdsUser, readOrdsUsers, strongestRole } from './ords-users.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pumphouse-ords-'));
});
after(() => rm(folder, { recursive: true }));

test('every key that sets an option names one of the right scope', () => {
  for (const [name, { option, scope, initial }] of Object.entries(ordsKeys)) {
    if (initial !== null) assert.ok(takesValue(name, initial), name);
    if (option === null) continue;
    const declaration = findOption(option)?.[1];
    assert.ok(declaration?.settable, name);
    assert.equal(declaration.perDatabase || scope === 'global', true, name);
  }
});

test('settings become options: of the service, and of pools', async () => {
  const at = openOrdsFolder(path.join(folder, 'mapped'));
  await at.global.set({
    'standalone.http.port': '8081',
    'standalone.binds': '127.0.0.1, ::1',
    'standalone.stop.timeout': '1m',
    'standalone.access.log': '/var/log/ords',
    'db.invalidPoolTimeout': '2m',
    'database.api.enabled': 'true',
    'security.httpsHeaderCheck': 'X-Forwarded-Proto: https',
    'jdbc.MaxLimit': '7',
    'my.own': 'kept',
  });
  await at.pool('default').set({ 'misc.pagination.maxRows': '500', 'standalone.http.port': '1' });
  await at.pool('wharf').set({ 'jdbc.MaxLimit': '4000' });
  assert.deepEqual(await at.poolNames(), ['default', 'wharf']);
  const { service, databases } = await readOrdsSettings(at, ['default', 'wharf']);
  assert.deepEqual(Object.fromEntries(service), {
    port: '8081',
    host: '127.0.0.1',
    'shutdown-grace': '60',
    'access-log': '/var/log/ords',
    'database-retry': '120',
    'ords.enabled': 'true',
    'security.httpsHeaderCheck': 'X-Forwarded-Proto: https',
    'default-database': 'default',
  });
  assert.deepEqual(databases.get('default'), new Map([['ords.max-rows', '500']]));
  assert.deepEqual(databases.get('wharf'), new Map([['threads-max', '256']]));
});

test('a pool says where its database is', () => {
  const url = (settings: Readonly<Record<string, string>>) => urlOfPool(new Map(Object.entries(settings)));
  const basic = { 'db.hostname': 'db', 'db.port': '5433', 'db.servicename': 'a b', 'db.username': 'p@q' };
  assert.deepEqual(url(basic), { url: 'postgres://p%40q@db:5433/a%20b', problem: null });
  assert.equal(url({ 'db.hostname': '::1' }).url, 'postgres://[::1]:5432/postgres');
  assert.equal(
    url({ 'db.customURL': 'jdbc:postgresql://db/x', 'db.username': 'u' }).url,
    'postgresql://u@db/x',
  );
  assert.equal(url({ 'db.url': 'sqlite:/a.db', 'db.username': 'u' }).url, 'sqlite:/a.db');
  assert.equal(url({ 'db.url': 'postgres://v@db/x', 'db.username': 'u' }).url, 'postgres://v@db/x');
  const unusable: readonly Readonly<Record<string, string>>[] = [
    {},
    { 'db.username': 'u' },
    { 'db.connectionType': 'tns', 'db.tnsAliasName': 'low' },
    { 'db.customURL': 'jdbc:oracle:thin:@db:1521/x' },
  ];
  for (const settings of unusable) {
    assert.equal(url(settings).url, null);
    assert.notEqual(url(settings).problem, null);
  }
});

test('values are held to what a known key takes, and secrets are known by their names', () => {
  assert.ok(!takesValue('plsql.gateway.mode', 'false'));
  assert.ok(takesValue('plsql.gateway.mode', 'proxied'));
  assert.ok(!takesValue('feature.sdw', 'yes'));
  assert.ok(!takesValue('standalone.http.port', '65536'));
  assert.ok(takesValue('jdbc.statementTimeout', '900s') && !takesValue('jdbc.statementTimeout', 'soon'));
  assert.ok(takesValue('some.future.key', 'anything'));
  assert.ok(
    isOrdsSecret('db.password') && isOrdsSecret('db.cdb.adminUser.password') && !isOrdsSecret('db.port'),
  );
  assert.equal(
    withoutPassword('postgres://u:p:w@h/x?password=y&a=b'),
    'postgres://u:******@h/x?password=******&a=b',
  );
  for (const plain of ['postgres://u@h/x', 'jdbc:oracle:thin:@//h:1521/x'])
    assert.equal(withoutPassword(plain), plain);
  assert.equal(withoutPassword('postgres://u:p@w@h/x'), 'postgres://u:******@h/x');
  assert.equal(withoutPassword('postgres://u:p/w@h/x'), 'postgres://u:******@h/x');
  assert.equal(withoutPassword('jdbc:oracle:thin:u/p@//h:1521/x'), 'jdbc:oracle:thin:u/******@//h:1521/x');
});

test('users of the credentials file: added, replaced, and with our role words', async () => {
  const file = path.join(folder, 'global', 'credentials');
  await putOrdsUser(file, { name: 'a', passwordHash: 'h1', roles: ['SQL Administrator'] });
  await putOrdsUser(file, { name: 'b', passwordHash: '{SSHA-512}x', roles: [] });
  await putOrdsUser(file, { name: 'a', passwordHash: 'h2', roles: ['x', 'SQL Developer'] });
  assert.deepEqual(await readOrdsUsers(file), [
    { name: 'b', passwordHash: '{SSHA-512}x', roles: [] },
    { name: 'a', passwordHash: 'h2', roles: ['x', 'SQL Developer'] },
  ]);
  assert.equal(strongestRole(['SQL Developer', 'System Administrator']), 'administrator');
  assert.equal(strongestRole(['Listener Administrator']), null);
});
