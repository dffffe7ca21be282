import Type, { type Static } from 'typebox';
import { type Event, eventTypes, isAlarm } from '../../core/event.ts';
import type { Service } from '../../service/service.ts';
import type { Route } from '../api.ts';
import { callContext } from './call-context.ts';
import { nullable, Timestamp, timestamp, words } from './schema-parts.ts';

const EventSchema = Type.Object(
  {
    seq: Type.Integer({ minimum: 1, description: 'Ascending.' }),
    at: Timestamp('When it happened.'),
    type: words(eventTypes, 'What happened.'),
    alarm: Type.Boolean({ description: 'Whether it tells of trouble.' }),
    message: Type.String({ description: 'The same, for people.' }),
    database: nullable(Type.String({ description: 'The database that it is about.' })),
    job: nullable(Type.String({ description: 'Id of the job that it is about.' })),
    data: Type.Record(Type.String(), Type.Unknown(), { description: 'The facts, for machines.' }),
  },
  { $id: 'Event', description: 'Something that happened.' },
);

const eventView = (event: Event): Static<typeof EventSchema> => ({
  seq: event.seq,
  at: timestamp(event.at),
  type: event.type,
  alarm: isAlarm(event.type),
  message: event.message,
  database: event.database,
  job: event.jobId,
  data: { ...event.data },
});

const EventQuery = Type.Object(
  {
    after: Type.Optional(Type.Integer({ minimum: 0, description: 'Only events with a greater `seq`.' })),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 1000, description: '100 by default.' })),
  },
  { additionalProperties: false },
);

const EventPage = Type.Object({
  items: Type.Array(EventSchema, { description: 'In order.' }),
  next_after: nullable(
    Type.Integer({ description: '`after` for the next page; null when this one is not full.' }),
  ),
});

/** What happened, for programs that ask; a webhook tells those that wait. */
export function eventRoutes(service: Service): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/events',
      operationId: 'listEvents',
      summary: 'List what happened to backups and runs, oldest first',
      tags: ['events'],
      access: 'authenticated',
      query: EventQuery,
      responses: { 200: { description: 'A page of events.', schema: EventPage } },
      async handle(request) {
        const { after = 0, limit = 100 } = request.query as Static<typeof EventQuery>;
        const page = await service.listEvents(callContext(request), after, limit);
        const isFull = page.length === limit;
        return {
          status: 200,
          body: { items: page.map(eventView), next_after: isFull ? (page.at(-1)?.seq ?? null) : null },
        };
      },
    },
  ];
}
