import Type, { type Static } from 'typebox';
import type { Service, Standing } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { nullable, Timestamp, timestamp } from './schema-parts.ts';

const reached = {
  valid: Type.Boolean({ description: 'Whether it could be reached, just now.' }),
  problem: nullable(Type.String({ description: 'Why not, in a sentence.' })),
  checked_at: Timestamp('When it was looked at.'),
};

const Status = Type.Object(
  {
    version: Type.String({ description: 'Version of the program that answers.' }),
    store: Type.Object({
      schema_version: Type.Integer({ description: 'Version of the schema of the job store.' }),
      known_schema_version: Type.Integer({ description: 'The version that the program knows.' }),
    }),
    instances: Type.Array(
      Type.Object({
        id: Type.String({ description: 'Id of the process.' }),
        name: Type.String({ description: 'What people call it.' }),
        version: Type.String({ description: 'Version of its program.' }),
        url: nullable(Type.String({ description: 'Where it answers.' })),
        started_at: Timestamp('When it began.'),
        seen_at: Timestamp('When it last reported.'),
      }),
      { description: 'The processes that share the store, by name; empty where it is of one process alone.' },
    ),
    databases: Type.Array(
      Type.Object({
        name: Type.String({ description: 'Name of the database.' }),
        engine: Type.String({ description: 'Engine that reads and writes it.' }),
        url: Type.String({ description: 'Where it is, without secrets.' }),
        ...reached,
      }),
      { description: 'By name.' },
    ),
    directories: Type.Array(
      Type.Object({
        name: Type.String({ description: 'Name of the directory.' }),
        url: Type.String({ description: 'Where it is.' }),
        ...reached,
      }),
      { description: 'By name.' },
    ),
  },
  { $id: 'Status', description: 'How the service is, and what it can reach now.' },
);

const reachedOf = ({ problem, checkedAt }: Standing) => ({
  valid: problem === null,
  problem,
  checked_at: timestamp(checkedAt),
});

/** What of the service an operator looks at. Probes have addresses of their own: what cannot be reached makes the service no less healthy. */
export const statusRoutes = (service: Service, version: string): readonly Route[] => [
  {
    method: 'GET',
    path: '/status',
    operationId: 'getStatus',
    summary: 'How the service is, who shares its store, and which databases and directories it can reach',
    tags: ['service'],
    access: 'authenticated',
    responses: { 200: { description: 'The status.', schema: Status } },
    async handle(request) {
      const { store, instances, standings } = await service.readStatus(callContext(request));
      const databases = standings.filter(({ kind }) => kind === 'database');
      const directories = standings.filter(({ kind }) => kind === 'directory');
      const body: Static<typeof Status> = {
        version,
        store: { schema_version: store.version, known_schema_version: store.knownVersion },
        instances: instances.map(({ id, name, version, url, startedAt, seenAt }) => ({
          id,
          name,
          version,
          url,
          started_at: timestamp(startedAt),
          seen_at: timestamp(seenAt),
        })),
        databases: databases.map((each) => ({
          name: each.name,
          engine: each.engine ?? '',
          url: each.description,
          ...reachedOf(each),
        })),
        directories: directories.map((each) => ({
          name: each.name,
          url: each.description,
          ...reachedOf(each),
        })),
      };
      return { status: 200, body };
    },
  },
];
