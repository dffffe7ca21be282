import assert from 'node:assert/strict';
import test, { after, before } from 'node:test';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { Backup, BackupChoice, BackupProof } from '../core/backup.ts';
import { localAdministrator } from '../core/permission.ts';
import type { LocationRequest } from '../core/request.ts';

/* The catalogue as callers see it. The entries are put there by the test: what makes them is shown elsewhere. */

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const administrator = () => fixture.as(localAdministrator);
const dumps: LocationRequest = { type: 'directory', directory: 'DATA_PUMP_DIR' };
const day = 24 * 60 * 60 * 1000;
let jobs = 0;

interface Entry {
  readonly database?: string;
  /** Days before the fixture's time. */
  readonly daysAgo?: number;
  readonly state?: 'running' | 'completed' | 'failed';
  readonly damaged?: boolean;
  readonly position?: string;
  readonly engine?: string;
}

/** Adds an entry. */
async function add(entry: Entry = {}): Promise<Backup> {
  const { database = 'orders', daysAgo = 0, state = 'completed', engine = 'sqlite' } = entry;
  const { backups } = fixture.dependencies;
  jobs += 1;
  const at = fixture.now - daysAgo * day;
  const { id } = await backups.addBackup({
    database,
    engine,
    jobId: `job-${jobs}`,
    location: dumps,
    encryptionKey: null,
    keepForever: false,
    startedAt: at - 1000,
  });
  const position = entry.position ?? null;
  if (state === 'completed') {
    await backups.changeBackup(id, ['running'], {
      state,
      completedAt: at,
      rows: 5,
      bytes: 100,
      position,
      filePattern: `BACKUP_${id}`,
    });
  }
  if (state === 'failed') await backups.changeBackup(id, ['running'], { state, error: 'The disk is gone.' });
  if (entry.damaged === true) await prove(id, false);
  return (await backups.getBackup(id)) as Backup;
}

const prove = (id: number, ok: boolean): Promise<Backup> => {
  const message = ok ? '3 files are as they were written.' : 'data/1.zst differs from its digest.';
  const proof: BackupProof = { method: 'digest', at: fixture.now, ok, message, jobId: 'job-proof' };
  return fixture.dependencies.backups.addProof(id, proof);
};

/** A database with entries of its own for one test. */
async function database(name: string): Promise<string> {
  await fixture.service.addDatabase(administrator(), { name, url: `sqlite:${fixture.folder}/${name}.db` });
  return name;
}

const start = <T extends object>(input: T) => [administrator(), input, { api: 'native' }] as const;

test('a choice means the newest good backup that fits, and a refusal says what there is', async () => {
  const { service } = fixture;
  const of = await database('chosen');
  const choose = (choice: BackupChoice) => service.chooseBackup(administrator(), of, choice);
  await assert.rejects(choose({ type: 'latest' }), {
    code: 'backup-unknown',
    message: 'chosen has no backup that could be restored. There is none that could be restored.',
  });
  const first = await add({ database: of, daysAgo: 10 });
  const second = await add({ database: of, daysAgo: 5 });
  const damaged = await add({ database: of, daysAgo: 2, damaged: true });
  const failed = await add({ database: of, state: 'failed' });
  const other = await add({ database: 'orders' });

  const chosen: readonly (readonly [BackupChoice, Backup])[] = [
    [{ type: 'latest' }, second],
    [{ type: 'id', id: first.id }, first],
    [{ type: 'tag', tag: first.tag as string }, first],
    [{ type: 'time', notAfter: fixture.now - 5 * day }, second],
    [{ type: 'time', notAfter: fixture.now - 5 * day - 1 }, first],
  ];
  for (const [choice, { id }] of chosen) assert.equal((await choose(choice)).id, id, JSON.stringify(choice));

  const refused: readonly (readonly [choice: object, code: string, message: RegExp])[] = [
    [{ type: 'id', id: damaged.id }, 'backup-state', /is damaged: data\/1\.zst differs/],
    [{ type: 'tag', tag: damaged.tag }, 'backup-state', /is damaged/],
    [{ type: 'id', id: failed.id }, 'backup-state', /is failed\.$/],
    [{ type: 'id', id: other.id }, 'backup-unknown', /^chosen has no backup with the id/],
    [
      { type: 'tag', tag: 'TAG1' },
      'backup-unknown',
      /no backup with the tag TAG1\. There are 2, from TAG20261111/,
    ],
    [
      { type: 'time', notAfter: fixture.now - 11 * day },
      'backup-unknown',
      /completed by 2026-11-10T09:30:07\.000Z\. There are 2, from TAG20261111T093007 \(2026-11-11T09:30:07\.000Z\) to TAG20261116T093007/,
    ],
    [{ type: 'position', position: '0/1' }, 'unsupported', /No backup of chosen says where/],
    [{ type: 'time', notAfter: Number.NaN }, 'field-invalid', /no point in time/],
    [{ type: 'best' }, 'field-invalid', /says of no backup/],
  ];
  for (const [choice, code, message] of refused) {
    await assert.rejects(choose(choice as BackupChoice), { code, message }, JSON.stringify(choice));
  }
  // A later proof that is passed makes it good again.
  await prove(damaged.id, true);
  assert.equal((await choose({ type: 'latest' })).id, damaged.id);
});

