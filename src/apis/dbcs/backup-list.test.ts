import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sampleJob } from '../../../test/harness/ords-fixture.ts';
import type { Backup } from '../../core/backup.ts';
import type { Job } from '../../core/job.ts';
import { backupList } from './backup-list.ts';

const minute = 60_000;
const startOf = (id: number): number => Date.UTC(2026, 1, 13, 2, id);

function backup(id: number, changes: Partial<Backup> = {}): Backup {
  return {
    id,
    database: 'tides1',
    engine: 'sqlite',
    tag: `TAG20260213T02${String(id).padStart(2, '0')}30`,
    state: 'completed',
    jobId: `job${id}`,
    location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
    filePattern: `BACKUP_${id}`,
    encryptionKey: null,
    keepForever: false,
    startedAt: startOf(id),
    completedAt: startOf(id) + minute / 2,
    bytes: 1,
    rows: 1,
    position: null,
    error: null,
    proofs: [],
    deletedAt: null,
    deletedReason: null,
    ...changes,
  };
}
const failed = { state: 'failed', tag: null, completedAt: null, error: 'No.' } as const;
const running = { state: 'running', tag: null, completedAt: null } as const;
const damaged = {
  proofs: [{ method: 'digest', at: 0, ok: false, message: 'A file differs.', jobId: 'proof' }],
} as const;
const job = (id: number, state: Job['state']): Job =>
  sampleJob('BACKUP', { id: `job${id}`, state, startedAt: startOf(id), createdAt: startOf(id) - minute });

const shown = (backups: readonly Backup[], jobs: readonly Job[] = []): readonly string[] =>
  backupList(backups, jobs).map((item) =>
    [item.status, 'dbTag' in item ? item.dbTag : item.backupStartDate].join(' '),
  );

test('one in progress, the last that failed, and all that are completed, newest first', () => {
  const backups = [
    backup(7, running),
    backup(6),
    backup(5, failed),
    backup(4),
    backup(3, failed),
    backup(2, { state: 'deleting' }),
    backup(1),
  ];
  assert.deepEqual(shown(backups, [job(7, 'executing')]), [
    'IN PROGRESS 13-Feb-2026 02:07:00 UTC',
    'COMPLETED TAG20260213T020630',
    'FAILED 13-Feb-2026 02:05:00 UTC',
    'COMPLETED TAG20260213T020430',
    'COMPLETED TAG20260213T020130',
  ]);
  assert.deepEqual(backupList([backup(1)], []), [
    { backupCompleteDate: '13-Feb-2026 02:01:30 UTC', dbTag: 'TAG20260213T020130', status: 'COMPLETED' },
  ]);
});

test('what is not proved yet is in progress, what is damaged or was stopped has failed', () => {
  assert.deepEqual(shown([backup(2), backup(1)], [job(2, 'executing')]), [
    'IN PROGRESS 13-Feb-2026 02:02:00 UTC',
    'COMPLETED TAG20260213T020130',
  ]);
  assert.deepEqual(shown([backup(2, damaged), backup(1)]), [
    'FAILED 13-Feb-2026 02:02:00 UTC',
    'COMPLETED TAG20260213T020130',
  ]);
  assert.deepEqual(shown([backup(1, running)], [job(1, 'stopped')]), ['FAILED 13-Feb-2026 02:01:00 UTC']);
});

test('of several at work the newest is shown, from when it was asked for until it begins', () => {
  const queued = { ...job(9, 'queued'), startedAt: null };
  assert.deepEqual(shown([backup(8, running)], [queued, job(8, 'executing')]), [
    'IN PROGRESS 13-Feb-2026 02:08:00 UTC',
  ]);
});
