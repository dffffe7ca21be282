import assert from 'node:assert/strict';
import { cp, mkdir, readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import type { Job } from '../../src/core/job.ts';
import { checkFiles, openDumpSet } from '../../src/dump/read-set.ts';
import type { CallContext, Service } from '../../src/service/service.ts';
import { type BackupsFixture, createTestClock, openBackups } from '../harness/backups-fixture.ts';
import { itemsOf, makeShop, withShop } from '../harness/backups-shop.ts';
import { bareLocal } from '../harness/local-storage.ts';
import { aliveForEver, createMortality, type DeathPoint, type Mortality } from '../harness/mortality.ts';
import { createRandom } from '../harness/random.ts';
import { recordingContext } from '../harness/recording-context.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/*
 * A process dies at a change that it makes to the store, to the catalogue, to the files or to the databases beside the registered one: before
 * it, or right after, unheard. Another one goes on. Prints its seed; PUMPHOUSE_TEST_SEED repeats a run, and PUMPHOUSE_BACKUP_DEATHS=all tries
 * every change of every operation, a number that many of each.
 */

const random = createRandom();
const wanted = process.env.PUMPHOUSE_BACKUP_DEATHS ?? '1';
const day = 86_400_000;
const start = Date.parse('2026-03-01T02:30:00Z');

/** An operation that is cut off, on a database with two backups, and what holds when it has gone on to its end. */
interface Operation {
  readonly title: string;
  begin(service: Service, context: CallContext, key: string): Promise<{ readonly job: Job }>;
  /** States of the entries in the end, oldest first, and how many items the database has. */
  readonly states: readonly string[];
  readonly items: number;
  /** The events that it tells, once each. */
  readonly events: readonly string[];
}

const operations: readonly Operation[] = [
  {
    title: 'a backup with its proof by digest and its prune',
    begin: (service, context, idempotencyKey) =>
      service.startBackup(context, { database: 'shop' }, { api: 'native', idempotencyKey }),
    states: ['deleted', 'completed', 'completed'],
    items: 700,
    events: ['backup.completed', 'backup.deleted', 'backup.verified'],
  },
  {
    title: 'a proof by restore',
    begin: (service, context, idempotencyKey) =>
      service.startBackupVerify(context, { backup: 2, method: 'restore' }, { api: 'native', idempotencyKey }),
    states: ['completed', 'completed'],
    items: 700,
    events: ['backup.verified'],
  },
  {
    title: 'a restore in place',
    begin: (service, context, idempotencyKey) =>
      service.startRestore(
        context,
        { database: 'shop', choice: { type: 'id', id: 1 }, inPlace: true },
        { api: 'native', idempotencyKey },
      ),
    states: ['completed', 'completed'],
    items: 500,
    events: ['restore.completed'],
  },
  {
    title: 'a removal that was asked for',
    begin: (service, context, idempotencyKey) =>
      service.startBackupDelete(
        context,
        { database: 'shop', backups: [1, 2], force: true },
        {
          api: 'native',
          idempotencyKey,
        },
      ),
    states: ['deleted', 'deleted'],
    items: 700,
    events: ['backup.deleted', 'backup.deleted'],
  },
];

let folder: TestFolder;
before(async () => {
  folder = await makeFolder();
  await prepare(folder.join('work'));
  await cp(folder.join('work'), folder.join('base'), { recursive: true });
});
after(() => folder[Symbol.asyncDispose]());

/** A database that was backed up twice, 200 items before now. */
async function prepare(work: string): Promise<void> {
  const clock = createTestClock(start);
  await mkdir(work);
  await using fixture = await openBackups({ folder: work, clock });
  const file = await makeShop(fixture, { verify: 'digest', retention: { keepLast: 2 } });
  for (let count = 0; count < 2; count += 1) {
    const job = await fixture.run((service, context) =>
      service.startBackup(context, { database: 'shop' }, { api: 'native' }),
    );
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    clock.set(start + (count + 1) * day);
  }
  withShop(file, (database) =>
    database.exec(
      "WITH RECURSIVE n(g) AS (SELECT 501 UNION ALL SELECT g + 1 FROM n WHERE g < 700) INSERT INTO item SELECT g, 'new' FROM n",
    ),
  );
}

const open = (mortality: Mortality, time: number): Promise<BackupsFixture> =>
  openBackups({ folder: folder.join('work'), clock: createTestClock(time), mortality, isIdle: true });

/** Runs the operation in a process that dies at that point; gives what it changed, in order. */
async function runAndDie(operation: Operation, point: DeathPoint | null): Promise<readonly string[]> {
  await rm(folder.join('work'), { recursive: true });
  await cp(folder.join('base'), folder.join('work'), { recursive: true });
  const mortality = createMortality(point);
  await using fixture = await open(mortality, start + 2 * day);
  await fixture.start();
  await fixture
    .run((service, context) => operation.begin(service, context, 'key'))
    .catch((error: unknown) => {
      if (!mortality.isDead()) throw error;
    });
  return mortality.changes();
}

/** What is in the catalogue and what is on disk must go together, whatever moment a process died at. */
async function checkAgreement(fixture: BackupsFixture): Promise<void> {
  const entries = await fixture.catalogue.listBackups({});
  const owned = new Map(entries.map((entry) => [entry.filePattern, entry]));
  const present = await readdir(fixture.dumps);
  const context = recordingContext();
  for (const { id, state, filePattern } of entries) {
    if (state === 'completed') {
      const storage = bareLocal(fixture.dumps);
      await checkFiles(storage, (await openDumpSet(storage, filePattern, context)).manifest, context);
    }
    assert.ok(state !== 'deleted' || !present.includes(filePattern ?? ''), `backup ${id} is gone from disk`);
  }
  for (const name of present) {
    // The name of a set is known to the catalogue soon after its job is; that job is one that goes on.
    const entry = owned.get(name) ?? entries.find(({ state }) => state === 'running');
    assert.ok(entry !== undefined && entry.state !== 'deleted', `${name} belongs to a backup`);
  }
}

async function goOn(operation: Operation): Promise<void> {
  await using fixture = await open(aliveForEver, start + 2 * day + 60_000);
  await checkAgreement(fixture);
  await fixture.start();
  // Whoever heard no answer asks again.
  const job = await fixture.run((service, context) => operation.begin(service, context, 'key'));
  assert.equal(job.state, 'completed', JSON.stringify(job.error));
  await checkAgreement(fixture);

  const entries = [...(await fixture.catalogue.listBackups({}))].reverse();
  assert.deepEqual(
    entries.map(({ state }) => state),
    operation.states,
  );
  assert.deepEqual(
    (await readdir(fixture.dumps)).sort(),
    entries.filter(({ state }) => state === 'completed').map(({ filePattern }) => filePattern),
    'no other sets are on disk',
  );
  const files = await readdir(folder.join('work'), { recursive: true });
  assert.deepEqual(
    files.filter((name) => name.endsWith('.part') || path.basename(name).startsWith('pumphouse_')),
    [],
    'nothing is left of files and databases that were under way',
  );
  assert.deepEqual(await fixture.store.registry.listJobDatabases(), []);
  assert.equal(itemsOf(folder.join('work', 'shop.db')), operation.items);
  const events = await fixture.store.events.listEvents({ afterSeq: 0, limit: 100 });
  const own = events.filter(({ at }) => at >= start + 2 * day);
  assert.deepEqual(own.map(({ type }) => type).sort(), operation.events);
  for (const { proofs } of entries.filter(({ state }) => state === 'completed')) {
    assert.ok(proofs.length >= 1 && proofs.every(({ ok }) => ok), 'it is proved');
    assert.equal(new Set(proofs.map(({ jobId }) => jobId)).size, proofs.length, 'each job proves it once');
  }
}

for (const operation of operations) {
  test(`${operation.title} goes on after a death at any change (seed ${random.seed})`, async (t) => {
    const changes = await runAndDie(operation, null);
    t.diagnostic(`${changes.length} changes: ${changes.join(' ')}`);
    const points = Array.from({ length: changes.length * 2 }, (_, index): DeathPoint => {
      const when = index % 2 === 0 ? 'before' : 'after';
      return { change: Math.floor(index / 2) + 1, when };
    });
    const some =
      wanted === 'all'
        ? points
        : Array.from(
            { length: Number(wanted) },
            () => points[random.between(0, points.length - 1)] ?? fail(),
          );
    for (const point of some) {
      const done = await runAndDie(operation, point);
      await assert.doesNotReject(
        goOn(operation),
        `seed ${random.seed}: died ${point.when} change ${point.change}, ${done.at(-1)}`,
      );
    }
  });
}

function fail(): never {
  throw new Error('There is no point to die at.');
}
