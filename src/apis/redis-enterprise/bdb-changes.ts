import { isDeepStrictEqual } from 'node:util';
import type { Bdb } from './bdb-view.ts';
import { storableSources } from './import-routes.ts';
import { type Body, kindOf, objectAt, refuseUnknown, requiredText } from './members.ts';
import { badRequest, notAcceptable } from './refusal.ts';
import type { BdbSettings, Tag } from './settings.ts';

/** Attributes of a bdb that are not there as long as nothing set them. */
export const absentKeys = [
  'action_uid',
  'backup_interval_offset',
  'backup_location',
  'email_notification_status',
  'last_backup_time',
  'last_export_time',
  'tags',
] as const;

const backupKeys = [
  'backup',
  'backup_interval',
  'backup_interval_offset',
  'backup_history',
  'backup_location',
];

/**
 * What a PUT changes. Clients that send an object back as they got it change nothing. Throws 400 for what is no attribute of a bdb or of a
 * wrong type, 406 for what cannot be changed here.
 * @param now the object as GET shows it
 */
export function readChanges(body: Body, now: Bdb): BdbSettings {
  refuseUnknown(body, [...Object.keys(now), ...absentKeys], 'The request body');
  let changes: BdbSettings = {};
  for (const [key, value] of Object.entries(body)) {
    checkType(key, value, now[key]);
    if (key === 'dataset_import_sources') changes = { ...changes, ...sourcesOf(value) };
    else if (isDeepStrictEqual(value, now[key])) continue;
    else if (key === 'skip_import_analyze') changes = { ...changes, skipImportAnalyze: switchOf(key, value) };
    else if (key === 'tags') changes = { ...changes, tags: tagsOf(value) };
    else if (backupKeys.includes(key)) refuseBackup(body);
    else {
      throw notAcceptable(
        `${key} cannot be changed here: this service exports and imports databases, and does not configure them.`,
      );
    }
  }
  return changes;
}

/** Scalars keep their types. */
function checkType(key: string, value: unknown, present: unknown): void {
  if (present === undefined || present === null || typeof present === 'object') return;
  if (typeof value === typeof present) return;
  throw badRequest(`${key} must be a ${typeof present}, not ${kindOf(value)}.`);
}

/** The empty list is what GET shows whatever is stored, and changes nothing; null takes what is stored away. */
function sourcesOf(value: unknown): BdbSettings {
  if (value === null) return { sources: null };
  return Array.isArray(value) && value.length === 0 ? {} : { sources: storableSources(value) };
}

function switchOf(key: string, value: unknown): 'enabled' | 'disabled' {
  if (value === 'enabled' || value === 'disabled') return value;
  throw badRequest(`${key} must be enabled or disabled.`);
}

function tagsOf(value: unknown): readonly Tag[] {
  if (!Array.isArray(value)) throw badRequest(`tags must be an array, not ${kindOf(value)}.`);
  if (value.length > 50) throw badRequest('tags has more than 50 entries.');
  const tags = value.map((entry: unknown, index) => {
    const where = `tags[${index}]`;
    const tag = objectAt(entry, where);
    refuseUnknown(tag, ['key', 'value'], where);
    return { key: requiredText(tag, 'key', where), value: requiredText(tag, 'value', where) };
  });
  const keys = tags.map(({ key }) => key);
  const repeated = keys.find((key, index) => keys.indexOf(key) < index);
  if (repeated === undefined) return tags;
  throw notAcceptable('Two tags have the same key.', 'invalid_bdb_tags');
}

function refuseBackup(body: Body): never {
  if (body.backup === true && body.backup_interval === undefined) {
    throw notAcceptable('backup is on, and backup_interval is missing.', 'missing_backup_interval');
  }
  throw notAcceptable(
    'Scheduled backups are not there yet: backup, backup_interval, backup_interval_offset, backup_history and backup_location cannot be changed. Export the database instead.',
  );
}
