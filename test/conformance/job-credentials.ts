import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { jobCredentialName } from '../../src/core/job-credential.ts';
import type { JobRequest } from '../../src/core/request.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { claim, done, failure, newJob, rejects, type StoreUnderTest } from './job-store-fixture.ts';

/** Jobs and registry in one store: credentials that come with jobs are both's. */
export function jobCredentialConformance(
  name: string,
  open: () => Promise<StoreUnderTest & { readonly registry: Registry }>,
): void {
  const credentials = [
    { type: 's3', sealedBody: 'sealed one' },
    { type: 'sftp', sealedBody: 'sealed two' },
  ];
  const keptOf = async (registry: Registry, jobId: string): Promise<readonly (string | undefined)[]> =>
    Promise.all(
      credentials.map(
        async (_, position) => (await registry.getCredential(jobCredentialName(jobId, position)))?.sealedBody,
      ),
    );
  const both = credentials.map(({ sealedBody }) => sealedBody);
  const none = [undefined, undefined];

  describe(`credentials of jobs: ${name}`, () => {
    it('are kept with the job, under names that its request can tell, and show in no list', async () => {
      await using store = await open();
      const { jobs, registry } = store;
      const wanted = newJob({ credentials });
      let named = '';
      const requestFor = (_name: string, id: string): JobRequest => {
        named = jobCredentialName(id, 1);
        return wanted.request;
      };
      const { job } = await jobs.createJob({ ...wanted, requestFor });
      assert.equal(named, jobCredentialName(job.id, 1));
      assert.deepEqual(await registry.getCredential(named), {
        ...credentials[1],
        name: named,
        owner: job.owner,
        createdAt: job.createdAt,
      });
      assert.deepEqual(await registry.listCredentials(), []);
      assert.ok(!JSON.stringify(await jobs.getJob(job.id)).includes('sealed'));
    });

    it('are not kept for a job that is not made', async () => {
      await using store = await open();
      const { jobs, registry } = store;
      const idempotency = { key: 'k', digest: 'd' };
      const { job } = await jobs.createJob(newJob({ idempotency }));
      await jobs.createJob(newJob({ idempotency, credentials }));
      const name = () => 'TWICE';
      await jobs.createJob(newJob({ name }));
      await rejects(jobs.createJob(newJob({ name, credentials })), 'job-exists');
      assert.deepEqual(await keptOf(registry, job.id), none);
      assert.equal(await registry.replaceSealed((sealed) => sealed), 0);
    });

    it('are sealed again with everything else', async () => {
      await using store = await open();
      const { jobs, registry } = store;
      const { job } = await jobs.createJob(newJob({ credentials }));
      assert.equal(await registry.replaceSealed((sealed) => `${sealed}, again`), 2);
      assert.deepEqual(
        await keptOf(registry, job.id),
        both.map((sealed) => `${sealed}, again`),
      );
    });

    it('go when the job completes, and stay while it can go on', async () => {
      await using store = await open();
      const { jobs, registry } = store;
      const { job: other } = await jobs.createJob(newJob({ credentials }));
      await jobs.requestStop(other.id);
      const { job } = await jobs.createJob(newJob({ credentials }));
      await jobs.failJob((await claim(jobs)).lease, failure);
      assert.deepEqual(await keptOf(registry, job.id), both);
      await jobs.requestResume(job.id);
      assert.deepEqual(await keptOf(registry, job.id), both);
      await jobs.completeTask((await claim(jobs)).lease, done());
      assert.deepEqual(await keptOf(registry, job.id), none);
      assert.deepEqual(await keptOf(registry, other.id), both);
    });

    it('go when it is cancelled, once its traces are removed', async () => {
      await using store = await open();
      const { jobs, registry } = store;
      const { job } = await jobs.createJob(newJob({ credentials }));
      await jobs.requestCancel(job.id);
      assert.deepEqual(await keptOf(registry, job.id), both);
      await jobs.completeTask((await claim(jobs)).lease, done());
      assert.deepEqual(await keptOf(registry, job.id), none);
    });

    it('go with a job that nobody resumed', async () => {
      await using store = await open();
      const { jobs, registry } = store;
      const { job } = await jobs.createJob(newJob({ credentials }));
      await jobs.requestStop(job.id);
      store.advance(1000);
      const { job: later } = await jobs.createJob(newJob({ credentials }));
      await jobs.requestStop(later.id);
      assert.deepEqual(await jobs.prune(store.now()), [job.id]);
      assert.deepEqual(await keptOf(registry, job.id), none);
      assert.deepEqual(await keptOf(registry, later.id), both);
    });
  });
}
