import assert from 'node:assert/strict';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { pathToFileURL } from 'node:url';
import { bareLocal } from '../../test/harness/local-storage.ts';
import { callerOf, openServiceFixture, type ServiceFixture } from '../../test/harness/service-fixture.ts';
import type { Finding } from '../core/catalogue.ts';
import type { OperationContext } from '../core/context.ts';
import { localAdministrator } from '../core/permission.ts';
import type { LocationRequest } from '../core/request.ts';
import { spaceFindings } from './location-findings.ts';

/* What can be asked before a job moves anything: the preflight of a database with a location, estimates and dry runs. */

let fixture: ServiceFixture;
before(async () => {
  fixture = await openServiceFixture();
});
after(() => fixture[Symbol.asyncDispose]());

const administrator = () => fixture.as(localAdministrator);
const here: LocationRequest = { type: 'directory', directory: 'DATA_PUMP_DIR' };
const placeOf = (findings: readonly Finding[]) =>
  findings.filter(({ check }) => check === 'space' || check === 'location');

async function tested(purpose: 'export' | 'import', location: LocationRequest): Promise<readonly Finding[]> {
  return (await fixture.service.testDatabase(administrator(), 'orders', { purpose, location })).findings;
}

test('a test for export looks at the room that the dump files have', async () => {
  const [finding, ...more] = placeOf(await tested('export', here));
  assert.deepEqual(more, []);
  assert.equal(finding?.check, 'space');
  assert.match(finding?.message ?? '', /[\d.]+ [KMGT]?B are free at file:.* for an estimated [\d.]+ /);
});

const ioContext = (): OperationContext => {
  const quiet = () => undefined;
  return {
    signal: AbortSignal.timeout(60_000),
    log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  };
};

test('little room is amber, by the size of the data and at all', async () => {
  const folder = bareLocal(fixture.dumps);
  const level = async (free: number | null, data: number) =>
    (await spaceFindings({ ...folder, freeBytes: async () => free }, data, ioContext()))[0]?.level;
  const gigabyte = 2 ** 30;
  assert.equal(await level(10 * gigabyte, gigabyte), 'green');
  assert.equal(await level(10 * gigabyte, 11 * gigabyte), 'amber');
  assert.equal(await level(gigabyte - 1, 0), 'amber');
  // Where nobody knows there is nothing to say.
  assert.equal(await level(null, gigabyte), undefined);
});

test('a place that takes no files is red', async () => {
  const path = join(fixture.folder, 'a-file');
  await writeFile(path, '');
  const location = { type: 'url', url: pathToFileURL(path).href, credential: null } as const;
  const [finding] = placeOf(await tested('export', location));
  assert.deepEqual([finding?.level, finding?.check], ['red', 'location']);
  assert.notEqual(finding?.remedy, '');
});

test('a test for import tells whether there are files at all', async () => {
  const empty = join(fixture.folder, 'nothing-there');
  await mkdir(empty);
  const location = { type: 'url', url: pathToFileURL(empty).href, credential: null } as const;
  assert.deepEqual(
    placeOf(await tested('import', location)).map(({ level, check }) => [level, check]),
    [['amber', 'location']],
  );
  await writeFile(join(empty, 'some.dmp'), '');
  assert.equal(placeOf(await tested('import', location))[0]?.level, 'green');
});

test('a location is shown only to those who may start the job that would use it', async () => {
  const viewer = callerOf('vera', 'viewer');
  const developer = callerOf('dan', 'developer', ['orders']);
  const ask = (caller: typeof viewer, location?: LocationRequest) =>
    fixture.service.testDatabase(fixture.as(caller), 'orders', {
      purpose: 'export',
      ...(location === undefined ? {} : { location }),
    });
  await ask(viewer);
  await assert.rejects(ask(viewer, here), { code: 'forbidden' });
  await ask(developer, here);
  const url = pathToFileURL(fixture.folder).href;
  await assert.rejects(ask(developer, { type: 'url', url, credential: null }), { code: 'forbidden' });
  await assert.rejects(ask(developer, { type: 'directory', directory: 'NONE' }), {
    code: 'directory-unknown',
  });
});

test('an estimate has a report once it is done, and other jobs have none', async () => {
  const { service, store } = fixture;
  const input = { database: 'orders', mode: 'full', filePattern: 'guess.dmp' } as const;
  const { job } = await service.startExport(administrator(), { ...input, estimate: true }, { api: 'native' });
  assert.equal(await service.jobReport(administrator(), job.id), null);
  // It writes no files, so that it stands in nobody's way.
  const other = await service.startExport(administrator(), input, { api: 'native' });
  await service.startExport(administrator(), { ...input, estimate: true }, { api: 'native' });

  const report = { kind: 'estimate', rows: 0, bytes: 0, tables: [] };
  const claimed = await store.claimTask('worker');
  assert.ok(claimed?.job.id === job.id);
  await store.completeTask(claimed.lease, { result: report });
  assert.deepEqual(await service.jobReport(administrator(), job.id), report);
  const next = await store.claimTask('worker');
  assert.ok(next?.job.id === other.job.id);
  await store.completeTask(next.lease, { result: { kind: 'estimate' } });
  assert.equal(await service.jobReport(administrator(), other.job.id), null);
  await assert.rejects(service.jobReport(administrator(), 'nope'), { code: 'job-unknown' });
  const stranger = fixture.as(callerOf('dan', 'developer', ['empty']));
  await assert.rejects(service.jobReport(stranger, job.id), { code: 'job-unknown' });
});
