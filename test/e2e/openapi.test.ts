import assert from 'node:assert/strict';
import { createRequire } from 'node:module';
import { after, before, describe, it } from 'node:test';
import { Validator } from '@seriousme/openapi-schema-validator';
import { startApp, type TestApp } from '../harness/app.ts';
import { basic } from '../harness/transcript.ts';

/** The converter of Postman; its own types lack what it gives. */
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
  readonly item?: readonly PostmanItem[];
}
const postman = createRequire(import.meta.url)('openapi-to-postmanv2') as PostmanConverter;

type Description = {
  readonly openapi: string;
  readonly paths: Readonly<Record<string, Readonly<Record<string, { readonly operationId: string }>>>>;
};

const operationsOf = ({ paths }: Description): readonly string[] =>
  Object.values(paths).flatMap((path) =>
    Object.entries(path).flatMap(([method, { operationId }]) => (method === 'parameters' ? [] : operationId)),
  );

/** How many requests a client has after it has imported the description. */
async function requestsInPostman(description: Description): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<Conversion>();
  postman.convertV2({ type: 'json', data: structuredClone(description) }, {}, (error, conversion) =>
    error == null ? resolve(conversion) : reject(error),
  );
  const { result, reason, output } = await promise;
  assert.ok(result, reason);
  const count = (items: readonly PostmanItem[]): number =>
    items.reduce((sum, { item }) => sum + (item === undefined ? 1 : count(item)), 0);
  return count(output[0]?.data.item ?? []);
}

describe('the descriptions that a running service gives of itself', () => {
  const ann = { name: 'ann', role: 'SQL Developer', password: 'Starboard4' };
  let app: TestApp;
  before(async () => {
    app = await startApp({ databases: { shop: 'sqlite:/nowhere/shop.db' }, users: [ann] });
  });
  after(() => app[Symbol.asyncDispose]());

  const descriptions = [
    { api: 'native', path: '/openapi.json', version: /^3\.1\./, least: 25 },
    {
      api: 'ORDS',
      path: '/ords/shop/ann/_/db-api/stable/metadata-catalog/openapi.json',
      version: /^3\.0\./,
      least: 8,
    },
    { api: 'Redis Enterprise', path: '/v1/openapi.json', version: /^3\.0\./, least: 20 },
    { api: 'DataArts', path: '/dataarts/openapi.json', version: /^3\.0\./, least: 30 },
  ];
  for (const { api, path, version, least } of descriptions) {
    it(`${api}: valid, and Postman takes every operation`, async () => {
      const answer = await fetch(app.origin + path, { headers: { authorization: basic(ann) } });
      assert.equal(answer.status, 200);
      const description = (await answer.json()) as Description;
      assert.match(description.openapi, version);
      const { valid, errors } = await new Validator().validate(structuredClone(description));
      assert.ok(valid, JSON.stringify(errors));
      const operations = operationsOf(description);
      assert.equal(new Set(operations).size, operations.length, 'operation ids are unique');
      assert.ok(operations.length >= least, `only ${operations.length} operations`);
      assert.equal(await requestsInPostman(description), operations.length);
    });
  }
});
