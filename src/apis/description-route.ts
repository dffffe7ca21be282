import Type from 'typebox';
import type { Route } from './api.ts';
import { type DescribeOptions, describeApi, serversAt } from './openapi.ts';

export interface Description {
  /** Where it is served, from the root. */
  readonly path: string;
  readonly title: string;
  readonly routes: readonly Route[];
  readonly version: string;
  /** One sentence about the API. */
  readonly about: string;
  /** Of every error. */
  readonly error: DescribeOptions['error'];
}

/** The route with the OpenAPI 3.0 description of an API, which is made when it is first asked for. */
export function descriptionRoute({ path, title, routes, version, about, error }: Description): Route {
  let description: Readonly<Record<string, unknown>> | null = null;
  return {
    method: 'GET',
    path,
    atRoot: true,
    hidden: true,
    operationId: 'getDescription',
    summary: 'The description of this API (OpenAPI 3.0)',
    tags: ['description'],
    access: 'public',
    responses: {
      200: { description: 'The description.', schema: Type.Object({}, { additionalProperties: true }) },
    },
    async handle({ basePath }) {
      description ??= describeApi(
        { title, prefix: '', routes },
        { openapi: '3.0', version, description: about, error },
      );
      return {
        status: 200,
        headers: { 'cache-control': 'no-cache' },
        body: { ...description, servers: serversAt(basePath) },
      };
    },
  };
}
