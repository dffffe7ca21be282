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

interface CatalogueEntry {
  readonly kind: ErrorKind;
  /** When it happens: the row of docs/errors.md. */
  readonly when: string;
  /** The remedy shown when the place that raises it has no better one. */
  readonly hint: string;
  /** A retry of the same call may succeed, where the kind alone does not tell: what is unavailable or silent mostly comes back. */
  readonly temporary?: boolean;
}

const entry = (kind: ErrorKind, when: string, hint: string): CatalogueEntry => ({ kind, when, hint });

/** Of kind `unavailable`, and nothing that time alone mends. */
const lasting = (when: string, hint: string): CatalogueEntry => ({
  kind: 'unavailable',
  when,
  hint,
  temporary: false,
});

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
  // storages and dump sets
  'file-exists': entry(
    'conflict',
    'A file of that name exists and overwriting was not asked for.',
    'Choose another file name or location, or remove the file.',
  ),
  'file-missing': entry(
    'not_found',
    'A file of the dump set does not exist.',
    'Check the location and the file pattern.',
  ),
  'storage-unwritable': entry(
    'unavailable',
    'The location cannot be written to.',
    'Check the permissions and the free space of the location.',
  ),
  'storage-failed': entry(
    'unavailable',
    'The storage reported an error.',
    'Check the storage; the message is its own.',
  ),
  'storage-timeout': entry(
    'timeout',
    'The storage does not answer in time.',
    'Check the storage and the network.',
  ),
  'storage-unreachable': entry(
    'unavailable',
    'Nobody answers at the storage, or the connection broke.',
    'Check the endpoint, the network and the firewall.',
  ),
  'storage-throttled': entry(
    'unavailable',
    'The storage asks for fewer requests.',
    'Use fewer threads, or lower the option storage-concurrency.',
  ),
  'storage-denied': lasting(
    'The storage refuses the credential, or does not let it do this.',
    'Check the credential (pumphouse credential list) and its rights at the storage.',
  ),
  'storage-full': lasting(
    'The storage has no room left, or a quota is used up.',
    'Make room or raise the quota, then resume the job.',
  ),
  'bucket-missing': lasting(
    'The bucket or container of the location does not exist.',
    'Create it at the storage, or correct the location.',
  ),
  'host-key-changed': lasting(
    'An SSH server shows another host key than the pinned one, or none is pinned.',
    'Compare the fingerprint with the server administrator, then set the option host-key of the credential.',
  ),
  'address-refused': entry(
    'forbidden',
    'The URL policy refuses the address that a URL leads to.',
    'Allow the host or its range with the option url-allow (PUMPHOUSE_URL_ALLOW).',
  ),
  'dump-in-use': entry(
    'conflict',
    'An unfinished job reads, writes or removes the dump set.',
    'Wait for the job or cancel it first.',
  ),
  'file-size-too-small': entry(
    'invalid',
    'The dump set cannot be cut into files of that size: a table or a part of it is larger, or they would be too many.',
    'Give a larger file_size.',
  ),
  'encryption-key-missing': entry(
    'invalid',
    'The dump set is encrypted and no key was given.',
    'Name the credential that holds the key: --decrypt NAME, or encryption_key in requests.',
  ),
  'encryption-key-wrong': entry(
    'invalid',
    'The key given is not the one that the dump set was encrypted with.',
    'Name the credential that holds the right key; nothing has been written.',
  ),
  'dump-incomplete': entry(
    'corrupt',
    'The dump set has no manifest: its export did not complete.',
    'Resume the export, or use another dump set.',
  ),
  'dump-truncated': entry(
    'corrupt',
    'A file of the dump set is shorter or longer than the manifest says.',
    'Copy the file again from its source, or use another dump set.',
  ),
  'dump-damaged': entry(
    'corrupt',
    'The content of a dump set does not match its digest.',
    'Copy the file again from its source, or use another dump set.',
  ),
  'dump-version': entry(
    'unsupported',
    'The dump set was written by a newer format version.',
    'Use a newer Pumphouse.',
  ),
  'dump-not-a-dump': entry(
    'corrupt',
    'The location holds no dump set, or its manifest cannot be read.',
    'Check the location and the file pattern.',
  ),
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
