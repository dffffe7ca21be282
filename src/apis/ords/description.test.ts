import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import type { Service } from '../../service/service.ts';
import { createOrdsApi } from './ords-api.ts';

/** The converter of Postman; it comes without types. */
interface PostmanConverter {
  convertV2(
    input: { readonly type: 'json'; readonly data: unknown },
    options: object,
    done: (error: unknown, conversion: Conversion) => void,
  ): void;
}
interface Conversion {
  readonly result: boolean;
  readonly reason?: string;
  readonly output: readonly { readonly data: { readonly item: readonly PostmanItem[] } }[];
}
interface PostmanItem {
  readonly name: string;
  readonly item?: readonly PostmanItem[];
}
const postman = createRequire(import.meta.url)('openapi-to-postmanv2') as PostmanConverter;

async function description(url: string, params: Record<string, string>): Promise<Record<string, unknown>> {
  const service: Partial<Service> = {
    listDatabases: async () => [
      { name: 'wharf', uid: 1, engine: 'sqlite', url: '', shared: false, createdAt: 0 },
    ],
  };
  const { routes } = createOrdsApi({ service: service as Service, defaultDatabase: () => 'wharf' });
  const route = routes.find(({ operationId }) => operationId === 'getOpenApi');
  assert.ok(route !== undefined);
  const { status, headers, body } = await route.handle({
    method: 'GET',
    params,
    query: {},
    headers: {},
    body: undefined,
    caller: null,
    base: 'https://pump.example.net',
    basePath: '',
    url,
    requestId: 'r',
    signal: new AbortController().signal,
  });
  assert.equal(status, 200);
  assert.equal(headers?.['Content-Type'], 'application/vnd.oai.openapi+json;version=3.0');
  return JSON.parse(JSON.stringify(body)) as Record<string, unknown>;
}

const atAlias = () =>
  description('/ords/wharf/harbor/_/db-api/stable/metadata-catalog/openapi.json', {
    pool: 'wharf',
    alias: 'harbor',
  });

describe('openapi.json', () => {
  it('is valid OpenAPI 3.0', async () => {
    const { valid, errors } = await new Validator().validate(await atAlias());
    assert.ok(valid, JSON.stringify(errors));
  });

  it('is about the pool and alias that it was asked of', async () => {
    const server = async (url: string, params: Record<string, string>) =>
      (await description(url, params)).servers;
    assert.deepEqual((await atAlias()).servers, [
      { url: 'https://pump.example.net/ords/wharf/harbor/_/db-api/stable' },
    ]);
    assert.deepEqual(await server('/ords/_/db-api/latest/metadata-catalog/openapi.json', {}), [
      { url: 'https://pump.example.net/ords/_/db-api/stable' },
    ]);
  });

  it('tells every operation of the contract', async () => {
    const paths = (await atAlias()).paths as Record<string, Record<string, unknown>>;
    assert.deepEqual(
      Object.fromEntries(Object.entries(paths).map(([path, methods]) => [path, Object.keys(methods)])),
      {
        '/database/datapump/export': ['post'],
        '/database/datapump/import': ['post'],
        '/database/datapump/jobs/': ['post', 'get'],
        '/database/datapump/jobs/{job}/': ['get', 'delete'],
        '/database/datapump/jobs/{job}/{file}': ['get'],
        '/database/objects/tables/': ['get'],
        '/metadata-catalog/': ['get'],
        '/metadata-catalog/openapi.json': ['get'],
      },
    );
  });

  it('is taken by the importer of Postman, whole', async () => {
    const data = await atAlias();
    const conversion = await new Promise<Conversion>((resolve, reject) => {
      postman.convertV2({ type: 'json', data }, {}, (error, made) => (error ? reject(error) : resolve(made)));
    });
    assert.ok(conversion.result, conversion.reason);
    const count = (items: readonly PostmanItem[]): number =>
      items.reduce((sum, { item }) => sum + (item === undefined ? 1 : count(item)), 0);
    assert.equal(count(conversion.output[0]?.data.item ?? []), 10);
  });
});
