import assert from 'node:assert/strict';
import { readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { inspect } from 'node:util';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { AppError } from '../core/errors.ts';
import { localAdministrator } from '../core/permission.ts';
import type { Service } from './service.ts';

let fixture: ServiceFixture;
let service: Service;
before(async () => {
  fixture = await openServiceFixture();
  service = fixture.service;
});
after(() => fixture[Symbol.asyncDispose]());

const administrator = () => fixture.as(localAdministrator);

test('databases are listed without secrets, with a number that is not given twice', async () => {
  const [empty, orders] = await service.listDatabases(administrator());
  assert.equal(orders?.name, 'orders');
  assert.equal(orders?.engine, 'sqlite');
  assert.equal(orders?.url, `sqlite:${join(fixture.folder, 'orders.db')}`);
  assert.deepEqual(await service.getDatabase(administrator(), 'empty'), empty);
  const added = await service.addDatabase(administrator(), { name: 'third', url: 'sqlite:/tmp/third.db' });
  await service.removeDatabase(administrator(), 'third');
  const again = await service.addDatabase(administrator(), { name: 'third', url: 'sqlite:/tmp/third.db' });
  assert.ok(again.uid > added.uid);
  await service.removeDatabase(administrator(), 'third');
});

test('a database URL that cannot be taken is refused', async () => {
  const cases: readonly (readonly [input: unknown, code: string, field: string])[] = [
    [{ url: 'sqlite:/x' }, 'name-invalid', 'name'],
    [{ name: 'has space', url: 'sqlite:/x' }, 'name-invalid', 'name'],
    [{ name: '_', url: 'sqlite:/x' }, 'name-invalid', 'name'],
    [{ name: '../x', url: 'sqlite:/x' }, 'name-invalid', 'name'],
    [{ name: 'n'.repeat(64), url: 'sqlite:/x' }, 'name-invalid', 'name'],
    [{ name: 'new' }, 'field-invalid', 'url'],
    [{ name: 'new', url: 7 }, 'field-invalid', 'url'],
    [{ name: 'new', url: '' }, 'field-invalid', 'url'],
    [{ name: 'new', url: 'orders.db' }, 'url-invalid', 'url'],
    [{ name: 'new', url: 'oracle://host/db' }, 'url-invalid', 'url'],
    [{ name: 'new', url: 'postgres://host/db' }, 'url-invalid', 'url'],
    [{ name: 'new', url: 'sqlite:/x', password: 'hunter2' }, 'field-invalid', 'password'],
    [{ name: 'new', url: 'postgres://u:a@host/db', password: 'hunter2' }, 'field-invalid', 'password'],
    [{ name: 'new', url: 'postgres://u@host/db', password: 7 }, 'field-invalid', 'password'],
    [{ name: 'orders', url: 'sqlite:/x' }, 'database-exists', 'name'],
  ];
  for (const [input, code, field] of cases) {
    await assert.rejects(
      service.addDatabase(administrator(), input as Parameters<Service['addDatabase']>[1]),
      (error: AppError) => {
        assert.equal(error.code, code, `${inspect(input)}: ${error.message}`);
        if (code !== 'database-exists') assert.equal(error.field, field, inspect(input));
        return true;
      },
    );
  }
});

test('a password is not in any answer, error, log line, audit entry or file', async () => {
  const secret = 'hünt:raccoon/@%';
  const encoded = encodeURIComponent(secret);
  const told: unknown[] = [];
  const tell = async (work: Promise<unknown>): Promise<void> => {
    told.push(await work.catch((error: unknown) => error));
  };
  const add = (name: string, url: string, password?: string) =>
    tell(
      service.addDatabase(administrator(), { name, url, ...(password === undefined ? {} : { password }) }),
    );
  await add('in-url', `postgres://scott:${encoded}@127.0.0.1:1/db`);
  await add('apart', 'postgres://scott@127.0.0.1:1/db', secret);
  await add('socket', 'postgres://scott@/db?host=/none', secret);
  const malformed = [
    `postgres://scott:${secret}@127.0.0.1:1/db`,
    `postgres://scott:${encoded}@127.0.0.1:port/db`,
    `postgres://scott:${encoded}@127.0.0.1:1/db?sslmode=${encoded}x`,
    `postgres://scott:${encoded}@[::1/db`,
    `oracle://scott:${encoded}@host/db`,
    `scott:${encoded}@host/db`,
    `sqlite://scott:${encoded}@host/db`,
  ];
  for (const url of malformed) await add('wrong', url);
  for (const name of ['in-url', 'apart', 'socket']) {
    await tell(service.getDatabase(administrator(), name));
    await tell(service.testDatabase(administrator(), name, { purpose: 'export' }));
    await tell(service.inspectDatabase(administrator(), name));
  }
  await tell(service.listDatabases(administrator()));
  told.push(fixture.lines, await fixture.registry.listAudit(1000), await fixture.registry.listDatabases());
  for (const file of await readdir(fixture.folder)) {
    if (file.startsWith('store')) told.push(await readFile(join(fixture.folder, file), 'latin1'));
  }
  const text = inspect(told, { depth: 12, maxStringLength: null, maxArrayLength: null, showHidden: true });
  const latin1 = Buffer.from(secret).toString('latin1');
  for (const spelling of [secret, encoded, latin1, 'raccoon']) assert.ok(!text.includes(spelling), spelling);

  const records = await fixture.registry.listDatabases();
  assert.deepEqual(
    records.filter(({ engine }) => engine === 'postgres').map(({ name, description }) => [name, description]),
    [
      ['apart', 'postgres://scott@127.0.0.1:1/db'],
      ['in-url', 'postgres://scott@127.0.0.1:1/db'],
      ['socket', 'postgres://scott@/db?host=/none'],
    ],
  );
});

test('a database with an unfinished job stays', async () => {
  const { job } = await service.startExport(administrator(), { database: 'empty' }, { api: 'native' });
  await assert.rejects(service.removeDatabase(administrator(), 'empty'), (error: AppError) => {
    assert.equal(error.code, 'database-in-use');
    assert.match(error.message, new RegExp(job.name));
    return true;
  });
  await service.stopJob(administrator(), job.id);
  const record = await fixture.registry.getDatabase('empty');
  await service.removeDatabase(administrator(), 'empty');
  await assert.rejects(service.resumeJob(administrator(), job.id), { code: 'database-unknown' });
  assert.ok(record !== null);
  await service.addDatabase(administrator(), { name: 'empty', url: record.description });
});

test('a database is tested and inspected live', async () => {
  const tested = await service.testDatabase(administrator(), 'orders', { purpose: 'export' });
  assert.equal(tested.engine, 'sqlite');
  assert.match(tested.serverVersion, /^3\./);
  await service.testDatabase(administrator(), 'orders', { purpose: 'import' });
  const { tables } = await service.inspectDatabase(administrator(), 'orders');
  assert.deepEqual(tables.map(({ name }) => name).sort(), ['customer', 'line']);
  await assert.rejects(service.testDatabase(administrator(), 'orders', { purpose: 'fun' as 'export' }), {
    code: 'field-invalid',
    field: 'purpose',
  });
  await assert.rejects(service.inspectDatabase(administrator(), 'nowhere'), { code: 'database-unknown' });
});

test('a developer sees the databases granted to him', async () => {
  const names = async (databases: readonly string[]) =>
    (await service.listDatabases(fixture.as(callerOf('dev', 'developer', databases)))).map(
      ({ name }) => name,
    );
  assert.deepEqual(await names(['orders']), ['orders']);
  assert.deepEqual(await names([]), []);
  assert.ok((await names(['*'])).length > 2);
  await assert.rejects(service.getDatabase(fixture.as(callerOf('dev', 'developer', ['orders'])), 'empty'), {
    code: 'forbidden',
  });
});

test('DATA_PUMP_DIR is there from the start; a directory is made and tried when it is added', async () => {
  const path = join(fixture.folder, 'made', 'for me ü');
  const added = await service.addDirectory(administrator(), { name: 'mine', path });
  assert.ok((await stat(path)).isDirectory());
  assert.deepEqual(await readdir(path), []);
  assert.match(added.url, /^file:\/\/\/.*for%20me%20/);
  assert.deepEqual(
    (await service.listDirectories(administrator())).map(({ name }) => name),
    ['DATA_PUMP_DIR', 'mine'],
  );
  assert.deepEqual(await service.getDirectory(administrator(), 'mine'), added);
  await assert.rejects(service.addDirectory(administrator(), { name: 'mine', path }), {
    code: 'directory-exists',
  });
  await service.addDirectory(administrator(), { name: 'same', path: added.url });
  for (const name of ['mine', 'same']) await service.removeDirectory(administrator(), name);
  await assert.rejects(service.getDirectory(administrator(), 'mine'), { code: 'directory-unknown' });
  await assert.rejects(service.removeDirectory(administrator(), 'mine'), { code: 'directory-unknown' });
});

test('a directory that cannot be used is refused', async () => {
  const file = join(fixture.folder, 'a-file');
  await writeFile(file, '');
  const cases: readonly (readonly [path: unknown, code: string])[] = [
    [undefined, 'field-invalid'],
    [7, 'field-invalid'],
    ['dumps', 'field-invalid'],
    ['./dumps', 'field-invalid'],
    ['../dumps', 'field-invalid'],
    ['/a\0b', 'field-invalid'],
    [file, 'storage-failed'],
    [join(file, 'below'), 'storage-failed'],
    ['gopher://host/x', 'location-invalid'],
    ['file://user:hunter2@/x', 'location-invalid'],
  ];
  for (const [path, code] of cases) {
    const add = service.addDirectory(administrator(), { name: 'bad', path: path as string });
    await assert.rejects(add, (error: AppError) => {
      assert.equal(error.code, code, `${path}: ${error.message}`);
      assert.equal(error.field, 'path');
      return true;
    });
  }
});

test('a directory that an unfinished job uses stays', async () => {
  await service.addDirectory(administrator(), { name: 'busy', path: join(fixture.folder, 'busy') });
  const { job } = await service.startExport(
    administrator(),
    { database: 'orders', location: { type: 'directory', directory: 'busy' } },
    { api: 'native' },
  );
  await assert.rejects(service.removeDirectory(administrator(), 'busy'), { code: 'directory-in-use' });
  await service.stopJob(administrator(), job.id);
  await service.removeDirectory(administrator(), 'busy');
});

test('users are added with a role word and shown without their hash', async () => {
  const added = await service.addUser(administrator(), {
    name: 'HARBOR',
    role: 'SQL Developer',
    password: 'Lantern7',
    databases: ['orders', 'orders'],
  });
  assert.deepEqual(added, {
    name: 'HARBOR',
    role: 'developer',
    databases: ['orders'],
    createdAt: fixture.now,
  });
  assert.deepEqual(await service.getUser(administrator(), 'HARBOR'), added);
  assert.deepEqual(await service.listUsers(administrator()), [added]);
  const everything = { name: 'all', role: 'developer', password: 'x' };
  assert.deepEqual((await service.addUser(administrator(), everything)).databases, ['*']);
  const none = await service.addUser(administrator(), { ...everything, name: 'none', databases: [] });
  assert.deepEqual(none.databases, []);
  const boss = await service.addUser(administrator(), {
    ...everything,
    name: 'boss',
    role: 'SQL Administrator',
  });
  assert.deepEqual([boss.role, boss.databases], ['administrator', []]);
  for (const name of ['HARBOR', 'all', 'none', 'boss']) await service.removeUser(administrator(), name);
  await assert.rejects(service.removeUser(administrator(), 'HARBOR'), { code: 'user-unknown' });
  await assert.rejects(service.getUser(administrator(), 'HARBOR'), { code: 'user-unknown' });
});

test('a user that cannot be taken is refused', async () => {
  await service.addUser(administrator(), { name: 'taken', role: 'viewer', password: 'x' });
  const good = { name: 'new', role: 'developer', password: 'x' };
  const cases: readonly (readonly [input: object, code: string, field: string])[] = [
    [{ ...good, name: 'a:b' }, 'name-invalid', 'name'],
    [{ ...good, name: 'local' }, 'name-invalid', 'name'],
    [{ ...good, role: 'god' }, 'field-invalid', 'role'],
    [{ ...good, role: undefined }, 'field-invalid', 'role'],
    [{ ...good, password: undefined }, 'field-invalid', 'password'],
    [{ ...good, password: '' }, 'field-invalid', 'password'],
    [{ ...good, password: 'x'.repeat(257) }, 'field-invalid', 'password'],
    [{ ...good, databases: ['nowhere'] }, 'database-unknown', 'database'],
    [{ ...good, databases: 'orders' }, 'field-invalid', 'databases'],
    [{ ...good, role: 'operator', databases: ['orders'] }, 'field-invalid', 'databases'],
    [{ ...good, name: 'taken' }, 'user-exists', 'name'],
  ];
  for (const [input, code, field] of cases) {
    await assert.rejects(service.addUser(administrator(), input as typeof good), (error: AppError) => {
      assert.equal(error.code, code, inspect(input));
      if (code !== 'user-exists') assert.equal(error.field, field, inspect(input));
      return true;
    });
  }
  await service.removeUser(administrator(), 'taken');
});

test('managing is for administrators, and every attempt is in the audit trail', async () => {
  const attempts: readonly (readonly [action: string, subject: string, (who: Who) => Promise<unknown>])[] = [
    ['database:add', 'x', (who) => service.addDatabase(who, { name: 'x', url: 'sqlite:/x' })],
    ['database:remove', 'orders', (who) => service.removeDatabase(who, 'orders')],
    ['directory:add', 'x', (who) => service.addDirectory(who, { name: 'x', path: '/x' })],
    ['directory:remove', 'x', (who) => service.removeDirectory(who, 'x')],
    ['user:add', 'x', (who) => service.addUser(who, { name: 'x', role: 'viewer', password: 'x' })],
    ['user:remove', 'x', (who) => service.removeUser(who, 'x')],
  ];
  for (const role of ['operator', 'developer', 'viewer'] as const) {
    for (const [action, subject, attempt] of attempts) {
      await assert.rejects(attempt(fixture.as(callerOf('ann', role, ['*']))), { code: 'forbidden' });
      const [entry] = await fixture.registry.listAudit(1);
      assert.deepEqual(
        [entry?.caller, entry?.action, entry?.subject, entry?.outcome],
        ['ann', action, subject, 'refused'],
      );
    }
    await assert.rejects(service.listUsers(fixture.as(callerOf('ann', role))), { code: 'forbidden' });
  }
});

type Who = ReturnType<ServiceFixture['as']>;
