import { type BackupPolicy, proofMethods, type RetentionRules } from '../core/backup.ts';
import { isTimeZone } from '../core/cron.ts';
import { AppError } from '../core/errors.ts';
import {
  fieldInvalid,
  readChoice,
  readCredentialName,
  readLocation,
  readPriority,
  readText,
  readThreads,
  spell,
} from './input.ts';
import { readSchedule } from './schedule-input.ts';

/** What a caller says of a policy, checked as far as that needs nothing but itself. */
export type PolicyInput = Omit<BackupPolicy, 'owner' | 'updatedAt'>;

const mostKept = 100_000;

/** Reads a whole policy: what is absent has its default. Throws `field-invalid` and `schedule-invalid` naming the field. */
export function readPolicy(
  input: Readonly<Record<string, unknown>>,
  { now, threadsMax }: { readonly now: number; readonly threadsMax: (database: string) => number },
): PolicyInput {
  if (input.location === undefined || input.location === null) {
    throw fieldInvalid(
      'location',
      'is missing',
      'Say where the backups go: a directory, or a storage URL with its credential.',
    );
  }
  const schedule = readSchedule(input.schedule, 'schedule', now);
  const database = readText(input.database, 'database', 'Name a registered database.', 63);
  const priority = readPriority(input.priority);
  return {
    database,
    location: readLocation(input.location),
    encryptionKey: readCredentialName(input.encryptionKey, 'encryption_key'),
    verify: readChoice(input.verify, 'verify', proofMethods) ?? 'digest',
    scratchDatabase: readScratchDatabase(input.scratchDatabase),
    retention: readRetention(input.retention, schedule?.timeZone ?? 'UTC'),
    schedule,
    threads: readThreads(input.threads, threadsMax(database)),
    ...(priority === undefined ? {} : { priority }),
  };
}

export const readScratchDatabase = (value: unknown): string | null =>
  value === undefined || value === null
    ? null
    : readText(value, 'scratch_database', 'Name a registered database that may be emptied.', 63);

/** @param timeZone whose days are meant where the rules name none */
function readRetention(value: unknown, timeZone: string): RetentionRules {
  if (value !== undefined && (typeof value !== 'object' || value === null || Array.isArray(value))) {
    throw fieldInvalid(
      'retention',
      `must be an object, not ${spell(value)}`,
      'Give {keepLast: 7}, for example.',
    );
  }
  const input = (value ?? {}) as Readonly<Record<string, unknown>>;
  return {
    keepLast: readCount(input.keepLast, 'keep_last'),
    keepDaily: readCount(input.keepDaily, 'keep_daily'),
    keepWeekly: readCount(input.keepWeekly, 'keep_weekly'),
    keepMonthly: readCount(input.keepMonthly, 'keep_monthly'),
    keepDays: readCount(input.keepDays, 'keep_days'),
    timeZone: readTimeZone(input.timeZone) ?? timeZone,
  };
}

function readCount(value: unknown, member: string): number | null {
  if (value === undefined || value === null) return null;
  const isCount = typeof value === 'number' && Number.isInteger(value) && value >= 1 && value <= mostKept;
  if (isCount) return value;
  throw fieldInvalid(
    `retention.${member}`,
    `must be a whole number from 1 to ${mostKept}, not ${spell(value)}`,
    'Leave it out for a rule that keeps nothing.',
  );
}

function readTimeZone(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  const field = 'retention.time_zone';
  const name = readText(value, field, 'Name an IANA time zone such as Europe/Zurich.', 100);
  if (isTimeZone(name)) return name;
  throw new AppError('schedule-invalid', {
    field,
    message: `There is no time zone ${JSON.stringify(name)}.`,
  });
}
