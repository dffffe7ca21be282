import type { BackupChoice } from '../../core/backup.ts';
import { readDate } from './dates.ts';
import { type Body, badRequest, flagOf } from './members.ts';

/** The fields of which a recovery has exactly one, with how each chooses a backup. */
const readers = {
  latest: (value: unknown): BackupChoice => {
    // Yes as the pages write it, and true as a known client sends it.
    if (value === 'yes' || value === true) return { type: 'latest' };
    throw badRequest('latest', 'latest must be "yes".');
  },
  tag: (value: unknown): BackupChoice => ({ type: 'tag', tag: textOf('tag', value) }),
  timestamp: (value: unknown): BackupChoice => {
    const second = readDate(textOf('timestamp', value));
    // Lists print whole seconds: the date of a backup means that backup.
    if (second !== null) return { type: 'time', notAfter: second + 999 };
    throw badRequest('timestamp', 'timestamp must be a moment in UTC like 23-Jul-2016 23:04:54.');
  },
  scn: (value: unknown): BackupChoice => ({ type: 'position', position: textOf('scn', value) }),
} satisfies Readonly<Record<string, (value: unknown) => BackupChoice>>;
type Field = keyof typeof readers;

const fields = Object.keys(readers) as readonly Field[];

export interface Recovery {
  readonly choice: BackupChoice;
  /** The field as it came, in the form of lists: `{"latest":"yes"}`. */
  readonly parameters: Readonly<Record<string, string>>;
}

/** Reads the body of a recovery. `keepForever`, which some clients add, means nothing here. */
export function readRecovery(body: Body): Recovery {
  flagOf(body, 'keepForever');
  const given = fields.filter((field) => body[field] !== undefined);
  const [field] = given;
  if (field === undefined || given.length > 1) {
    throw badRequest(
      'body',
      `A recovery has exactly one of ${fields.join(', ')}, not ${given.length === 0 ? 'none' : given.join(' and ')}.`,
    );
  }
  const choice = readers[field](body[field]);
  return { choice, parameters: { [field]: choice.type === 'latest' ? 'yes' : String(body[field]) } };
}

function textOf(field: Field, value: unknown): string {
  if (typeof value === 'string' && value.trim() !== '') return value.trim();
  throw badRequest(field, `${field} must be a text.`);
}
