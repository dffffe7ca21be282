import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import Type from 'typebox';
import type { Route } from './api.ts';
import { describeApi } from './openapi.ts';
import type { OpenApiVersion } from './openapi-schema.ts';

const Owner = Type.Object({ name: Type.String() }, { $id: 'Owner', description: 'Who has it.' });
const Thing = Type.Object(
  {
    kind: Type.Literal('thing'),
    state: Type.Union([Type.Literal('new'), Type.Literal('old')], { description: 'How it is.' }),
    word: Type.Union([Type.Literal('a'), Type.Null()]),
    owner: Type.Union([Owner, Type.Null()], { description: 'Null: nobody.' }),
    share: Type.Number({ exclusiveMinimum: 0, examples: [0.5] }),
    note: Type.Union([Type.String(), Type.Null()]),
    either: Type.Union([Type.String(), Type.Integer()]),
    loose: Type.Unsafe<string | null>({ type: ['string', 'null'] }),
    nothing: Type.Null(),
    labels: Type.Record(Type.String(), Type.String()),
    owners: Type.Array(Owner),
  },
  { $id: 'Thing', additionalProperties: false },
);

const route = (more: Partial<Route>): Route => ({
  method: 'GET',
  path: '/things/:id',
  operationId: 'getThing',
  summary: 'Show a thing',
  tags: ['things'],
  access: 'authenticated',
  responses: { 200: { description: 'The thing.', schema: Thing } },
  handle: async () => ({ status: 200 }),
  ...more,
});

const api = {
  title: 'Things',
  prefix: '/v1',
  routes: [
    route({ params: Type.Object({ id: Type.String({ description: 'Its id.' }) }) }),
    route({
      method: 'POST',
      path: '/things',
      operationId: 'addThing',
      access: 'public',
      body: Thing,
      query: Type.Object({ dry: Type.Optional(Type.Boolean({ description: 'Only try.' })) }),
      responses: {
        201: { description: 'Added.', schema: Thing, otherMediaTypes: ['text/plain'] },
        204: { description: 'Tried.', schema: null },
      },
    }),
    route({
      path: '/files/*',
      operationId: 'getFile',
      responses: { 200: { description: 'Bytes.', schema: null, mediaType: 'application/octet-stream' } },
    }),
    route({ path: '/about', atRoot: true, operationId: 'about' }),
    route({ path: '/alias/:id', hidden: true }),
  ],
};
const error = {
  schema: Type.Object({ code: Type.String() }, { $id: 'Fault' }),
  mediaType: 'application/problem+json',
};
const describe = (openapi: OpenApiVersion) =>
  describeApi(api, { openapi, version: '1.2.3', description: 'Of things.', error }) as {
    readonly paths: Record<string, Record<string, Record<string, unknown>>>;
    readonly components: {
      readonly schemas: Record<string, { readonly properties: Record<string, unknown> }>;
    };
  };

for (const version of ['3.0', '3.1'] as const) {
  test(`the description is valid OpenAPI ${version}`, async () => {
    const validator = new Validator();
    const { valid, errors } = await validator.validate(JSON.parse(JSON.stringify(describe(version))));
    assert.ok(valid, JSON.stringify(errors));
    assert.equal(validator.version, version);
  });
}

test('paths, parameters, bodies, answers and access are described; aliases are left out', () => {
  const { paths } = describe('3.1');
  assert.deepEqual(Object.keys(paths), ['/v1/things/{id}', '/v1/things', '/v1/files/{rest}', '/about']);
  assert.deepEqual(paths['/v1/things/{id}']?.get?.parameters, [
    { name: 'id', in: 'path', required: true, description: 'Its id.', schema: { type: 'string' } },
  ]);
  const post = paths['/v1/things']?.post;
  assert.deepEqual(post?.parameters, [
    { name: 'dry', in: 'query', required: false, description: 'Only try.', schema: { type: 'boolean' } },
  ]);
  assert.deepEqual(post?.security, []);
  assert.deepEqual(post?.requestBody, {
    required: true,
    content: { 'application/json': { schema: { $ref: '#/components/schemas/Thing' } } },
  });
  assert.deepEqual(Object.keys(post?.responses as object), ['201', '204', 'default']);
});

test('OpenAPI 3.0 gets nullable, enum and boolean bounds instead of what it does not know', () => {
  const { properties } = describe('3.0').components.schemas.Thing as { properties: Record<string, unknown> };
  assert.deepEqual(properties, {
    kind: { type: 'string', enum: ['thing'] },
    state: { type: 'string', enum: ['new', 'old'], description: 'How it is.' },
    word: { type: 'string', enum: ['a'], nullable: true },
    owner: { allOf: [{ $ref: '#/components/schemas/Owner' }], nullable: true, description: 'Null: nobody.' },
    share: { type: 'number', minimum: 0, exclusiveMinimum: true, example: 0.5 },
    note: { type: 'string', nullable: true },
    either: { anyOf: [{ type: 'string' }, { type: 'integer' }] },
    loose: { type: 'string', nullable: true },
    nothing: { type: 'string', nullable: true, enum: [null] },
    labels: { type: 'object', additionalProperties: { type: 'string' } },
    owners: { type: 'array', items: { $ref: '#/components/schemas/Owner' } },
  });
});