test('of two that worked at the same time, the one that was completed last is the newest', async () => {
  const of = await database('parallel');
  const late = await add({ database: of, daysAgo: 1 });
  await add({ database: of, daysAgo: 3 });
  const { id } = await fixture.service.chooseBackup(administrator(), of, { type: 'latest' });
  assert.equal(id, late.id);
});

test('a position means the newest backup that does not go beyond it', async () => {
  const { service } = fixture;
  await service.addDatabase(administrator(), { name: 'pg', url: 'postgres://u@127.0.0.1:1/db' });
  const of = { database: 'pg', engine: 'postgres' };
  const positions = ['0/9', '0/10', '1/0'];
  for (const [at, position] of positions.entries()) await add({ ...of, daysAgo: 9 - at, position });
  await add({ ...of, daysAgo: 1 });
  const choose = async (position: string) =>
    (await service.chooseBackup(administrator(), 'pg', { type: 'position', position })).position;
  assert.equal(await choose('0/F'), '0/9');
  assert.equal(await choose('0/10'), '0/10');
  assert.equal(await choose('FF/0'), '1/0');
  await assert.rejects(choose('0/8'), { code: 'backup-unknown', message: /stands at 0\/8 or before/ });
  await assert.rejects(choose('17'), { code: 'field-invalid', field: 'position' });
});

test('lists are newest first, without what is gone, and hold what the caller may read', async () => {
  const { service } = fixture;
  const of = await database('listed');
  const [first, second, third] = [
    await add({ database: of }),
    await add({ database: of }),
    await add({ database: of }),
  ];
  const { backups } = fixture.dependencies;
  await backups.changeBackup(second.id, ['completed'], {
    state: 'deleting',
    deletedReason: 'asked for by x',
  });
  await backups.changeBackup(second.id, ['deleting'], { state: 'deleted', deletedAt: fixture.now });
  const list = async (query: object, who = administrator()) =>
    (await service.listBackups(who, query)).map(({ id }) => id);
  assert.deepEqual(await list({ database: of }), [third.id, first.id]);
  assert.deepEqual(await list({ database: of, states: ['deleted'] }), [second.id]);
  assert.deepEqual(await list({ database: of, limit: 1 }), [third.id]);
  await assert.rejects(list({ states: ['gone'] }), { code: 'field-invalid', field: 'states' });
  await assert.rejects(list({ limit: 0 }), { code: 'field-invalid', field: 'limit' });

  const developer = callerOf('dev', 'developer', ['listed']);
  await add({ database: 'orders' });
  assert.deepEqual(await list({}, fixture.as(developer)), [third.id, first.id]);
  assert.deepEqual(await list({ limit: 1 }, fixture.as(developer)), [third.id]);
  await assert.rejects(list({ database: 'orders' }, fixture.as(developer)), { code: 'forbidden' });
  assert.equal((await service.getBackup(fixture.as(developer), first.id)).id, first.id);
  const hidden = await add({ database: 'orders' });
  for (const id of [hidden.id, 99_999]) {
    await assert.rejects(service.getBackup(fixture.as(developer), id), {
      code: 'backup-unknown',
      message: `There is no backup ${id}.`,
    });
  }
});

