import Type, { type Static } from 'typebox';
import type { Schedule } from '../../core/schedule.ts';
import type { Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { encodeScheduleRule, ScheduleRuleSchema } from './schedule-rule.ts';
import { listOf, nullable, Timestamp, timestamp, words } from './schema-parts.ts';

const ScheduleSchema = Type.Object(
  {
    id: Type.String({ description: 'Id of the schedule.' }),
    starts: words(['backup', 'definition'], 'What it starts.'),
    database: nullable(Type.String({ description: 'The database whose backups it starts.' })),
    workspace: nullable(Type.String({ description: 'Id of the workspace of the definition that it runs.' })),
    definition: nullable(Type.String({ description: 'Name of the definition that it runs.' })),
    rule: ScheduleRuleSchema,
    owner: Type.String({ description: 'Who set it: the runs have the rights of this user.' }),
    next_at: nullable(Timestamp('The next time; null: there is none any more.')),
    last_at: nullable(Timestamp('The time that was last due; null: none yet.')),
  },
  { $id: 'Schedule', description: 'What starts by itself, and when.' },
);

const scheduleView = ({ subject, ...schedule }: Schedule): Static<typeof ScheduleSchema> => ({
  id: schedule.id,
  starts: subject.type,
  database: subject.type === 'backup' ? subject.database : null,
  workspace: subject.type === 'definition' ? subject.workspace : null,
  definition: subject.type === 'definition' ? subject.definition : null,
  rule: encodeScheduleRule(schedule.rule),
  owner: schedule.owner,
  next_at: schedule.nextAt === null ? null : timestamp(schedule.nextAt),
  last_at: schedule.lastAt === null ? null : timestamp(schedule.lastAt),
});

/** What starts by itself. A schedule is set with the policy or the definition that it belongs to. */
export function scheduleRoutes(service: Service): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/schedules',
      operationId: 'listSchedules',
      summary: 'List what starts by itself, and when',
      tags: ['schedules'],
      access: 'authenticated',
      responses: {
        200: { description: 'The schedules.', schema: listOf(ScheduleSchema, 'What the caller may read.') },
      },
      handle: async (request) => ({
        status: 200,
        body: { items: (await service.listSchedules(callContext(request))).map(scheduleView) },
      }),
    },
  ];
}
