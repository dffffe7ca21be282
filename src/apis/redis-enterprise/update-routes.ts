import type { Clock } from '../../base/clock.ts';
import { readChanges } from './bdb-changes.ts';
import { type BdbParts, bdbKey, shower } from './bdb-routes.ts';
import { bdbSchema } from './bdb-schema.ts';
import { requiredBody } from './members.ts';
import { bdbOf, callContext, type Operation } from './operation.ts';
import { changeSettings, readSettings } from './settings.ts';

export interface UpdateParts extends BdbParts {
  readonly clock: Clock;
}

/** PUT of a database: what can be kept is kept, the rest refused by name. */
export const updateOperations = (parts: UpdateParts): readonly Operation[] => [
  {
    method: 'PUT',
    path: '/v1/bdbs/:uid',
    operationId: 'updateBdb',
    summary: 'Change a database',
    description:
      'Takes dataset_import_sources (never shown again), skip_import_analyze and tags. An attribute that stays as it is changes nothing. With the query dry_run nothing is kept.',
    tags: ['bdbs'],
    permission: 'update_bdb',
    params: bdbKey,
    body: bdbSchema,
    responses: { 200: { description: 'The whole database.', schema: bdbSchema } },
    async handle(request) {
      const { service, clock } = parts;
      const context = callContext(request);
      const database = await bdbOf(service, request);
      const body = requiredBody(request.body);
      const show = shower(parts, context, {});
      const before = await readSettings(service, context, database.name);
      const changes = readChanges(body, await show(database, before));
      const isKept = request.query.dry_run === undefined && Object.keys(changes).length > 0;
      const after = isKept
        ? await changeSettings(service, context, database.name, 'database:update', {
            ...changes,
            changedAt: clock.now(),
          })
        : { ...before, ...changes };
      return { status: 200, body: await show(database, after) };
    },
  },
];
