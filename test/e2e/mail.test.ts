import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { openApp } from '../../src/app.ts';
import { systemClock } from '../../src/base/clock.ts';
import { loadOptions } from '../../src/config/load-options.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { claim, failure, newJob } from '../conformance/job-store-fixture.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';
import { startMailServer } from '../harness/mail-server.ts';
import { withFolder } from '../harness/with-folder.ts';

describe('a mail about a job that ended', () => {
  it('is sent by the service that starts after the process that ended the job is gone', async () => {
    await withFolder(async (folder) => {
      const store = await openSqliteStore({
        path: `${folder}/store.sqlite`,
        clock: systemClock,
        log: createMemoryLog().log,
      });
      await store.jobs.createJob(newJob({ mailTo: ['ann@example.net'] }));
      await store.jobs.failJob((await claim(store.jobs)).lease, failure);
      await store.close();

      await using server = await startMailServer();
      const { values } = await loadOptions({
        flags: {
          data: folder,
          port: '0',
          redisEnterprisePort: 'off',
          logLevel: 'silent',
          shutdownGraceSeconds: '0',
          smtpUrl: `smtp://127.0.0.1:${server.port}`,
          smtpFrom: 'pump@example.net',
        },
      });
      await using app = await openApp(values, 'service');
      await app.listen();
      const [mail] = await server.received(1);
      assert.deepEqual([mail?.from, mail?.to], ['pump@example.net', ['ann@example.net']]);
      assert.match(mail?.raw ?? '', /The disk is gone\./);
    });
  });
});
