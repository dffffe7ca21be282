import assert from 'node:assert/strict';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import net from 'node:net';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import {
  type CommandProcess,
  type CommandResult,
  runCommand,
  spawnCommand,
} from '../harness/command-line.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

let folder: TestFolder;
before(async () => {
  folder = await makeFolder();
});
after(() => folder[Symbol.asyncDispose]());

interface Job {
  readonly id: string;
  readonly state: string;
  readonly error_count: number;
}

/** Starts a service on a free port and waits until it says where. */
async function serve(
  data: string,
  ...args: readonly string[]
): Promise<{ process: CommandProcess; url: string }> {
  const process = spawnCommand(['serve', '--data', data, '--port', '0', '--log-level', 'warn', ...args]);
  const line = await process.printed(/listens at (http:\/\/\S+), data folder/);
  return { process, url: /http:\/\/[^\s,]+/.exec(line)?.[0] as string };
}

/** One sentence and its remedy, nothing else. */
function assertTold({ code, stdout, stderr }: CommandResult, expected: number, says: RegExp): void {
  assert.equal(code, expected, stderr);
  assert.equal(stdout, '');
  assert.match(stderr, says);
  assert.match(stderr, /^pumphouse: [^\n]+\.\n[^\n]+\.\n$/);
}

describe('the start of the service', () => {
  it('refuses a port in use', async () => {
    const other = net.createServer().listen(0, '127.0.0.1');
    try {
      await new Promise((resolve) => other.once('listening', resolve));
      const { port } = other.address() as net.AddressInfo;
      await using serving = spawnCommand(['serve', '--data', folder.join('port'), '--port', String(port)]);
      const says = new RegExp(`Port ${port} of 127\\.0\\.0\\.1 is in use.*\\n.*--port N or PUMPHOUSE_PORT`);
      assertTold(await serving.ended, 5, says);
    } finally {
      other.close();
    }
  });

  it('refuses an address that is not of this machine', async () => {
    await using serving = spawnCommand(['serve', '--data', folder.join('host'), '--host', '192.0.2.1']);
    assertTold(await serving.ended, 2, /192\.0\.2\.1 is not an address of this machine.*\n.*--host/);
  });

  it('refuses a data folder that cannot be made or written', async () => {
    await writeFile(folder.join('file'), '');
    for (const place of [folder.join('file'), folder.join('file', 'below'), '/proc/pumphouse']) {
      await using serving = spawnCommand(['serve', '--data', place, '--port', '0']);
      assertTold(
        await serving.ended,
        6,
        /^pumphouse: The data folder \/.* cannot be .*\n.*--data DIR or PUMPHOUSE_DATA/,
      );
    }
  });

  it('refuses a job store that is none, or of a later version', async () => {
    await mkdir(folder.join('none'));
    await writeFile(
      folder.join('none', 'store.sqlite'),
      'This is no database, but it is long enough to be read as one.'.repeat(20),
    );
    await using none = spawnCommand(['serve', '--data', folder.join('none'), '--port', '0']);
    assertTold(await none.ended, 7, /store\.sqlite/);

    await runCommand(['jobs', 'list', '--data', folder.join('later')]);
    const store = new Database(folder.join('later', 'store.sqlite'));
    store.prepare('INSERT INTO schema_version VALUES (9999, 0)').run();
    store.close();
    await using later = spawnCommand(['serve', '--data', folder.join('later'), '--port', '0']);
    assertTold(await later.ended, 12, /newer Pumphouse/);
  });

  it('refuses a wallet key that cannot be', async () => {
    await mkdir(folder.join('key'));
    await writeFile(folder.join('key', 'wallet.key'), 'rusty');
    await using serving = spawnCommand(['serve', '--data', folder.join('key'), '--port', '0']);
    const told = await serving.ended;
    assertTold(told, 2, /wallet\.key/);
    assert.ok(!told.stderr.includes('rusty'));
  });

  const wrong: readonly (readonly [args: readonly string[], env: Record<string, string>, says: RegExp])[] = [
    [['--port', '99999'], {}, /^pumphouse: --port takes integer 0 to 65535, not "99999"\.\n.*Default: 8080/],
    [['--unit-bytes', '3'], {}, /--unit-bytes takes bytes 64KiB to 16GiB/],
    [['--trusted-proxies', 'everybody'], {}, /trusted-proxies.*everybody/],
    [[], { PUMPHOUSE_WORKERS: 'many' }, /^pumphouse: PUMPHOUSE_WORKERS takes integer 1 to 256, not "many"/],
    [
      [],
      { PUMPHOUSE_WALLET_KEY: 'Secret-that-is-no-key' },
      /PUMPHOUSE_WALLET_KEY takes 32 bytes.*not the value given/,
    ],
  ];
  for (const [args, env, says] of wrong) {
    it(`refuses ${[...args, ...Object.keys(env)].join(' ')}`, async () => {
      await using serving = spawnCommand(['serve', '--data', folder.join('options'), ...args], { env });
      assertTold(await serving.ended, 2, says);
    });
  }

  it('refuses a config folder that cannot be understood', async () => {
    await mkdir(folder.join('config'));
    for (const [settings, says, code] of [
      ['{', /settings\.json is not valid JSON/, 2],
      ['{"prot": 1}', /settings\.json sets "prot".*\n.*docs\/options\.md/, 3],
      ['{"port": "http"}', /port in .*settings\.json takes integer/, 2],
    ] as const) {
      await writeFile(folder.join('config', 'settings.json'), settings);
      await using serving = spawnCommand([
        'serve',
        '--data',
        folder.join('options'),
        '--config',
        folder.join('config'),
      ]);
      assertTold(await serving.ended, code, says);
    }
  });
});

