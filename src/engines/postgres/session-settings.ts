/**
 * What every transaction of ours sets for itself, so that values come out and go in the same everywhere, whatever the
 * server, the database or the role say. SET LOCAL, so that it works through a pooler too.
 */
const common = (serverVersionNum: number): readonly string[] => [
  // As pg_dump and pg_restore: names are always qualified, and a malicious schema cannot slip in functions of its own.
  "search_path = ''",
  "client_encoding = 'UTF8'",
  "DateStyle = 'ISO, YMD'",
  "IntervalStyle = 'postgres'",
  "TimeZone = 'UTC'",
  // The shortest text that reads back as the same float.
  'extra_float_digits = 3',
  "bytea_output = 'hex'",
  // The type money is written in units of the locale.
  "lc_monetary = 'C'",
  'standard_conforming_strings = on',
  'xmloption = content',
  'array_nulls = on',
  'statement_timeout = 0',
  'idle_in_transaction_session_timeout = 0',
  ...(serverVersionNum >= 170_000 ? ['transaction_timeout = 0'] : []),
  // A client that is gone without a word is noticed after two minutes, instead of the hours that are usual: its transaction keeps locks.
  'tcp_keepalives_idle = 60',
  'tcp_keepalives_interval = 10',
  'tcp_keepalives_count = 6',
  // Rather an error than rows that a policy hides silently.
  'row_security = off',
];

const statements = (settings: readonly string[]): string =>
  settings.map((setting) => `SET LOCAL ${setting};`).join(' ');

/** For reading: at the beginning of a transaction. */
export const readSettings = (serverVersionNum: number): string =>
  statements([
    ...common(serverVersionNum),
    'synchronize_seqscans = off',
    'max_parallel_workers_per_gather = 0',
    // Longer waits mean that somebody waits for an exclusive lock behind the one that our snapshot holds: a deadlock
    // that the server cannot see.
    "lock_timeout = '15s'",
  ]);

/** For writing: at the beginning of a transaction. */
export const writeSettings = (serverVersionNum: number): string =>
  statements([
    ...common(serverVersionNum),
    'check_function_bodies = off',
    // Of a receipt that a dead worker's transaction still holds; DDL waits for longer by itself.
    "lock_timeout = '30s'",
    'transform_null_equals = off',
    // A receipt that the job's store has seen must survive a crash of the server, so `off` is out; replicas may lag.
    'synchronous_commit = local',
  ]);

/** For building indexes: raises maintenance_work_mem to 256 MB where it is lower. */
export const raiseMaintenanceMemory = `SELECT set_config('maintenance_work_mem', '262144', true)
FROM pg_settings WHERE name = 'maintenance_work_mem' AND setting::int8 < 262144`;