test('a backup is kept for ever and released, by whoever may manage backups, until it is gone', async () => {
  const { service } = fixture;
  const { id } = await add();
  assert.equal((await service.keepBackup(administrator(), id, true)).keepForever, true);
  assert.equal((await service.keepBackup(administrator(), id, false)).keepForever, false);
  await assert.rejects(service.keepBackup(fixture.as(callerOf('ann', 'viewer')), id, true), {
    code: 'forbidden',
  });
  const [entry] = await fixture.registry.listAudit(1);
  assert.deepEqual([entry?.action, entry?.subject, entry?.outcome], ['backup:keep', String(id), 'refused']);
  await fixture.dependencies.backups.changeBackup(id, ['completed'], {
    state: 'deleting',
    deletedReason: 'x',
  });
  await assert.rejects(service.keepBackup(administrator(), id, true), { code: 'backup-state' });
});

test('a backup follows the policy as it is when it is asked for', async () => {
  const { service } = fixture;
  const of = await database('started');
  await assert.rejects(service.startBackup(...start({ database: of })), {
    code: 'backup-policy-missing',
    field: 'database',
  });
  await assert.rejects(service.startBackup(...start({ database: 'nowhere' })), { code: 'database-unknown' });
  const policy = await service.setBackupPolicy(administrator(), {
    database: of,
    location: dumps,
    threads: 3,
  });
  const { job } = await service.startBackup(...start({ database: of, keepForever: true }));
  assert.deepEqual(job.request, { kind: 'backup', database: of, policy, keepForever: true, threads: 3 });
  assert.match(job.name, /^BACKUP_20261121093007$/);
  for (const who of [callerOf('ann', 'viewer'), callerOf('dev', 'developer', ['orders'])]) {
    await assert.rejects(service.startBackup(fixture.as(who), { database: of }, { api: 'native' }), {
      code: 'forbidden',
    });
  }
  await assert.rejects(
    service.startBackup(administrator(), { database: of }, { api: 'native', onlyJobOfDatabase: true }),
    { code: 'database-busy' },
  );
  const again = { api: 'native', idempotencyKey: 'schedule:1:2' };
  const one = await service.startBackup(administrator(), { database: of }, again);
  const two = await service.startBackup(administrator(), { database: of }, again);
  assert.deepEqual([one.created, two.created, two.job.id], [true, false, one.job.id]);
});

test('a start that is repeated is the same one, whatever it would mean by now', async () => {
  const { service } = fixture;
  const of = await database('repeated');
  const first = await add({ database: of, daysAgo: 1 });
  const again = { api: 'native', idempotencyKey: 'restore 1' };
  const choice = { type: 'latest' } as const;
  const restore = () => service.startRestore(administrator(), { database: of, choice }, again);
  const { job } = await restore();
  await add({ database: of });
  const repeated = await restore();
  assert.deepEqual([repeated.created, repeated.job.id], [false, job.id]);
  assert.equal((job.request as { readonly backup: number }).backup, first.id);
  await assert.rejects(
    service.startRestore(administrator(), { database: of, choice, inPlace: true }, again),
    { code: 'idempotency-mismatch' },
  );

  const options = { api: 'native', idempotencyKey: 'schedule:7:8' };
  const policy = { database: of, location: dumps };
  await service.setBackupPolicy(administrator(), policy);
  const backup = await service.startBackup(administrator(), { database: of }, options);
  await service.setBackupPolicy(administrator(), { ...policy, verify: 'none', threads: 2 });
  const other = await service.startBackup(administrator(), { database: of }, options);
  assert.deepEqual([other.created, other.job.id], [false, backup.job.id]);
});

