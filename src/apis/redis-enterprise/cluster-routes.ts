import Type from 'typebox';
import type { Clock } from '../../base/clock.ts';
import { bdbKey } from './bdb-routes.ts';
import { bdbSchema } from './bdb-schema.ts';
import { capabilitiesBody, shardBody } from './bodies.ts';
import { runsOf } from './find-bdb.ts';
import { importStatus } from './job-status.ts';
import { plainSchema } from './json-schema.ts';
import { moduleCapabilities } from './module-capabilities.ts';
import { bdbOf, callContext, type Operation, type OperationParts } from './operation.ts';
import { notAcceptable } from './refusal.ts';
import { readSettings } from './settings.ts';
import { timeText } from './times.ts';

/** What there is about objects and their parts. */
export const clusterOperations = ({
  service,
  clock,
}: OperationParts & { readonly clock: Clock }): readonly Operation[] => [
  {
    method: 'GET',
    path: '/v1/bdbs/:uid/shards',
    operationId: 'listShards',
    summary: 'List the shards of a database',
    description: 'One: how a database is spread over servers shows in the files of its exports.',
    tags: ['bdbs'],
    permission: null,
    params: bdbKey,
    query: Type.Object({
      extra_info_keys: Type.Optional(Type.String({ description: 'Taken, and changes nothing here.' })),
    }),
    responses: { 200: { description: 'The shards.', schema: Type.Array(shardBody) } },
    async handle(request) {
      const context = callContext(request);
      const { uid, name } = await bdbOf(service, request);
      const [{ newestImport }, { importReset }] = await Promise.all([
        runsOf(service, context, name),
        readSettings(service, context, name),
      ]);
      const { status, progress } = importStatus(newestImport, importReset);
      const isLoading = status === 'importing';
      const shard = {
        uid: String(uid),
        bdb_uid: uid,
        node_uid: '1',
        role: 'master',
        assigned_slots: '0-16383',
        status: 'active',
        detailed_status: isLoading ? 'importing' : 'ok',
        loading: { progress: isLoading ? progress : 0, status: isLoading ? 'in_progress' : 'idle' },
        backup: { progress: 0, status: 'idle' },
        redis_info: {},
        report_timestamp: timeText(clock.now()),
      };
      return { status: 200, body: [shard] };
    },
  },
  {
    method: 'GET',
    path: '/v1/jsonschema',
    operationId: 'getJsonSchema',
    summary: 'The JSON schema of an object',
    tags: ['jsonschema'],
    permission: null,
    query: Type.Object({
      object: Type.Optional(Type.String({ description: 'bdb; default: all schemas by name.' })),
    }),
    responses: {
      200: { description: 'The schema.', schema: Type.Object({}, { additionalProperties: true }) },
    },
    async handle(request) {
      const { object } = request.query;
      const bdb = plainSchema(bdbSchema);
      if (object === undefined) return { status: 200, body: { bdb } };
      if (object === 'bdb') return { status: 200, body: bdb };
      throw notAcceptable('There is no schema of that name: bdb is one.', 'unknown_object');
    },
  },
  {
    method: 'GET',
    path: '/v1/cluster/module-capabilities',
    operationId: 'listModuleCapabilities',
    summary: 'What modules can be capable of',
    tags: ['cluster'],
    permission: 'view_cluster_modules',
    responses: { 200: { description: 'The capabilities.', schema: capabilitiesBody } },
    handle: async () => ({ status: 200, body: { all_capabilities: moduleCapabilities } }),
  },
];
