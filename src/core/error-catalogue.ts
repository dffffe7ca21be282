import { accountErrors } from './account-errors.ts';
import { type CatalogueEntry, entry } from './error-entry.ts';
import { storageErrors } from './storage-errors.ts';

/**
 * Every error Pumphouse can report, by stable code. `docs/errors.md` is held equal to this table by a test.
 * Codes are never reused: a retired one moves to the list at the end of that page.
 */

/** Classes of errors; each renderer (log, CLI, HTTP, every API) is a total record over them. */
export type ErrorKind =
  | 'invalid' // the request is wrong: 400
  | 'unauthenticated' // no or wrong credentials: 401
  | 'forbidden' // the caller lacks the permission: 403
  | 'not_found' // the named thing does not exist: 404
  | 'method_not_allowed' // 405
  | 'not_acceptable' // 406
  | 'conflict' // the thing exists already or is in the wrong state: 409
  | 'precondition_failed' // If-Match and the like: 412
  | 'too_large' // 413
  | 'unsupported_media_type' // 415
  | 'unsupported' // this engine or storage cannot do it: 422
  | 'corrupt' // stored data is damaged or incomplete: 422
  | 'unavailable' // a server or the store cannot be reached, or refuses for now: 503
  | 'timeout' // a server does not answer: 504
  | 'aborted' // interrupted on purpose
  | 'lease_lost' // another worker owns the task now
  | 'snapshot_lost' // the consistent view is gone
  | 'internal'; // a defect of ours: 500