describe('a running service', () => {
  it('has its data folder to itself, answers probes without credentials, and ends with 0 at SIGTERM', async () => {
    const data = folder.join('alone');
    const { process, url } = await serve(data);
    await using _ = process;
    await using second = spawnCommand(['serve', '--data', data, '--port', '0']);
    assertTold(await second.ended, 5, /Another Pumphouse uses the data folder.*\n.*--data/);

    for (const probe of ['healthz', 'readyz', 'openapi.json']) {
      const answer = await fetch(`${url}/${probe}`);
      assert.equal(answer.status, 200, probe);
      await answer.body?.cancel();
    }
    assert.equal((await fetch(`${url}/api/v1/jobs`)).status, 401);
    const { mode } = await stat(`${data}/service.json`);
    assert.equal(mode & 0o077, 0, 'the token is for its owner alone');

    process.child.kill('SIGTERM');
    const { code, stdout, stderr } = await process.ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    assert.match(stdout, /^No databases are registered yet: pumphouse database add NAME URL$/m);
    await assert.rejects(readFile(`${data}/service.json`), /ENOENT/);
  });

  it('that is ended while a job runs goes on with it at the next start', async () => {
    const data = folder.join('ended');
    createSampleDatabase(folder.join('shop.db'), { orderItems: 40_000 });
    const small = ['--unit-bytes', '65536', '--shutdown-grace', '0'];
    const first = await serve(data, ...small);
    await using _ = first.process;
    const here = ['--data', data, '--json'];
    await runCommand(['database', 'add', 'shop', `sqlite:${folder.join('shop.db')}`, ...here]);
    const { id } = JSON.parse((await runCommand(['export', 'shop', '--detach', ...here])).stdout) as Job;
    first.process.child.kill('SIGTERM');
    assert.equal((await first.process.ended).code, 0);
    const left = JSON.parse((await runCommand(['jobs', 'show', id, ...here])).stdout) as Job;
    assert.match(left.state, /queued|planning|executing/);

    const next = await serve(data, ...small);
    await using _next = next.process;
    const { code, stdout } = await runCommand(['jobs', 'watch', id, ...here]);
    const job = JSON.parse(stdout) as Job;
    assert.deepEqual([code, job.state, job.error_count], [0, 'completed', 0]);
    next.process.child.kill('SIGINT');
    assert.equal((await next.process.ended).code, 0);
  });
});
