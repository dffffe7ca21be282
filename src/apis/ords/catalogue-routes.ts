import { Type } from 'typebox';
import type { Route } from '../api.ts';
import { describeApi } from '../openapi.ts';
import type { Address } from './address.ts';
import type { Operation } from './operation.ts';
import { catalogueSchema, problemSchema } from './schemas.ts';

const mediaType = 'application/vnd.oai.openapi+json;version=3.0';
const tags = ['Metadata Catalog'];

/** The catalogue and the API description; both are for everybody, since probes and importers ask without credentials. */
export function catalogueOperations(described: readonly Operation[]): readonly Operation[] {
  const operations: readonly Operation[] = [
    {
      method: 'GET',
      path: '/metadata-catalog/',
      aliases: ['/metadata-catalog'],
      operationId: 'getMetadataCatalog',
      summary: 'List the API descriptions',
      tags,
      access: 'public',
      isOfTheService: true,
      responses: { 200: { description: 'The catalogue.', schema: catalogueSchema } },
      async handle(_request, { base }) {
        const self = `${base}/metadata-catalog/`;
        return {
          status: 200,
          body: {
            items: [
              { name: 'default', links: [{ rel: 'canonical', href: `${self}openapi.json`, mediaType }] },
            ],
            links: [
              { rel: 'self', href: self },
              { rel: 'describes', href: `${base}/` },
            ],
          },
        };
      },
    },
    {
      method: 'GET',
      path: '/metadata-catalog/openapi.json',
      operationId: 'getOpenApi',
      summary: 'Read the API description',
      tags,
      access: 'public',
      isOfTheService: true,
      responses: { 200: { description: 'An OpenAPI 3.0 document.', schema: null } },
      described: { 200: { description: 'An OpenAPI 3.0 document.', schema: Type.Object({}), mediaType } },
      async handle(_request, address) {
        return {
          status: 200,
          headers: { 'Content-Type': mediaType },
          body: describe([...described, ...operations], address),
        };
      },
    },
  ];
  return operations;
}

/** The OpenAPI description of the operations as they are addressed in one place. */
function describe(operations: readonly Operation[], address: Address): unknown {
  const routes = operations.map(
    (operation): Route => ({
      ...operation,
      responses: operation.described ?? operation.responses,
      handle: (request) => operation.handle(request, address),
    }),
  );
  return describeApi(
    { title: 'Pumphouse: ORDS Database API, Data Pump', prefix: '', routes },
    {
      openapi: '3.0',
      version: 'stable',
      description: 'Exports and imports as jobs, in the words of the Oracle REST Data Services Database API.',
      serverUrl: address.base,
      error: { schema: problemSchema, mediaType: 'application/problem+json' },
    },
  );
}
