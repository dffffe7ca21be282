import assert from 'node:assert/strict';
import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { get, rejects, taskStates } from '../conformance/job-store-fixture.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';
import { withFolder } from '../harness/with-folder.ts';
import { workOnTask } from './work-on-task.ts';

const { log } = createMemoryLog();
const childPath = fileURLToPath(new URL('store-child.ts', import.meta.url));

/** Starts the child; gives it once it has the store open, with the lines it has told so far. */
async function startChild(
  path: string,
): Promise<{ child: ChildProcess; lines: string[]; told(count: number): Promise<void> }> {
  const child = spawn(process.execPath, [childPath, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  assert.ok(child.stdout);
  const lines: string[] = [];
  const reader = createInterface({ input: child.stdout });
  reader.on('line', (line) => lines.push(line));
  const told = async (count: number): Promise<void> => {
    while (lines.length < count) await once(reader, 'line');
  };
  await told(1);
  return { child, lines, told };
}

async function kill(child: ChildProcess): Promise<void> {
  const closed = once(child, 'close');
  child.kill('SIGKILL');
  await closed;
}

describe('the SQLite store and other processes', () => {
  it('refuses a second process with data-folder-locked, and lets it in when the first has died', async () => {
    await withFolder(async (folder) => {
      const path = join(folder, 'store.sqlite');
      const { child } = await startChild(path);
      const error = await rejects(openSqliteStore({ path, clock: systemClock, log }), 'data-folder-locked');
      assert.match(error.message, /Another Pumphouse uses the data folder/);
      await kill(child);
      await using _store = await openSqliteStore({ path, clock: systemClock, log });
    });
  });

  it('has every verb that returned on disk after kill -9, and goes on from there', async (test) => {
    await withFolder(async (folder) => {
      const path = join(folder, 'store.sqlite');
      const kills = Array.from({ length: 6 }, () => 2 + Math.floor(Math.random() * 120));
      test.diagnostic(`killed after lines: ${kills.join(', ')}`);
      for (const count of kills) {
        const { child, lines, told } = await startChild(path);
        await told(count);
        await kill(child);

        await using store = await openSqliteStore({ path, clock: systemClock, log });
        const { jobs } = store;
        const running = (await jobs.listJobs({ limit: 1000 })).filter((job) => job.running > 0).length;
        assert.equal(await jobs.recover('child'), running, 'one task at most was running');
        for (const line of lines) {
          const [what, id = '', key = '', state] = line.split(' ');
          if (what === 'created') await get(jobs, id);
          if (what === 'done') assert.equal((await taskStates(jobs, id))[key], 'done');
          if (state === 'completed') assert.equal((await get(jobs, id)).state, 'completed');
        }
        for (const job of await jobs.listJobs({ limit: 1000 })) {
          assert.equal(job.running, 0);
          const tasks = await jobs.tasks(job.id);
          assert.equal(
            job.progress.unitsDone,
            tasks.filter((task) => task.kind === 'data' && task.state === 'done').length,
          );
        }
      }
      await using store = await openSqliteStore({ path, clock: systemClock, log });
      const { jobs } = store;
      for (let task = await jobs.claimTask('w'); task !== null; task = await jobs.claimTask('w')) {
        await workOnTask(jobs, task);
      }
      const all = await jobs.listJobs({ limit: 1000 });
      assert.deepEqual(
        all.filter(({ state }) => state !== 'completed'),
        [],
        'nobody waits for a job that rests',
      );
      assert.equal(all.length, 2 * (await jobs.listJobs({ limit: 1000, topLevel: true })).length);
    });
  });
});
