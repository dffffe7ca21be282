import Type, { type Static } from 'typebox';
import { missedRuns, overlaps, type ScheduleRule } from '../../core/schedule.ts';
import { nullable, Timestamp, timestamp, words } from './schema-parts.ts';

/** When something is to run, in requests and answers. What is optional here is there in every answer. */
export const ScheduleRuleSchema = Type.Object(
  {
    cron: Type.String({
      description: 'Minute, hour, day, month, weekday; or six fields, with seconds first.',
      examples: ['30 2 * * *'],
    }),
    time_zone: Type.Optional(
      Type.String({ description: 'IANA time zone; UTC by default.', examples: ['Europe/Zurich'] }),
    ),
    start_at: Type.Optional(nullable(Timestamp('Not before; null: from now on.'))),
    end_at: Type.Optional(nullable(Timestamp('Not after; null: for ever.'))),
    missed: Type.Optional(
      words(
        missedRuns,
        'Of the times that went by while the service was down: none, one for all (the default), or each.',
      ),
    ),
    overlap: Type.Optional(
      words(
        overlaps,
        'When a time comes while the run before still works: it is left out (the default), or waits.',
      ),
    ),
  },
  {
    $id: 'ScheduleRule',
    description: 'A cron line in a time zone, daylight saving included.',
    additionalProperties: false,
  },
);
export type ScheduleRuleJson = Static<typeof ScheduleRuleSchema>;

/** The rule as the service takes it, with its defaults. */
export const decodeScheduleRule = (json: ScheduleRuleJson): ScheduleRule => ({
  cron: json.cron,
  timeZone: json.time_zone ?? 'UTC',
  startAt: msOf(json.start_at),
  endAt: msOf(json.end_at),
  missed: json.missed ?? 'once',
  overlap: json.overlap ?? 'skip',
});

/** The reverse, with all members. */
export const encodeScheduleRule = (rule: ScheduleRule): Required<ScheduleRuleJson> => ({
  cron: rule.cron,
  time_zone: rule.timeZone,
  start_at: rule.startAt === null ? null : timestamp(rule.startAt),
  end_at: rule.endAt === null ? null : timestamp(rule.endAt),
  missed: rule.missed,
  overlap: rule.overlap,
});

const msOf = (time: string | null | undefined): number | null =>
  time === null || time === undefined ? null : Date.parse(time);
