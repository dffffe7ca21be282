import { type Command, Option } from 'commander';
import { consistencies, contents, jobModes, tableExistsActions } from '../core/request.ts';
import type { CommandDetails } from './define-command.ts';

/* The options that several commands share which start a job. */

/** Commands that run a job take the options of running jobs. */
export const running: CommandDetails = { reads: ['all', 'places', 'jobs'] };

/** Commands that go to a place of dump files, without a job. */
export const reaching: CommandDetails = { reads: ['all', 'places'] };

/** Values of an option that may repeat. */
export const collect = (value: string, previous: readonly string[] = []): readonly string[] => [
  ...previous,
  value,
];

/** With what a storage URL is entered. */
export const addCredentialFlag = (command: Command): Command =>
  command.option('--credential <name>', 'The credential that a storage URL is entered with.');

/** What a job is about. */
export function addSelection(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--mode <mode>',
        'What the job is about; default: what the other options imply, else full.',
      ).choices(jobModes),
    )
    .option('--schema <name>', 'Only this schema; may repeat.', collect)
    .option('--table <name>', 'Only this table; may repeat.', collect)
    .option('--tablespace <name>', 'Only tables of this tablespace; may repeat.', collect)
    .option(
      '--name <expression>',
      'Only objects whose name satisfies it, like "LIKE \'EMP%\'"; may repeat, all must hold.',
      collect,
    )
    .addOption(new Option('--content <content>', 'Rows, definitions or both; default all.').choices(contents))
    .option(
      '--include <type[:expression]>',
      'Only objects of this type, like "INDEX" or "INDEX:LIKE \'TMP%\'"; may repeat.',
      collect,
    )
    .option('--exclude <type[:expression]>', 'No objects of this type; may repeat.', collect);
}

/** How rows are read. */
export function addReading(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--consistency <consistency>',
        'All rows of one instant, or those of each table; default snapshot.',
      ).choices(consistencies),
    )
    .option('--query <table:predicate>', 'Only these rows, like "hr.emp:salary > 1000"; may repeat.', collect)
    .option(
      '--sample <[table:]percent>',
      'A random part of the rows of all tables or of one; may repeat.',
      collect,
    )
    .option('--exclude-column <table.column>', 'Leave out the values of this column; may repeat.', collect)
    .option(
      '--mask <table.column:method>',
      'Hide the values of this column: null, hash, constant:VALUE or partial:FIRST:LAST; may repeat.',
      collect,
    );
}

/** How objects are brought into a database. */
export function addWriting(command: Command): Command {
  return command
    .option('--remap-schema <source:target>', 'Make a schema under another name; may repeat.', collect)
    .option('--remap-table <table:name>', 'Make a table under another name; may repeat.', collect)
    .option('--remap-tablespace <source:target>', 'Use another tablespace; may repeat.', collect)
    .option(
      '--remap-owner <source:target>',
      'Name another role as owner, grantee, in policies; may repeat.',
      collect,
    )
    .option(
      '--remap-keys <old:new>',
      'Give keys another beginning; with colons, each part in double quotes: \'"user:":"customer:"\'; may repeat.',
      collect,
    )
    .addOption(
      new Option(
        '--table-exists <action>',
        'What becomes of a table that is there already (of rows, where they have keys); default: it refuses the job.',
      ).choices(tableExistsActions),
    )
    .option('--globals', 'Make roles and tablespaces too.');
}

/** How a job is run. Those that are made already have their threads and their priority. */
export function addRunning(command: Command, threads = true, priority = true): Command {
  if (priority) {
    command.option('--priority <n>', 'From -10 to 10: jobs of a higher one go first; default 0.');
  }
  if (threads) command.option('--threads <n>', 'The most tasks at once; default 1.');
  command.option('--mail', 'Tell by e-mail when the job completes or fails.');
  return command.option('--detach', 'Return as soon as the job is accepted; needs a running service.');
}
