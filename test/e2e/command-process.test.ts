import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { pathToFileURL } from 'node:url';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import {
  type CommandProcess,
  type CommandResult,
  runCommand,
  spawnCommand,
} from '../harness/command-line.ts';
import { freePort } from '../harness/free-port.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

describe('a command as a process', () => {
  let folder: TestFolder;
  let shared: readonly string[];

  before(async () => {
    folder = await makeFolder();
    shared = ['--data', folder.join('data')];
    createSampleDatabase(folder.join('shop.db'), { orderItems: 40_000 });
    await ok('database', 'add', 'shop', `sqlite:${folder.join('shop.db')}`);
  });
  after(() => folder[Symbol.asyncDispose]());

  const run = (args: readonly string[]): Promise<CommandResult> => runCommand([...args, ...shared]);
  async function ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run(args);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, stdout);
    return stdout;
  }
  const spawn = (...args: readonly string[]): CommandProcess => spawnCommand([...args, ...shared]);

  /** Starts an export of many units and waits until it runs; gives the id of its job once asked for. */
  async function startExport(...args: readonly string[]): Promise<CommandProcess> {
    const process = spawn('export', 'shop', '--unit-bytes', '65536', ...args);
    await process.printed(/^EXPORT_\d+ \d+%/m);
    return process;
  }
  const newestJob = async () =>
    JSON.parse(await ok('jobs', 'show', '--json')) as {
      readonly id: string;
      readonly state: string;
      readonly name: string;
    };

  it('stops its job at SIGINT or SIGTERM, and a resume completes it', async () => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      await using exporting = await startExport('--file', `${signal}%U.DMP`);
      exporting.child.kill(signal);
      const { code, stdout, stderr } = await exporting.ended;
      assert.deepEqual({ code, stderr }, { code: 10, stderr: '' });
      const id = /is stopped\. Resume it with: pumphouse jobs resume (\w+)\n$/.exec(stdout)?.[1] as string;
      assert.match(await ok('jobs', 'resume', id), /completed: 6 tables/);

      const copy = folder.join(`${signal}.db`);
      await ok('database', 'add', signal, `sqlite:${copy}`);
      await ok('import', signal, '--from', 'DATA_PUMP_DIR', '--file', `${signal}%U.DMP`);
      assert.ok(compareDatabases(folder.join('shop.db'), copy).equal);
    }
  });

  it('that was killed leaves a job that can be resumed, stopped or cancelled by the next', async () => {
    for (const [verb, end] of [
      ['resume', /completed: 6 tables/],
      ['stop', /is stopped\.$/m],
      ['cancel', /is cancelled\.$/m],
    ] as const) {
      await using exporting = await startExport('--file', `KILL-${verb}%U.DMP`);
      exporting.child.kill('SIGKILL');
      assert.equal((await exporting.ended).code, 137);
      const { id, state } = await newestJob();
      assert.match(state, /queued|planning|executing/, 'looking at jobs runs none');
      await ok('jobs', 'log', id, '--follow');
      assert.match(await ok('jobs', verb, id), end);
    }
  });

  it('has no password among its arguments', async () => {
    const password = 'Bollard-and-chain-77';
    await using adding = spawn('user', 'add', 'ann', '--role', 'viewer', '--password-stdin');
    adding.child.stdin?.write(`${password}\n`);
    const shown = await readFile(`/proc/${adding.pid}/cmdline`, 'utf8');
    assert.match(shown, /--password-stdin/);
    adding.child.stdin?.end();
    const { code, stdout, stderr } = await adding.ended;
    assert.equal(code, 0, stderr);
    assert.ok(![shown, stdout, stderr].join().includes(password));
  });

  it('ends quietly when nobody reads its output any more', async () => {
    await using log = spawn('jobs', 'log');
    log.child.stdout?.destroy();
    assert.deepEqual(await log.ended, { code: 0, stdout: '', stderr: '' });
  });

  it('says so when the service of the data folder does not answer', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    await writeFile(
      folder.join('data', 'service.json'),
      JSON.stringify({ url, pid: process.pid, token: 'x' }),
    );
    const { code, stderr } = await run(['jobs', 'list']);
    assert.equal(code, 6);
    assert.match(stderr, /^pumphouse: .*127\.0\.0\.1:\d+.* not answer\.\n.*pumphouse serve.*service\.json/);
    // The file of a process that is gone stands in nobody's way.
    const dead = spawnCommand(['--version']);
    await dead.ended;
    await writeFile(folder.join('data', 'service.json'), JSON.stringify({ url, pid: dead.pid, token: 'x' }));
    await ok('jobs', 'list');
  });

  it('reads its options from the environment', async () => {
    await using listing = spawnCommand(['config', 'list'], {
      env: { PUMPHOUSE_DATA: folder.join('elsewhere'), PUMPHOUSE_PORT: '4711' },
    });
    const { code, stdout } = await listing.ended;
    assert.equal(code, 0);
    assert.match(stdout, /^data +\/.*elsewhere +environment$/m);
    assert.match(stdout, /^port +4711 +environment$/m);
  });

  it('loads neither server nor engines to print help or version', async () => {
    const hook = pathToFileURL(`${import.meta.dirname}/../harness/tell-modules.ts`).href;
    for (const flag of ['--version', '--help']) {
      await using asked = spawnCommand([flag], {
        node: ['--import', hook],
        env: { PUMPHOUSE_DATA: folder.join('nothing') },
      });
      const { code, stderr } = await asked.ended;
      assert.equal(code, 0);
      const loaded = [...stderr.matchAll(/^loaded: (.*)$/gm)].map(([, url]) => url as string);
      assert.ok(loaded.some((url) => url.endsWith('/src/main.ts')));
      assert.deepEqual(
        loaded.filter((url) =>
          /\/src\/(app|engines|http|apis|jobs|store|storages|operations|service)\b/.test(url),
        ),
        [],
      );
      assert.deepEqual(
        loaded.filter((url) => url.includes('/node_modules/') && !url.includes('/commander/')),
        [],
      );
    }
  });
});
