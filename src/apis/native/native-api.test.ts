import assert from 'node:assert/strict';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { basic, type NativeFixture, openNativeFixture } from '../../../test/harness/native-fixture.ts';

let fixture: NativeFixture;
before(async () => {
  fixture = await openNativeFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const post = (url: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) =>
  fixture.call({ method: 'POST', url, headers, ...(body === undefined ? {} : { body }) });

test('the description at /openapi.json is valid OpenAPI 3.1, open to everybody, and complete', async () => {
  const answer = await fixture.server.inject('/openapi.json');
  assert.equal(answer.statusCode, 200);
  const { valid, errors } = await new Validator().validate(answer.json());
  assert.ok(valid, JSON.stringify(errors));
  const { openapi, info, paths, components } = answer.json();
  assert.equal(openapi, '3.1.0');
  assert.equal(info.version, '1.2.3');
  assert.deepEqual(
    Object.keys(components.schemas).filter((name) => Object.keys(components.schemas[name]).length === 0),
    [],
  );
  assert.deepEqual(Object.keys(paths['/api/v1/jobs/{id}']), ['get']);
  assert.deepEqual(Object.keys(paths['/api/v1/jobs']), ['post', 'get']);
  assert.ok(components.schemas.NewExport && components.schemas.Problem);
});

test('the index tells who answers and who asks', async () => {
  const answer = await fixture.call('/api/v1/');
  assert.deepEqual(answer.json().caller, { name: 'local', role: 'administrator' });
  assert.equal(answer.json().version, '1.2.3');
  assert.deepEqual((await fixture.call('/api/v1')).json(), answer.json());
  assert.equal((await fixture.server.inject('/api/v1/')).statusCode, 401);
});

test('errors are problems with code, hint, field and request id', async () => {
  const answer = await fixture.call('/api/v1/databases/none');
  assert.equal(answer.statusCode, 404);
  assert.equal(answer.headers['content-type'], 'application/problem+json');
  const id = answer.headers['request-id'];
  const { detail, hint, ...rest } = answer.json();
  assert.deepEqual(rest, {
    type: 'urn:pumphouse:error:database-unknown',
    title: 'Not found',
    status: 404,
    code: 'database-unknown',
    field: 'database',
    instance: `urn:pumphouse:request:${id}`,
    request_id: id,
  });
  assert.ok(detail.length > 0 && hint.length > 0);
  assert.equal((await fixture.call('/api/v1/nothing')).json().code, 'route-unknown');
  assert.equal((await fixture.call({ method: 'PUT', url: '/api/v1/jobs' })).headers.allow, 'POST, GET, HEAD');
});

test('databases: add, list, show, test, catalogue, remove', async () => {
  const url = `sqlite:${join(fixture.folder, 'orders.db')}`;
  const added = await post('/api/v1/databases', { name: 'second', url });
  assert.equal(added.statusCode, 201, added.body);
  assert.equal(added.headers.location, '/api/v1/databases/second');
  assert.equal(added.json().engine, 'sqlite');
  assert.equal((await post('/api/v1/databases', { name: 'second', url })).json().code, 'database-exists');

  const shown = await fixture.call('/api/v1/databases/second');
  assert.deepEqual(shown.json(), added.json());
  const listed = (await fixture.call('/api/v1/databases')).json().items;
  assert.deepEqual(
    listed.map(({ name }: { name: string }) => name),
    ['empty', 'orders', 'second'],
  );

  const tested = await post('/api/v1/databases/second/test', { purpose: 'export' });
  assert.equal(tested.statusCode, 200, tested.body);
  assert.match(tested.json().server_version, /^\D*3\./);
  const catalogue = (await fixture.call('/api/v1/databases/second/catalogue')).json();
  assert.deepEqual(
    catalogue.tables.map(({ schema, name }: { schema: string; name: string }) => `${schema}.${name}`),
    ['main.customer', 'main.line'],
  );

  assert.equal((await fixture.call({ method: 'DELETE', url: '/api/v1/databases/second' })).statusCode, 204);
  assert.equal((await fixture.call('/api/v1/databases/second')).statusCode, 404);
});

test('a password of a database never comes back', async () => {
  const added = await post('/api/v1/databases', {
    name: 'remote',
    url: 'postgres://u:hunter2@127.0.0.1:1/db',
  });
  assert.equal(added.statusCode, 201, added.body);
  const tested = await post('/api/v1/databases/remote/test', { purpose: 'export' });
  assert.ok(tested.statusCode >= 400, tested.body);
  const all = [added.body, tested.body, (await fixture.call('/api/v1/databases')).body].join();
  assert.doesNotMatch(all + JSON.stringify(fixture.httpLines) + JSON.stringify(fixture.lines), /hunter2/);
});

test('directories: add, list, show, remove', async () => {
  const path = join(fixture.folder, 'elsewhere');
  await mkdir(path);
  const added = await post('/api/v1/directories', { name: 'ELSEWHERE', path });
  assert.equal(added.statusCode, 201, added.body);
  assert.deepEqual((await fixture.call('/api/v1/directories/ELSEWHERE')).json(), added.json());
  const names = (await fixture.call('/api/v1/directories'))
    .json()
    .items.map((each: { name: string }) => each.name);
  assert.deepEqual(names, ['DATA_PUMP_DIR', 'ELSEWHERE']);
  assert.equal(
    (await fixture.call({ method: 'DELETE', url: '/api/v1/directories/ELSEWHERE' })).statusCode,
    204,
  );
  assert.equal((await fixture.call('/api/v1/directories/ELSEWHERE')).json().code, 'directory-unknown');
});

test('users: add, list, show, remove; roles hold', async () => {
  const added = await post('/api/v1/users', {
    name: 'dora',
    role: 'SQL Developer',
    password: 'a long enough pass phrase',
    databases: ['empty'],
  });
  assert.equal(added.statusCode, 201, added.body);
  assert.equal(added.json().role, 'developer');
  assert.doesNotMatch(added.body, /pass/);
  const authorization = basic('dora', 'a long enough pass phrase');
  const asDora = (url: string) => fixture.call({ url, headers: { authorization } });

  assert.deepEqual((await asDora('/api/v1/')).json().caller, { name: 'dora', role: 'developer' });
  assert.deepEqual(
    (await asDora('/api/v1/databases')).json().items.map((each: { name: string }) => each.name),
    ['empty'],
  );
  assert.equal((await asDora('/api/v1/users')).statusCode, 403);
  const refused = await fixture.call({
    method: 'POST',
    url: '/api/v1/jobs',
    headers: { authorization },
    body: { kind: 'export', database: 'orders' },
  });
  assert.equal(refused.statusCode, 403, refused.body);
  assert.equal((await asDora('/api/v1/users/dora')).statusCode, 403);

  assert.deepEqual((await fixture.call('/api/v1/users/dora')).json(), added.json());
  assert.equal((await fixture.call({ method: 'DELETE', url: '/api/v1/users/dora' })).statusCode, 204);
  assert.equal((await asDora('/api/v1/')).statusCode, 401);
});

test('bad requests name the field', async () => {
  const cases: readonly (readonly [unknown, string, string | undefined])[] = [
    ['{', 'request-malformed', undefined],
    [[], 'request-malformed', undefined],
    [{}, 'request-malformed', 'kind'],
    [{ kind: 'move' }, 'field-invalid', 'kind'],
    [{ kind: 'copy', database: 'orders' }, 'request-malformed', 'target'],
    [{ kind: 'copy', database: 'orders', target: 'empty', location: 'x' }, 'request-malformed', 'location'],
    [{ kind: 'export' }, 'request-malformed', 'database'],
    [{ kind: 'export', database: 'orders', modus: 'full' }, 'request-malformed', 'modus'],
    [{ kind: 'export', database: 'orders', remap_schemas: [] }, 'request-malformed', 'remap_schemas'],
    [{ kind: 'export', database: 'orders', mode: 'all' }, 'field-invalid', 'mode'],
    [{ kind: 'export', database: 'orders', threads: 0 }, 'field-invalid', 'threads'],
    [{ kind: 'export', database: 'orders', threads: -1 }, 'field-invalid', 'threads'],
    [{ kind: 'export', database: 'orders', threads: '2' }, 'field-invalid', 'threads'],
    [{ kind: 'export', database: 'orders', encoding: 'parquet' }, 'unsupported', 'encoding'],
    [{ kind: 'export', database: 'orders', name_expressions: 'x' }, 'field-invalid', 'name_expressions'],
    [{ kind: 'export', database: 'orders', name_expressions: [1] }, 'field-invalid', 'name_expressions[0]'],
    [
      { kind: 'export', database: 'orders', directory: 'DATA_PUMP_DIR', location: 'file:///tmp' },
      'field-invalid',
      'location',
    ],
    [{ kind: 'export', database: 'nope' }, 'database-unknown', 'database'],
    [{ kind: 'export', database: 'orders', file_pattern: '../x' }, 'file-name-invalid', 'file_pattern'],
    [
      { kind: 'import', database: 'orders', remap_schemas: [{ source: 'a' }] },
      'request-malformed',
      'remap_schemas[0].target',
    ],
    [{ kind: 'verify', database: 'orders' }, 'request-malformed', 'database'],
  ];
  for (const [body, code, field] of cases) {
    const { code: actual, field: named, detail } = (await post('/api/v1/jobs', body)).json();
    assert.deepEqual([actual, named], [code, field], `${JSON.stringify(body)}: ${detail}`);
  }
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['limit=x', 'limit'],
    ['state=done', 'state[0]'],
    ['colour=red', 'colour'],
    ['cursor=!', 'cursor'],
  ]) {
    const answer = await fixture.call(`/api/v1/jobs?${query}`);
    assert.equal(answer.statusCode, 400);
    assert.equal(answer.json().field, field);
  }
});
