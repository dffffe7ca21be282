import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp } from '../harness/app.ts';
import { type CommandInput, type CommandResult, runCommand } from '../harness/command-line.ts';
import { filesHolding } from '../harness/files-holding.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

const secret = 'Fulmar=33/secret';
/** Nobody may be reached there unless the option url-allow says so. */
const loopback = 's3://bucket/x?endpoint=http://127.0.0.1:9';

it('a lost key of the wallet is told, and no new one is made in its place', async () => {
  await using folder = await makeFolder();
  const data = folder.join('data');
  const env = { PUMPHOUSE_WALLET_KEY: Buffer.alloc(32, 7).toString('base64') };
  const add = ['credential', 'add', 'minio', '--type', 's3', '--id', 'x', '--secret-stdin', '--data', data];
  assert.equal((await runCommand(add, { env, stdin: secret })).code, 0);
  const testing = ['location', 'test', loopback, '--credential', 'minio', '--data', data];
  const lost = await runCommand(testing);
  assert.match(lost.stderr, /sealed with a key that is not there.*\n.*PUMPHOUSE_WALLET_KEY/);
  const another = await runCommand([...add.with(2, 'other')], { stdin: secret });
  assert.match(another.stderr, /no key to seal with/);
  assert.ok(!(await readdir(data)).includes('wallet.key'));
  assert.match((await runCommand(testing, { env })).stdout, /^address-refused/);

  const removed = await runCommand(['credential', 'remove', 'minio', '--data', data]);
  assert.equal(removed.code, 0, removed.stderr);
  assert.equal((await runCommand(add, { stdin: secret })).code, 0, 'with nothing sealed a new key is made');
});

