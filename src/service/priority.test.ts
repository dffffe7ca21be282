import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { NewItem } from '../core/definition.ts';
import { AppError } from '../core/errors.ts';
import { everyDatabase, localAdministrator } from '../core/permission.ts';
import { createChildJobs } from './child-jobs.ts';
import { createStartJob } from './start-job.ts';

describe('the priority of jobs', () => {
  let fixture: ServiceFixture;
  before(async () => {
    fixture = await openServiceFixture();
  });
  after(() => fixture?.[Symbol.asyncDispose]());

  const dave = callerOf('dave', 'developer', [everyDatabase]);
  const olga = callerOf('olga', 'operator');
  const start = (caller: typeof dave, priority?: unknown) =>
    fixture.service.startExport(
      fixture.as(caller),
      { database: 'orders' },
      { api: 'native', ...(priority === undefined ? {} : { priority: priority as number }) },
    );
  const isForbidden = (error: unknown) => error instanceof AppError && error.code === 'forbidden';

  it('is 0 unless it is named, and goes with the job', async () => {
    assert.equal((await start(dave)).job.priority, 0);
    assert.equal((await start(dave, -10)).job.priority, -10);
    assert.equal((await start(olga, 10)).job.priority, 10);
    for (const wrong of [11, -11, 1.5, '3']) {
      await assert.rejects(start(olga, wrong), (error) => {
        assert.ok(error instanceof AppError);
        return error.code === 'field-invalid' && error.field === 'priority';
      });
    }
  });

  it('is above 0 for operators and administrators alone, which the audit trail tells', async () => {
    await assert.rejects(start(dave, 1), isForbidden);
    const [entry] = await fixture.registry.listAudit(1);
    assert.deepEqual(
      { caller: entry?.caller, action: entry?.action, subject: entry?.subject, outcome: entry?.outcome },
      { caller: 'dave', action: 'job:prioritise', subject: 'orders', outcome: 'refused' },
    );
  });

  it('is that of the job that starts another one, whoever owns it', async () => {
    const { service, dependencies, store } = fixture;
    await service.addUser(fixture.as(localAdministrator), {
      name: 'olga',
      role: 'operator',
      password: 'a long enough password',
    });
    const startJob = createStartJob(dependencies, (work) => work());
    const { job: parent } = await start(olga, 7);
    const children = createChildJobs(dependencies, service, startJob);
    const claimed = await store.claimTask('worker');
    assert.equal(claimed?.job.priority, 10, 'the highest first');
    const child = await children.start(
      { ...parent, priority: 7 },
      'export',
      { kind: 'export', input: { database: 'empty' } },
      new AbortController().signal,
    );
    assert.equal(child.priority, 7);
  });

  it('can be that of a policy, and of a definition', async () => {
    const { service } = fixture;
    const policy = {
      database: 'orders',
      location: { type: 'directory', directory: 'DATA_PUMP_DIR' },
    } as const;
    await assert.rejects(service.setBackupPolicy(fixture.as(dave), { ...policy, priority: 1 }), isForbidden);
    await service.setBackupPolicy(fixture.as(dave), { ...policy, priority: -5 });
    const backup = await service.startBackup(fixture.as(dave), { database: 'orders' }, { api: 'native' });
    assert.equal(backup.job.priority, -5);
    const named = { api: 'native', priority: -2 };
    const other = await service.startBackup(fixture.as(dave), { database: 'orders' }, named);
    assert.equal(other.job.priority, -2, 'a request that names one has it');

    const retries = { retries: 0, retryDelaySeconds: 0, timeoutSeconds: null, onFailure: 'fail' };
    const wait = { name: 'wait', action: { type: 'none' }, after: [], conditions: [], ...retries };
    const content = { nodes: [wait], priority: -3 };
    const item = { kind: 'definition', name: 'nightly', content, document: null };
    await service.addWorkspace(fixture.as(localAdministrator), 'main');
    await service.addItem(fixture.as(dave), 'main', item as unknown as NewItem);
    const run = await service.startRun(
      fixture.as(dave),
      { workspace: 'main', definition: 'nightly' },
      { api: 'native' },
    );
    assert.equal(run.job.priority, -3);
  });
});
