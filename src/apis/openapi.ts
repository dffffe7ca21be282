import type { TSchema } from 'typebox';
import type { Api, Route } from './api.ts';
import { createSchemaWriter, type OpenApiVersion, type SchemaWriter } from './openapi-schema.ts';

export interface DescribeOptions {
  readonly openapi: OpenApiVersion;
  /** Version of the API. */
  readonly version: string;
  readonly description?: string;
  /** Where the API is, when not at the root of the host that serves the description. */
  readonly serverUrl?: string;
  /** What errors look like; every operation can answer with one. */
  readonly error?: { readonly schema: TSchema; readonly mediaType: string };
}

type Json = Readonly<Record<string, unknown>>;

/**
 * The OpenAPI description (3.0 or 3.1) of the routes of an API; hidden ones are left out. Schemas with an `$id` become
 * components. Aliases that share an operationId have to be hidden.
 */
export function describeApi(api: Pick<Api, 'title' | 'prefix' | 'routes'>, options: DescribeOptions): Json {
  const writer = createSchemaWriter(options.openapi);
  const paths: Record<string, Record<string, Json>> = {};
  const shown = api.routes.filter((route) => route.hidden !== true);
  for (const route of shown) {
    const path = openApiPath(route.atRoot === true ? route.path : `${api.prefix}${route.path}`);
    paths[path] ??= {};
    paths[path][route.method.toLowerCase()] = operationOf(route, writer, options);
  }
  return {
    openapi: options.openapi === '3.0' ? '3.0.3' : '3.1.0',
    info: {
      title: api.title,
      version: options.version,
      ...(options.description === undefined ? {} : { description: options.description }),
    },
    servers: options.serverUrl === undefined ? serversAt('') : [{ url: options.serverUrl }],
    tags: [...new Set(shown.flatMap((route) => route.tags))].map((name) => ({ name })),
    paths,
    components: {
      schemas: writer.components(),
      securitySchemes: {
        basic: { type: 'http', scheme: 'basic', description: 'Name and password of a user.' },
        bearer: { type: 'http', scheme: 'bearer', description: 'The token of the data folder.' },
      },
    },
  };
}

/** Of a description that is served at the root: the root as the caller sees it, at the host that the description came from. */
export const serversAt = (basePath: string): readonly Json[] => [{ url: basePath === '' ? '/' : basePath }];

/** The wildcard has no name of its own: it is the rest of the address. */
const wildcardName = 'rest';
const openApiPath = (path: string): string =>
  path.replace(/:([A-Za-z_]\w*)(?:\([^)]*\))?/g, '{$1}').replace(/\*$/, `{${wildcardName}}`);

function operationOf(route: Route, writer: SchemaWriter, options: DescribeOptions): Json {
  const parameters = [...pathParameters(route, writer), ...queryParameters(route, writer)];
  return {
    operationId: route.operationId,
    summary: route.summary,
    ...(route.description === undefined ? {} : { description: route.description }),
    tags: route.tags,
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(route.body === undefined
      ? {}
      : {
          requestBody: {
            required: true,
            content: { 'application/json': { schema: writer.write(route.body) } },
          },
        }),
    responses: responsesOf(route, writer, options),
    security: route.access === 'public' ? [] : [{ basic: [] }, { bearer: [] }],
  };
}

interface ObjectSchema {
  readonly properties?: Readonly<Record<string, TSchema>>;
  readonly required?: readonly string[];
}

const isSchema = (value: unknown): value is Json => typeof value === 'object' && value !== null;

/** A parameter: the description of its schema is its own. */
function parameter(place: 'path' | 'query', name: string, required: boolean, schema: Json): Json {
  const { description, ...rest } = schema;
  return {
    name,
    in: place,
    required,
    ...(description === undefined ? {} : { description }),
    schema: rest,
  };
}

function pathParameters(route: Route, writer: SchemaWriter): readonly Json[] {
  const { properties = {} } = (route.params ?? {}) as ObjectSchema;
  const names = route.path.match(/:[A-Za-z_]\w*|\*$/g) ?? [];
  return names.map((found) => {
    const name = found === '*' ? '*' : found.slice(1);
    const schema = properties[name];
    const written = isSchema(schema) ? writer.write(schema) : { type: 'string' };
    return parameter('path', name === '*' ? wildcardName : name, true, written);
  });
}

function queryParameters(route: Route, writer: SchemaWriter): readonly Json[] {
  const { properties = {}, required = [] } = (route.query ?? {}) as ObjectSchema;
  return Object.entries(properties).map(([name, schema]) =>
    parameter('query', name, required.includes(name), writer.write(schema)),
  );
}

function responsesOf(route: Route, writer: SchemaWriter, options: DescribeOptions): Json {
  const responses: Record<string, Json> = {};
  for (const [status, { description, schema, mediaType, otherMediaTypes = [] }] of Object.entries(
    route.responses,
  )) {
    const content: Record<string, Json> = {};
    if (schema !== null) content[mediaType ?? 'application/json'] = { schema: writer.write(schema) };
    else if (mediaType !== undefined) content[mediaType] = { schema: { type: 'string' } };
    for (const other of otherMediaTypes) content[other] = { schema: { type: 'string' } };
    responses[status] = { description, ...(Object.keys(content).length === 0 ? {} : { content }) };
  }
  if (options.error !== undefined) {
    const { schema, mediaType } = options.error;
    responses.default = {
      description: 'An error.',
      content: { [mediaType]: { schema: writer.write(schema) } },
    };
  }
  return responses;
}