/** Credentials, locations and the wallet from the command line, with and without a service on the data folder. */
for (const withService of [false, true]) {
  describe(withService ? 'credentials with a running service' : 'credentials without a service', () => {
    let folder: TestFolder;
    let app: TestApp | null = null;
    let data: string;
    let printed = '';

    before(async () => {
      folder = await makeFolder();
      data = folder.join('data');
      createSampleDatabase(folder.join('shop.db'), { orderItems: 1000 });
      if (withService) app = await startApp({ data });
    });
    after(async () => {
      await app?.[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    async function run(args: readonly string[], input: CommandInput = {}): Promise<CommandResult> {
      const result = await runCommand([...args, '--data', data], input);
      printed += result.stdout + result.stderr;
      return result;
    }
    async function ok(args: readonly string[], input: CommandInput = {}): Promise<string> {
      const { code, stdout, stderr } = await run(args, input);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `${args.join(' ')}: ${stdout}`);
      return stdout;
    }
    async function refused(args: readonly string[], code: number, stderr: RegExp): Promise<void> {
      const result = await run(args);
      assert.equal(result.code, code, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
      assert.match(result.stderr, stderr);
    }

    it('adds, lists and removes credentials; the secret comes from a file or standard input', async () => {
      assert.match(await ok(['credential', 'list']), /No credentials yet: pumphouse credential add/);
      const minio = ['credential', 'add', 'minio', '--type', 's3', '--id', 'AKIAFULMAR'];
      await writeFile(folder.join('secret'), `${secret}\n`);
      const added = await ok([
        ...minio,
        '--secret-file',
        folder.join('secret'),
        '--option',
        'region=eu-1',
        '--option',
        'endpoint=https://fulmar.example.net/?a=b',
      ]);
      assert.equal(added, 'Added minio, a credential of the type s3, for local.\n');
      const key = `-----BEGIN KEY-----\n${secret}\n-----END KEY-----`;
      const vault = ['credential', 'add', 'vault', '--type', 'sftp', '--id', 'ann', '--secret-stdin'];
      await ok(vault, { stdin: `${key}\n` });
      assert.match(
        await ok(['credential', 'list']),
        /^name +type +owner +created\n[- ]+\nminio +s3 +local +20\S+Z\nvault +sftp +local +20\S+Z\n$/,
      );
      const listed = JSON.parse(await ok(['credential', 'list', '--json'])) as object[];
      assert.deepEqual(Object.keys(listed[0] ?? {}), ['name', 'type', 'owner', 'created_at']);

      await refused([...minio, '--secret-file', folder.join('none')], 2, /none cannot be read: ENOENT/);
      await refused([...minio, '--secret-file', 'x', '--secret-stdin'], 2, /are both given/);
      await refused([...minio, '--option', secret.replace('=', '')], 2, /--option takes KEY=VALUE/);
      await refused([...minio, '--option', 'bucket=x'], 2, /unknown option "bucket".*\n.*endpoint/);
      await refused(['credential', 'add', 'x', '--type', 'sftp'], 2, /secret is missing.*\n.*private key/);
      await refused(['credential', 'add', 'x', '--type', 'tape'], 2, /type must be one of s3, obs, azure/);
      await refused(['credential', 'add', 'x'], 2, /--type/);
      await refused([...minio, '--secret-file', folder.join('secret')], 5, /credential "minio" already/);
      await refused(['credential', 'remove', 'nope'], 3, /no credential "nope".*\n.*credential list/);
      assert.equal(await ok(['credential', 'remove', 'vault']), 'Removed vault.\n');
    });

    it('tries a location, and ends with the exit code of what is wrong there', async () => {
      assert.match(await ok(['location', 'test', 'DATA_PUMP_DIR']), /^ok: A small file was written to file:/);
      assert.match(await ok(['location', 'test', folder.join('new')]), /^ok: /);
      const result = await run(['location', 'test', loopback, '--credential', 'minio']);
      assert.equal(result.code, 4);
      assert.match(result.stdout, /^address-refused: .*127\.0\.0\.1.*url-allow/);
      const tested = await run(['location', 'test', loopback, '--credential', 'minio', '--json']);
      assert.equal(JSON.parse(tested.stdout).code, 'address-refused');
      // Of the process that goes there: a service keeps its own.
      const allowed = await run([
        'location',
        'test',
        loopback,
        '--credential',
        'minio',
        '--url-allow',
        '127.0.0.1',
      ]);
      assert.match(allowed.stdout, withService ? /^address-refused: / : /^storage-unreachable: /);
      await refused(['location', 'test', loopback, '--credential', 'nope'], 3, /no credential "nope"/);
      await refused(['location', 'test', 'DATA_PUMP_DIR', '--credential', 'minio'], 2, /its own credential/);
      await refused(['location', 'test', 'gopher://x'], 2, /gopher:.*\n.*s3:\/\//);
    });

    it('names the credential wherever a location is', async () => {
      await ok(['database', 'add', 'shop', `sqlite:${folder.join('shop.db')}`]);
      const at = ['--credential', 'minio'];
      for (const args of [
        ['export', 'shop', '--to', loopback, ...at],
        ['import', 'shop', '--from', loopback, ...at],
        ['dump', 'list', loopback, ...at],
        ['dump', 'show', loopback, ...at],
        ['dump', 'verify', loopback, ...at],
        ['directory', 'add', 'BACKUPS', loopback, ...at],
      ]) {
        await refused(args, 4, /127\.0\.0\.1/);
      }
      const tested = await run(['database', 'test', 'shop', '--at', loopback, ...at]);
      assert.equal(tested.code, 12);
      assert.match(tested.stdout, /red +location .*127\.0\.0\.1/);
      await refused(['directory', 'add', 'BACKUPS', 's3://b', '--credential', 'nope'], 3, /no credential/);
    });

    it('exchanges the key of the wallet', async () => {
      const before = await readFile(folder.join('data', 'wallet.key'), 'utf8');
      assert.equal(
        await ok(['wallet', 'rotate']),
        'Sealed 2 secrets with the new key. The old key is gone from the key file.\n',
      );
      assert.notEqual(await readFile(folder.join('data', 'wallet.key'), 'utf8'), before);
      await ok(['database', 'test', 'shop']);
      assert.match((await run(['location', 'test', loopback, '--credential', 'minio'])).stdout, /address-r/);
    });

    it('keeps what is secret to itself', async () => {
      for (const hidden of [secret, 'AKIAFULMAR', 'fulmar.example.net', 'BEGIN KEY']) {
        assert.ok(!printed.includes(hidden), hidden);
        assert.deepEqual(await filesHolding(data, hidden), [], hidden);
      }
    });
  });
}

describe('a wallet key of the environment', () => {
  it('is exchanged for the next one, which is given beside it', async () => {
    const folder = await makeFolder();
    const [first, second] = [1, 2].map((byte) => Buffer.alloc(32, byte).toString('base64')) as [
      string,
      string,
    ];
    const run = (env: Readonly<Record<string, string>>, ...args: string[]) =>
      runCommand([...args, '--data', folder.path], { env, stdin: secret });
    const old = { PUMPHOUSE_WALLET_KEY: first };
    const both = { PUMPHOUSE_WALLET_KEY: second, PUMPHOUSE_WALLET_KEY_PREVIOUS: first };
    await run(old, 'credential', 'add', 'c', '--type', 's3', '--id', 'x', '--secret-stdin');
    const refused = await run(old, 'wallet', 'rotate');
    assert.equal(refused.code, 2);
    assert.match(refused.stderr, /PUMPHOUSE_WALLET_KEY_PREVIOUS/);
    const usable = async (env: Readonly<Record<string, string>>) =>
      (await run(env, 'location', 'test', loopback, '--credential', 'c')).stdout.startsWith(
        'address-refused',
      );
    assert.equal(await usable(both), true);
    const rotated = await run(both, 'wallet', 'rotate');
    assert.match(rotated.stdout, /Sealed 1 .*PUMPHOUSE_WALLET_KEY_PREVIOUS is needed no more/);
    assert.equal(await usable({ PUMPHOUSE_WALLET_KEY: second }), true);
    assert.equal(await usable(old), false);
    await folder[Symbol.asyncDispose]();
  });
});