test('a proof is of a completed backup, into a database that may be thrown away', async () => {
  const { service } = fixture;
  const of = await database('proved');
  const good = await add({ database: of });
  const running = await add({ database: of, state: 'running' });
  const { job } = await service.startBackupVerify(...start({ backup: good.id }));
  assert.deepEqual(job.request, {
    kind: 'backup_verify',
    database: of,
    backup: good.id,
    method: 'digest',
    scratchDatabase: null,
    threads: 1,
  });
  const refused: readonly (readonly [input: object, code: string, field: string | undefined])[] = [
    [{ backup: running.id }, 'backup-state', 'backup'],
    [{ backup: 99_999 }, 'backup-unknown', 'backup'],
    [{ backup: 'x' }, 'field-invalid', 'backup'],
    [{ backup: good.id, method: 'none' }, 'field-invalid', 'method'],
    [{ backup: good.id, method: 'restore', scratchDatabase: of }, 'field-invalid', 'scratch_database'],
    [{ backup: good.id, method: 'restore', scratchDatabase: 'pg' }, 'unsupported', 'scratch_database'],
  ];
  for (const [input, code, field] of refused) {
    await assert.rejects(
      service.startBackupVerify(...start(input as { backup: number })),
      { code, field },
      JSON.stringify(input),
    );
  }
});

test('a proof by digest needs no registered database', async () => {
  const { service } = fixture;
  const of = await database('forgotten');
  const { id } = await add({ database: of });
  await service.removeDatabase(administrator(), of);
  const { job } = await service.startBackupVerify(...start({ backup: id }));
  assert.equal(job.database, of);
  await assert.rejects(service.startBackupVerify(...start({ backup: id, method: 'restore' as const })), {
    code: 'database-unknown',
  });
});

test('a restore goes where it is told to, from the backup that is meant', async () => {
  const { service } = fixture;
  const of = await database('restored');
  const into = await database('target');
  const old = await add({ database: of, daysAgo: 3 });
  const latest = await add({ database: of });
  const asked = async (input: object) =>
    (
      await service.startRestore(
        ...start({ choice: { type: 'latest' } as BackupChoice, database: of, ...input }),
      )
    ).job.request;
  assert.deepEqual(await asked({}), {
    kind: 'restore',
    database: of,
    backup: latest.id,
    how: { type: 'into', tableExistsAction: null },
    threads: 1,
  });
  assert.deepEqual(await asked({ database: into, from: of, threads: 2 }), {
    kind: 'restore',
    database: into,
    backup: latest.id,
    how: { type: 'into', tableExistsAction: null },
    threads: 2,
  });
  const truncating = await asked({ database: 'pg', tableExistsAction: 'truncate' });
  assert.deepEqual(truncating.kind === 'restore' && truncating.how, {
    type: 'into',
    tableExistsAction: 'truncate',
  });
  // An id says by itself whose backup is meant.
  const byId = await asked({ database: into, choice: { type: 'id', id: old.id } });
  assert.deepEqual([byId.database, byId.kind === 'restore' && byId.backup], [into, old.id]);

  const foreign = await add({ database: of, engine: 'redis' });
  const refused: readonly (readonly [input: object, code: string, field: string])[] = [
    [{ database: 'nowhere', from: of }, 'database-unknown', 'database'],
    [{ database: into }, 'backup-unknown', 'backup'],
    [{ choice: { type: 'id', id: foreign.id } }, 'unsupported', 'database'],
    [{ inPlace: true, tableExistsAction: 'skip' }, 'field-invalid', 'table_exists_action'],
    [{ keepOld: true }, 'field-invalid', 'keep_old'],
    [
      { choice: { type: 'id', id: old.id }, tableExistsAction: 'truncate' },
      'unsupported',
      'table_exists_action',
    ],
    [{ tableExistsAction: 'burn' }, 'field-invalid', 'table_exists_action'],
  ];
  for (const [input, code, field] of refused) {
    await assert.rejects(asked(input), { code, field }, JSON.stringify(input));
  }
  const developer = callerOf('dev', 'developer', [into]);
  await assert.rejects(
    service.startRestore(
      fixture.as(developer),
      { database: into, from: of, choice: { type: 'latest' } },
      { api: 'native' },
    ),
    { code: 'forbidden', message: /no grant on database restored/ },
  );
  const [entry] = await fixture.registry.listAudit(1);
  assert.deepEqual([entry?.action, entry?.subject, entry?.outcome], ['restore:start', into, 'refused']);
});

