import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { type PostgresServer, startPostgres } from '../../test/harness/postgres.ts';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { ErrorCode } from '../core/error-catalogue.ts';
import { AppError } from '../core/errors.ts';
import { localAdministrator } from '../core/permission.ts';
import type { InstallationService, InstallInput } from './installation-service.ts';

const adminPassword = 'Fulmar/77+admin';

describe('installations', () => {
  let server: PostgresServer;
  let fixture: ServiceFixture;
  before(async () => {
    [server, fixture] = await Promise.all([startPostgres({ password: adminPassword }), openServiceFixture()]);
  });
  after(async () => {
    await fixture?.[Symbol.asyncDispose]();
    await server?.[Symbol.asyncDispose]();
  });

  const urlOf = (database: string, user = 'postgres') =>
    `postgres://${user}@127.0.0.1:${server.port}/${database}`;
  const input = (name: string, database: string, more: Partial<InstallInput> = {}): InstallInput => ({
    name,
    adminUrl: urlOf(database),
    adminPassword,
    ...more,
  });
  const call = (verb: keyof InstallationService, asked: unknown, caller = localAdministrator) =>
    fixture.service[verb](fixture.as(caller), asked as InstallInput);
  async function refused(
    verb: keyof InstallationService,
    asked: unknown,
    code: ErrorCode,
    field?: string,
  ): Promise<void> {
    await assert.rejects(call(verb, asked), (error) => {
      assert.ok(error instanceof AppError, String(error));
      assert.ok(!`${error.message} ${error.hint}`.includes(adminPassword));
      assert.deepEqual([error.code, error.field], [code, field], error.message);
      return true;
    });
  }

  it('are for administrators, and in the audit trail', async () => {
    const asked = input('ruled', 'postgres');
    for (const verb of ['installDatabase', 'repairDatabase', 'uninstallDatabase'] as const) {
      await assert.rejects(call(verb, asked, callerOf('olga', 'operator')), { code: 'forbidden' });
      const [entry] = await fixture.registry.listAudit(1);
      assert.deepEqual(
        [entry?.action, entry?.subject, entry?.outcome],
        [`database:${verb.replace('Database', '')}`, 'ruled', 'refused'],
      );
    }
  });

  it('refuse what cannot be, by name', async () => {
    const database = await server.createDatabase();
    await refused('installDatabase', { name: 'x', adminUrl: 'sqlite:/tmp/x.db' }, 'unsupported', 'admin_url');
    const withPassword = urlOf(database).replace('@', `:${adminPassword}@`);
    await refused('installDatabase', { name: 'x', adminUrl: withPassword }, 'field-invalid', 'admin_url');
    const sentinel = `redis-sentinel://h/shop?sentinel_password=${adminPassword}`;
    await refused('installDatabase', { name: 'x', adminUrl: sentinel }, 'field-invalid', 'admin_url');
    await refused('installDatabase', { name: 'a b', adminUrl: urlOf(database) }, 'name-invalid', 'name');
    await refused('installDatabase', { name: 'x', adminUrl: 'nothing' }, 'url-invalid', 'admin_url');
    await refused(
      'installDatabase',
      input('x', database, { schemas: [7] as never }),
      'field-invalid',
      'schemas[0]',
    );
    await refused('installDatabase', input('x', database, { adminPassword: 'wrong' }), 'database-refused');
    const odd = input('x', database, { userPassword: 'caf\u00e9' });
    await refused('installDatabase', odd, 'field-invalid', 'user_password');
    await refused('repairDatabase', input('x', database), 'database-unknown', 'database');
    assert.equal((await call('uninstallDatabase', input('x', database))).outcome, 'unchanged');
    await fixture.service.addDatabase(fixture.as(localAdministrator), {
      name: 'byhand',
      url: urlOf(database),
      password: adminPassword,
    });
    await refused('repairDatabase', input('byhand', database), 'not-installed', 'name');
    await refused('uninstallDatabase', input('byhand', database), 'not-installed', 'name');
    const other = await server.createDatabase();
    await refused('installDatabase', input('byhand', other), 'database-exists', 'name');
    await refused('installDatabase', input('orders', other), 'database-exists', 'name');
  });

  it('take over what was registered by hand, and go with their user only', async () => {
    const database = await server.createDatabase();
    await fixture.service.addDatabase(fixture.as(localAdministrator), {
      name: 'shop',
      url: urlOf(database),
      password: adminPassword,
    });
    const { uid } = await fixture.service.getDatabase(fixture.as(localAdministrator), 'shop');
    const report = await call('installDatabase', input('shop', database));
    assert.deepEqual(
      [report.outcome, report.user, report.from, report.to],
      ['installed', 'pumphouse_shop', null, 1],
    );
    assert.deepEqual(report.settings.at(-1), { setting: 'db.password', value: null, place: 'store' });
    const view = await fixture.service.getDatabase(fixture.as(localAdministrator), 'shop');
    assert.deepEqual([view.uid, view.url], [uid, urlOf(database, 'pumphouse_shop')]);
    await refused('installDatabase', input('shop', database, { user: 'else' }), 'field-invalid', 'user');
    const tested = await fixture.service.testDatabase(fixture.as(localAdministrator), 'shop', {
      purpose: 'import',
    });
    assert.ok(tested.findings.every(({ level }) => level !== 'red'));
    await fixture.service.startExport(
      fixture.as(localAdministrator),
      { database: 'shop', mode: 'full' },
      { api: 'native' },
    );
    await refused('uninstallDatabase', input('shop', database), 'database-in-use', 'name');
    // A schema that came later is somebody else's, and the next run sees it.
    await server.query(database, 'CREATE SCHEMA later; CREATE TABLE later.t (id int)');
    const upgraded = await call('installDatabase', input('shop', database));
    assert.deepEqual([upgraded.outcome, upgraded.from, upgraded.settings], ['upgraded', 1, []]);
    assert.equal((await call('installDatabase', input('shop', database))).outcome, 'unchanged');
  });

  it('leave the roles of others alone, unless their password is known', async () => {
    const database = await server.createDatabase();
    await server.query(database, `CREATE ROLE theirs LOGIN PASSWORD 'their-own'`);
    const asked = input('taken', database, { user: 'theirs' });
    await refused('installDatabase', asked, 'account-taken', 'user');
    await refused('installDatabase', { ...asked, userPassword: 'guessed' }, 'account-taken', 'user');
    const report = await call('installDatabase', { ...asked, userPassword: 'their-own' });
    assert.equal(report.outcome, 'installed');
    assert.ok(report.changes.every(({ statement }) => !/PASSWORD|COMMENT/.test(statement)));
    assert.equal((await call('installDatabase', asked)).outcome, 'unchanged');
    const gone = await call('uninstallDatabase', asked);
    assert.match(gone.notes.join(' '), /was there before/);
    assert.equal((await server.query(database, `SELECT 1 FROM pg_roles WHERE rolname = 'theirs'`)).length, 1);
  });

  it('go on after a crash in between, and stand two at the same time', async () => {
    const database = await server.createDatabase();
    const asked = input('twice', database);
    // What is left when the process dies between the server and the store: a role whose password nobody knows.
    await call('installDatabase', asked);
    await fixture.registry.removeDatabase('twice');
    assert.equal((await call('installDatabase', asked)).outcome, 'installed');
    await fixture.registry.removeDatabase('twice');
    const both = await Promise.all([call('installDatabase', asked), call('installDatabase', asked)]);
    assert.deepEqual(both.map(({ outcome }) => outcome).sort(), ['installed', 'unchanged']);
    assert.equal((await call('repairDatabase', asked)).outcome, 'unchanged');
  });

  it('keep no password of an administrator', async () => {
    assert.ok(!JSON.stringify(fixture.lines).includes(adminPassword));
    const audit = await fixture.registry.listAudit(1000);
    assert.ok(!JSON.stringify(audit).includes(adminPassword));
    const { target } = await fixture.dependencies.environment.database('twice');
    assert.ok(!JSON.stringify(target).includes(adminPassword));
    assert.match(String(target.password), /^[\w-]{43}$/);
  });
});
