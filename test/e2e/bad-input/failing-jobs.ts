import { exporting, importing } from './refusal.ts';

/** A job that is taken, and then fails. */
export interface FailingJob {
  readonly body: object;
  readonly code: string;
  /** The field of the request that is to blame; null for none. */
  readonly field: string | null;
  /** The message, a line end, and the hint. */
  readonly says: RegExp;
}

const failing = (body: object, code: string, field: string | null, says: RegExp): FailingJob => ({
  body,
  code,
  field,
  says,
});

export const failingJobs: Readonly<Record<string, FailingJob>> = {
  'an export that selects nothing': failing(
    exporting({ mode: 'table', name_expressions: ["LIKE 'submarine%'"] }),
    'selection-empty',
    'name_expressions',
    /database shop matches: looked in table mode for name LIKE 'submarine%'.*\n.*Loosen/,
  ),
  'an import that selects nothing': failing(
    importing({ directory: 'good', name_expressions: ["= 'submarine'"] }),
    'selection-empty',
    'name_expressions',
    /the dump set matches: .*'submarine'.*\n.*Loosen/,
  ),
  'an import of a set with a flipped bit': failing(
    importing({ directory: 'flipped' }),
    'dump-damaged',
    null,
    /GOOD02\.DMP.*\n.*Copy the file again/,
  ),
  'an export of a file that is no database': failing(
    exporting({ database: 'notes' }),
    'database-not-a-database',
    null,
    /not an SQLite database.*\n.*path/,
  ),
  'an export of a database that does not exist': failing(
    exporting({ database: 'gone' }),
    'database-missing',
    null,
    /nowhere\/gone\.db.*\n.*database URL/,
  ),
  'an export of a server that is down': failing(
    exporting({ database: 'down' }),
    'database-unreachable',
    null,
    /127\.0\.0\.1:\d+ cannot be reached.*\n.*host and port/,
  ),
  'an export of a server that says nothing': failing(
    exporting({ database: 'hung' }),
    'database-timeout',
    null,
    /127\.0\.0\.1:\d+ did not answer within 1 s.*\n.*time-out/,
  ),
};