export const errorCatalogue = {
  // requests
  'request-malformed': entry(
    'invalid',
    'The body is not valid JSON, or not of the declared shape.',
    'Send valid JSON that follows the API description at /openapi.json.',
  ),
  'field-invalid': entry(
    'invalid',
    'A field holds a value outside its range or choices.',
    'Correct the field that the message names.',
  ),
  'expression-invalid': entry(
    'invalid',
    'A name, schema or tablespace expression or a row filter cannot be parsed, or uses more than what is allowed there.',
    "Write the tail of a predicate on a name: = 'A', <> 'A', LIKE 'A%', IN ('A', 'B'), BETWEEN 'A' AND 'B', with NOT where SQL allows it.",
  ),
  'filter-invalid': entry(
    'invalid',
    'The filter of a list request is malformed.',
    'Follow the filter grammar in the API description.',
  ),
  'mode-invalid': entry(
    'invalid',
    'The job mode is unknown, or its expressions do not fit it.',
    'Use full, schema, table or tablespace, with the expressions that the mode takes.',
  ),
  'selection-empty': entry(
    'invalid',
    'Nothing in the database or dump set matches the selection.',
    'Loosen the expressions; the message says what was looked for.',
  ),
  'file-name-invalid': entry(
    'invalid',
    'A file name or pattern leaves its directory, or holds an unknown substitution.',
    'Give a bare file name; %U stands for the file number, %% for a percent sign.',
  ),
  'location-invalid': entry(
    'invalid',
    'A location is neither a directory name nor a supported storage URL.',
    'Name a directory (pumphouse directory list), or give a storage URL such as s3://bucket/prefix.',
  ),
  'url-invalid': entry(
    'invalid',
    'A database URL cannot be parsed or has an unknown scheme.',
    'Use postgres://user@host:port/database or sqlite:/path/to/file.',
  ),
  'name-invalid': entry(
    'invalid',
    'A new name is empty, too long or has characters outside letters, digits, _ and -.',
    'Choose a name of 1 to 63 letters, digits, _ or -.',
  ),
  'option-invalid': entry(
    'invalid',
    'A configuration option has an invalid value.',
    'See docs/options.md for the option.',
  ),
  'option-unknown': entry(
    'not_found',
    'A configuration option of that name does not exist.',
    'See pumphouse config list, or docs/options.md.',
  ),
  usage: entry('invalid', 'The command line cannot be understood.', 'See pumphouse --help.'),
  // people
  unauthenticated: entry(
    'unauthenticated',
    'No credentials, or wrong ones.',
    'Send the name and password of a user (pumphouse user add NAME --role ROLE).',
  ),
  forbidden: entry(
    'forbidden',
    'The caller lacks the permission for this action.',
    'Ask an administrator for a role or grant that allows it.',
  ),
  // named things
  'database-unknown': entry(
    'not_found',
    'No database of that name is registered.',
    'Register it with pumphouse database add NAME URL; pumphouse database list shows the known ones.',
  ),
  'database-exists': entry(
    'conflict',
    'A database of that name is registered already.',
    'Choose another name, or remove the old one first.',
  ),
  ...accountErrors,
  'database-in-use': entry(
    'conflict',
    'A job of this database is not finished.',
    'Wait for the job or cancel it first.',
  ),
  'database-busy': entry(
    'conflict',
    'The request wants the database for itself, and another job of it is not finished.',
    'Try again when that job has ended.',
  ),
  'directory-unknown': entry(
    'not_found',
    'No directory of that name exists.',
    'Create it with pumphouse directory add NAME PATH; pumphouse directory list shows the known ones.',
  ),
  'directory-exists': entry('conflict', 'A directory of that name exists already.', 'Choose another name.'),
  'directory-in-use': entry(
    'conflict',
    'A job that writes to or reads from this directory is not finished.',
    'Wait for the job or cancel it first.',
  ),
  'credential-unknown': entry(
    'not_found',
    'No credential of that name exists, or it belongs to somebody else.',
    'Add it with pumphouse credential add NAME --type TYPE; pumphouse credential list shows your own.',
  ),
  'credential-exists': entry(
    'conflict',
    'A credential of that name exists already.',
    'Choose another name, or remove the old one first.',
  ),
  'credential-in-use': entry(
    'conflict',
    'A directory or an unfinished job uses the credential.',
    'Remove the directory, or wait for the job or cancel it.',
  ),
  'user-unknown': entry('not_found', 'No user of that name exists.', 'See pumphouse user list.'),
  'user-exists': entry(
    'conflict',
    'A user of that name exists already.',
    'Choose another name, or remove the old one first.',
  ),
  // backups, schedules, definitions
  'backup-unknown': entry(
    'not_found',
    'There is no such backup, or none that the choice fits.',
    'See pumphouse backup list.',
  ),
  'backup-policy-missing': entry(
    'conflict',
    'The database has no backup policy.',
    'Set one: pumphouse backup policy set DATABASE --to LOCATION.',
  ),
  'backup-state': entry(
    'conflict',
    'The backup is not in a state that allows this.',
    'See its state: pumphouse backup show ID.',
  ),
  'proof-failed': entry(
    'corrupt',
    'A backup could not be read or restored, or what came back differs from what was saved.',
    'The message says what differs; the backup before it stays. Start a new backup.',
  ),
  'child-failed': entry(
    'unavailable',
    'A job that this job had started failed.',
    'Look at that job; then resume this one.',
  ),
  'schedule-invalid': entry(
    'invalid',
    'A cron line or a time zone cannot be read, or never comes.',
    'Write five fields, minute hour day month weekday, or six with seconds first, and an IANA time zone.',
  ),
  'workspace-unknown': entry(
    'not_found',
    'There is no workspace of that name or id.',
    'See pumphouse workspace list.',
  ),
  'workspace-exists': entry('conflict', 'A workspace of that name exists already.', 'Choose another name.'),
  'workspace-not-empty': entry(
    'conflict',
    'The workspace still holds something.',
    'Remove what is in it first.',
  ),
  'item-unknown': entry(
    'not_found',
    'The workspace has no definition, script, resource or connection of that name.',
    'See pumphouse definition list.',
  ),
  'item-exists': entry(
    'conflict',
    'The workspace has one of that name already.',
    'Choose another name, or change the one that is there.',
  ),
  'definition-invalid': entry(
    'invalid',
    'A definition cannot run: a node, a dependency, a condition or a name in it is wrong.',
    'Correct the node that the message names.',
  ),
  'definition-draft': entry(
    'conflict',
    'No version of the definition was submitted.',
    'Submit it first: pumphouse definition submit NAME.',
  ),
  'archive-invalid': entry(
    'invalid',
    'A file of definitions is no zip, or holds what it must not.',
    'Use a file that an export of definitions wrote.',
  ),
  'script-invalid': entry(
    'invalid',
    'A script cannot be read, or holds what scripts must not do.',
    'Correct the line that the message names.',
  ),
  'script-failed': entry(
    'invalid',
    'The database refused a statement of a script.',
    'Correct the statement that the message names, then resume the run.',
  ),
  'script-uncertain': entry(
    'conflict',
    'A statement that cannot be in a transaction was cut off: nobody knows whether it took effect.',
    'Look at the database, then resume the run: the statement is run again.',
  ),
  'request-failed': entry(
    'unavailable',
    'An HTTP request of a run was answered with an error.',
    'Look at the service that answered; then resume the run.',
  ),
  'run-timeout': {
    kind: 'timeout',
    when: 'A node of a run, or the run, took longer than its definition allows.',
    hint: 'Find out what took so long, or allow more time; then resume the run, which counts its time anew.',
    temporary: false,
  },
  'access-key-unknown': entry(
    'not_found',
    'There is no access key of that id.',
    'See pumphouse user key list.',
  ),
  'job-unknown': entry(
    'not_found',
    'No job of that id or name exists, or it is not visible to the caller.',
    'See pumphouse jobs list.',
  ),
  'job-exists': entry(
    'conflict',
    'A job of that name exists already for the database.',
    'Choose another job name.',
  ),
  'job-state': entry(
    'conflict',
    'The job is not in a state that allows this action.',
    'Look at the job first (pumphouse jobs show ID).',
  ),
  'idempotency-mismatch': entry(
    'conflict',
    'The idempotency key was used before for another request.',
    'Use a new key for a new request.',
  ),
  'file-unknown': entry('not_found', 'The job has no file of that name.', 'Follow the links of the job.'),
  'report-unknown': entry(
    'not_found',
    'The job has no report: it neither estimates nor is a dry run, or is not that far.',
    'Start an export with estimate or an import with dry_run, and ask again when it is completed.',
  ),
  'route-unknown': entry(
    'not_found',
    'The address is not served.',
    'See the API description at /openapi.json.',
  ),
  'method-not-allowed': entry(
    'method_not_allowed',
    'The address does not take this method.',
    'See the Allow header.',
  ),
  'not-acceptable': entry(
    'not_acceptable',
    'The answer cannot be given in a media type that the caller accepts.',
    'Send Accept: application/json.',
  ),
  'media-type-unsupported': entry(
    'unsupported_media_type',
    'The request body has a media type that is not read.',
    'Send Content-Type: application/json.',
  ),
  'body-too-large': entry('too_large', 'The request body is larger than the limit.', 'Send a smaller body.'),
  'precondition-failed': entry(
    'precondition_failed',
    'If-Match does not hold: the resource has changed.',
    'Read it again and repeat.',
  ),
  // databases
  'database-refused': entry(
    'unauthenticated',
    'The database server refused the user or password.',
    'Correct the credentials in the database URL (pumphouse database add).',
  ),
  'database-unreachable': entry(
    'unavailable',
    'The database server cannot be reached, or closed the connection.',
    'Check that it runs and that host and port are right.',
  ),
  'database-timeout': entry(
    'timeout',
    'The database server does not answer in time.',
    'Check the server and the network, or raise the time-out.',
  ),
  'database-away': entry(
    'unavailable',
    'The database could not be used when it was tried, just now or a moment ago.',
    'It is tried again by itself; pumphouse status shows which databases are away.',
  ),
  'database-missing': entry(
    'not_found',
    'The server has no such database, or the file does not exist.',
    'Correct the database URL.',
  ),
  'database-not-a-database': entry(
    'corrupt',
    'The file is not a database of this engine, or is damaged.',
    'Check the path.',
  ),
  'database-locked': entry(
    'unavailable',
    'Another process holds a lock on the database.',
    'Wait for it to end and try again.',
  ),
  'database-privilege': entry(
    'forbidden',
    'The database user lacks a privilege that the work needs.',
    'Grant the privilege that the message names.',
  ),
  'database-statement': entry(
    'invalid',
    'The database refused a statement or a value.',
    "The message is the database's own.",
  ),
  'database-full': entry(
    'unavailable',
    'The database has no space or no connections left.',
    'Make room and try again.',
  ),
  'preflight-failed': entry(
    'unsupported',
    'The preflight found that the job cannot work.',
    'Follow the remedies of the findings.',
  ),
  'object-exists': entry(
    'conflict',
    'The target has an object of that name already.',
    'Import into an empty schema, remap the schema, or drop the object first.',
  ),
  'table-in-use': entry(
    'conflict',
    'A table of the target cannot be emptied or dropped, because something else refers to it.',
    'Name those tables in the selection too, or remove what refers to it, or use table_exists_action append or skip.',
  ),
  'table-unfit': entry(
    'conflict',
    'A table of the target cannot take the rows of the job.',
    'Correct the table, or have it made anew with table_exists_action replace.',
  ),
  'rows-differ': entry(
    'corrupt',
    'The number of rows written differs from the manifest.',
    'Look at the job log for the table; verify the dump set.',
  ),
  'snapshot-lost': entry(
    'snapshot_lost',
    'The snapshot that the job read from is gone.',
    'The job starts its data again under a new snapshot by itself.',
  ),
  'receipts-missing': entry(
    'conflict',
    'The target does not know the job any more: its receipts were removed, or are of a later try.',
    'Look whether somebody has removed the schema _pumphouse of the target. Cancel the job, drop what it made in the target, and start it again.',
  ),
  'definitions-changed': entry(
    'conflict',
    'The definitions of the source have changed since the job made them in the target.',
    'Cancel the job, drop what it made in the target, and start it again.',
  ),
  unsupported: entry(
    'unsupported',
    'This engine or storage cannot do what was asked.',
    'See the capabilities in the documentation.',
  ),
  'remap-impossible': entry(
    'unsupported',
    'A remap cannot be proved correct for a statement.',
    'Import without the remap, or leave the object out.',
  ),
  ...storageErrors,
  // the service itself
  'data-folder-locked': entry(
    'conflict',
    'Another Pumphouse runs on the same data folder.',
    'Stop it, or choose another folder with --data; commands can share one while pumphouse serve runs on it.',
  ),
  'data-folder-unwritable': entry(
    'unavailable',
    'The data folder cannot be created or written.',
    'Choose a writable folder with --data DIR or PUMPHOUSE_DATA.',
  ),
  'store-version': entry(
    'unsupported',
    'The job store was written by a newer Pumphouse.',
    'Use the newer Pumphouse.',
  ),
  'store-unavailable': entry(
    'unavailable',
    'The job store does not answer.',
    'Nothing is lost: ask again in a moment. If it goes on, look at the PostgreSQL server of PUMPHOUSE_STORE.',
  ),
  'store-refused': entry(
    'unsupported',
    'The job store cannot be used as it is.',
    'Correct PUMPHOUSE_STORE, or give its user the rights that docs/guides/scale-out.md names.',
  ),
  'wallet-mismatch': entry(
    'unsupported',
    'The wallet key is not the one that the shared store is sealed with.',
    'Give every instance the same PUMPHOUSE_WALLET_KEY.',
  ),
  'not-shared': entry(
    'unsupported',
    'The place is of one machine, and the job may run on any instance.',
    'Use a storage that every instance reaches (s3://, sftp:// ...), or mark a folder that all of them mount: pumphouse directory add NAME PATH --shared.',
  ),
  'port-in-use': entry(
    'conflict',
    'Another program listens on the port.',
    'Choose another with --port N or PUMPHOUSE_PORT.',
  ),
  'address-unavailable': entry(
    'invalid',
    'The host name or address cannot be listened on.',
    'Choose an address of this machine with --host.',
  ),
  'mail-unsent': entry(
    'unavailable',
    'The mail about the end of a job cannot be handed to the mail server. The job is as it is.',
    'Look at smtp-url, and at the log of the mail server.',
  ),
  'webhook-unsent': entry(
    'unavailable',
    'The receiver of a webhook does not take an event. What happened is as it is.',
    'Look at webhook-url, and at the log of the receiver.',
  ),
  'service-unreachable': entry(
    'unavailable',
    'The service of this data folder does not answer.',
    'Start it with pumphouse serve, or remove service.json in the data folder if it is gone.',
  ),
  'shutting-down': entry(
    'unavailable',
    'The service is stopping and takes no new jobs.',
    'Try again once it runs.',
  ),
  aborted: entry(
    'aborted',
    'The work was interrupted by a stop, a cancel or the end of the process.',
    'Resume the job.',
  ),
  'lease-lost': entry(
    'lease_lost',
    'Another worker owns the task now; this one must stop.',
    'Nothing to do.',
  ),
  internal: entry('internal', 'A defect of Pumphouse.', 'Report it with the log.'),
} as const satisfies Record<string, CatalogueEntry>;

/** The stable code of an error. */
export type ErrorCode = keyof typeof errorCatalogue;
