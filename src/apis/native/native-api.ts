import Type from 'typebox';
import { roles } from '../../core/permission.ts';
import type { Service } from '../../service/service.ts';
import type { Api, Route } from '../api.ts';
import { describeApi, serversAt } from '../openapi.ts';
import { accessKeyRoutes } from './access-keys.ts';
import { backupPolicyRoutes } from './backup-policies.ts';
import { backupRoutes } from './backups.ts';
import { callContext } from './call-context.ts';
import { credentialRoutes } from './credentials.ts';
import { databaseRoutes } from './databases.ts';
import { definitionRoutes } from './definitions.ts';
import { directoryRoutes } from './directories.ts';
import { dumpSetRoutes } from './dump-sets.ts';
import { eventRoutes } from './events.ts';
import { installationRoutes } from './installations.ts';
import { itemRoutes } from './items.ts';
import { jobEventsRoute } from './job-events.ts';
import { jobFileRoutes } from './job-files.ts';
import { jobLogRoute } from './job-log.ts';
import { jobReportRoute } from './job-report.ts';
import { createJobViews } from './job-views.ts';
import { jobRoutes } from './jobs.ts';
import { locationRoutes } from './locations.ts';
import { encodeProblem, Problem, problemMediaType } from './problem.ts';
import { createRateMeter } from './rate-meter.ts';
import { runRoutes } from './runs.ts';
import { scheduleRoutes } from './schedules.ts';
import { words } from './schema-parts.ts';
import { apiId } from './start-job.ts';
import { statusRoutes } from './status.ts';
import { userRoutes } from './users.ts';
import { walletRoutes } from './wallet.ts';
import { workspaceRoutes } from './workspaces.ts';

const prefix = '/api/v1';
const title = 'Pumphouse API';

const Index = Type.Object({
  name: Type.String({ description: 'Name of the service.' }),
  version: Type.String({ description: 'Version of the service.' }),
  store: Type.Object({
    schema_version: Type.Integer({ description: 'Version of the schema of the job store.' }),
    known_schema_version: Type.Integer({ description: 'The version that the service knows.' }),
  }),
  caller: Type.Object({
    name: Type.String({ description: 'Name of the caller.' }),
    role: words(roles, 'Role of the caller.'),
  }),
  links: Type.Record(Type.String(), Type.String(), { description: 'The collections of this API.' }),
});

export interface NativeApiOptions {
  /** Version of the service, as the index and the API description tell it. */
  readonly version: string;
  /** Milliseconds since the epoch; for rates. */
  readonly now?: () => number;
}

/** Our own API below `/api/v1`, and its description at `/openapi.json`. */
export function createNativeApi(service: Service, options: NativeApiOptions): Api {
  const views = createJobViews(createRateMeter(options.now ?? Date.now), prefix);

  const index: Route = {
    method: 'GET',
    path: '/',
    operationId: 'getIndex',
    summary: 'Who answers, and who asks',
    tags: ['service'],
    access: 'authenticated',
    responses: { 200: { description: 'The index.', schema: Index } },
    async handle(request) {
      const { name, role } = callContext(request).caller;
      const own = `${request.basePath}${prefix}`;
      const links = {
        databases: `${own}/databases`,
        directories: `${own}/directories`,
        credentials: `${own}/credentials`,
        users: `${own}/users`,
        jobs: `${own}/jobs`,
        dump_sets: `${own}/dump-sets`,
        workspaces: `${own}/workspaces`,
        backups: `${own}/backups`,
        backup_policies: `${own}/backup-policies`,
        schedules: `${own}/schedules`,
        events: `${own}/events`,
        status: `${own}/status`,
        description: `${request.basePath}/openapi.json`,
      };
      const { version: schema, knownVersion } = await service.storeVersions();
      const store = { schema_version: schema, known_schema_version: knownVersion };
      return {
        status: 200,
        body: { name: 'Pumphouse', version: options.version, store, caller: { name, role }, links },
      };
    },
  };

  const routes: Route[] = [
    index,
    { ...index, path: '', hidden: true },
    ...databaseRoutes(service, prefix),
    ...installationRoutes(service),
    ...directoryRoutes(service, prefix),
    ...credentialRoutes(service, prefix),
    ...locationRoutes(service),
    ...walletRoutes(service),
    ...userRoutes(service, prefix),
    ...accessKeyRoutes(service, prefix),
    ...jobRoutes(service, views),
    jobLogRoute(service),
    jobReportRoute(service),
    jobEventsRoute(service, views),
    ...jobFileRoutes(service, prefix),
    ...dumpSetRoutes(service),
    ...workspaceRoutes(service, prefix),
    ...itemRoutes(service, prefix),
    ...definitionRoutes(service),
    ...runRoutes(service, views),
    ...backupPolicyRoutes(service),
    ...backupRoutes(service, views),
    ...scheduleRoutes(service),
    ...eventRoutes(service),
    ...statusRoutes(service, options.version),
  ];
  let description: Readonly<Record<string, unknown>> | null = null;
  const described: Route = {
    method: 'GET',
    path: '/openapi.json',
    atRoot: true,
    hidden: true,
    operationId: 'getDescription',
    summary: 'The description of this API (OpenAPI 3.1)',
    tags: ['service'],
    access: 'public',
    responses: { 200: { description: 'The description.', schema: Type.Object({}) } },
    async handle({ basePath }) {
      description ??= describeApi(
        { title, prefix, routes },
        {
          openapi: '3.1',
          version: options.version,
          description: 'Export, import, copy and verify databases as jobs.',
          error: { schema: Problem, mediaType: problemMediaType },
        },
      );
      return {
        status: 200,
        headers: { 'cache-control': 'no-cache' },
        body: { ...description, servers: serversAt(basePath) },
      };
    },
  };

  return {
    id: apiId,
    title,
    prefix,
    routes: [...routes, described],
    challenge: 'Basic realm="Pumphouse", charset="UTF-8"',
    encodeError: (error, request) => encodeProblem(error, request.requestId),
  };
}