test('backups are removed by name, but for the last good one, unless it is insisted on', async () => {
  const { service } = fixture;
  const of = await database('cleared');
  const [one, two] = [await add({ database: of, daysAgo: 2 }), await add({ database: of })];
  const damaged = await add({ database: of, damaged: true });
  const running = await add({ database: of, state: 'running' });
  const foreign = await add({ database: 'orders' });
  const remove = (input: object) =>
    service.startBackupDelete(...start({ database: of, backups: [] as number[], ...input }));
  const { job } = await remove({ backups: [one.id, damaged.id, one.id] });
  const reason = 'asked for by local';
  assert.deepEqual(job.request, {
    kind: 'backup_delete',
    database: of,
    backups: [
      { id: one.id, reason },
      { id: damaged.id, reason },
    ],
    force: false,
    threads: 1,
  });
  const refused: readonly (readonly [input: object, code: string])[] = [
    [{}, 'field-invalid'],
    [{ backups: ['x'] }, 'field-invalid'],
    [{ backups: [99_999] }, 'backup-unknown'],
    [{ backups: [foreign.id] }, 'backup-unknown'],
    [{ backups: [running.id] }, 'backup-state'],
    [{ backups: [one.id, two.id] }, 'backup-state'],
  ];
  for (const [input, code] of refused) await assert.rejects(remove(input), { code }, JSON.stringify(input));
  const { request } = (await remove({ backups: [one.id, two.id], force: true })).job;
  assert.equal(request.kind === 'backup_delete' && request.force, true);
});

test('retention is planned and started by the rules of the policy', async () => {
  const { service } = fixture;
  const of = await database('pruned');
  await assert.rejects(service.planRetention(administrator(), of), { code: 'backup-policy-missing' });
  await service.setBackupPolicy(administrator(), {
    database: of,
    location: dumps,
    retention: { keepLast: 1 },
  });
  assert.equal(await service.startBackupPrune(...start({ database: of })), null);
  const old = await add({ database: of, daysAgo: 2 });
  const kept = await add({ database: of, daysAgo: 1 });
  await service.keepBackup(administrator(), kept.id, true);
  const newest = await add({ database: of });
  const plan = await service.planRetention(administrator(), of);
  assert.deepEqual(
    plan.keep.map(({ backup }) => backup.id),
    [newest.id, kept.id],
  );
  assert.deepEqual(
    plan.remove.map(({ backup }) => backup.id),
    [old.id],
  );
  const started = await service.startBackupPrune(...start({ database: of }));
  assert.deepEqual(started?.job.request, {
    kind: 'backup_delete',
    database: of,
    backups: [{ id: old.id, reason: 'retention: no rule keeps it (keep-last 1)' }],
    force: false,
    threads: 1,
  });
});

test('events are told to whoever may read what they are about', async () => {
  const { service, dependencies } = fixture;
  const event = (database: string | null, key: string) => ({
    type: 'backup.completed' as const,
    message: `Backup of ${database}.`,
    database,
    jobId: null,
    data: {},
    key,
  });
  for (const [key, database] of [
    ['a', 'orders'],
    ['b', null],
    ['c', 'empty'],
    ['c', 'empty'],
    ['d', 'orders'],
  ] as const) {
    await dependencies.tell(event(database, key));
  }
  const keys = async (who: ReturnType<typeof callerOf>, after = 0, limit?: number) =>
    (await service.listEvents(fixture.as(who), after, limit)).map(({ key }) => key);
  assert.deepEqual(await keys(callerOf('op', 'operator')), ['a', 'b', 'c', 'd']);
  assert.deepEqual(await keys(callerOf('ann', 'viewer')), ['a', 'c', 'd']);
  assert.deepEqual(await keys(callerOf('dev', 'developer', ['orders'])), ['a', 'd']);
  assert.deepEqual(await keys(callerOf('dev', 'developer', ['orders']), 0, 1), ['a']);
  assert.deepEqual(await keys(callerOf('op', 'operator'), 2), ['c', 'd']);
  await assert.rejects(keys(callerOf('op', 'operator'), -1), { code: 'field-invalid', field: 'after' });
  await assert.rejects(keys(callerOf('op', 'operator'), 0, 5000), { code: 'field-invalid', field: 'limit' });
});
