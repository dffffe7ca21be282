import type { Job, JobKind } from '../core/job.ts';
import type { Mail } from './mailer.ts';

const nounOf: Readonly<Record<JobKind, string>> = {
  export: 'Export',
  import: 'Import',
  copy: 'Copy',
  verify: 'Verification',
  dump_copy: 'Copy of a dump set',
  dump_delete: 'Removal of a dump set',
  backup: 'Backup',
  backup_verify: 'Verification of a backup',
  backup_delete: 'Removal of backups',
  restore: 'Restore',
  run: 'Run',
  definition_import: 'Import of definitions',
};

/** The mail that tells how a job ended. It holds nothing of the request, which may name places that are nobody else's business. */
export function jobMail(job: Job, to: readonly string[]): Mail {
  const { name, database, kind, state, errorCount, error, progress } = job;
  const what = `${nounOf[kind]} ${name}${database === '' ? '' : ` of database ${database}`}`;
  const how = state === 'failed' ? 'failed' : `completed${errorsText(errorCount)}`;
  const facts: readonly (readonly [label: string, value: string])[] = [
    ['Job', `${name} (${job.id})`],
    ...(database === '' ? [] : [['Database', database] as const]),
    ['Asked for by', job.owner],
    ['Asked for', time(job.createdAt)],
    ...(job.finishedAt === null ? [] : [['Ended', time(job.finishedAt)] as const]),
    ['Rows', count(progress.rowsDone)],
    ['Bytes', count(progress.bytesDone)],
    ['Errors', count(errorCount)],
  ];
  const widest = Math.max(...facts.map(([label]) => label.length));
  return {
    to,
    id: `${job.id}.${job.finishedAt ?? 0}`,
    subject: `${what} ${how}`,
    text: [
      `${what} ${how}.`,
      ...(error === null ? [] : ['', error.message, error.hint]),
      '',
      ...facts.map(([label, value]) => `${`${label}:`.padEnd(widest + 2)}${value}`),
      '',
      'The log of the job says more.',
      '',
    ].join('\n'),
  };
}

const errorsText = (errors: number): string =>
  errors === 0 ? '' : ` with ${count(errors)} ${errors === 1 ? 'error' : 'errors'}`;

const time = (ms: number): string => new Date(ms).toISOString().replace(/\.\d+Z$/, 'Z');
const count = (value: number): string => value.toLocaleString('en-US');
