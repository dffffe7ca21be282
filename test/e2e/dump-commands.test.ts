import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, test } from 'node:test';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { type CommandInput, type CommandResult, runCommand } from '../harness/command-line.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/* `export --encrypt`, `import --decrypt`, `--file-size`, `dump copy` and `dump delete` on the command line. */

let folder: TestFolder;
let data: string;

before(async () => {
  folder = await makeFolder();
  data = folder.join('data');
  createSampleDatabase(folder.join('shop.db'), { orderItems: 2_000 });
  await ok('database', 'add', 'shop', `sqlite:${folder.join('shop.db')}`);
  await ok('database', 'add', 'copy', `sqlite:${folder.join('copy.db')}`);
  await ok('directory', 'add', 'SPARE', folder.join('spare'));
  const key = ['credential', 'add', 'vault', '--type', 'encryption', '--secret-stdin'];
  assert.equal((await run(key, { stdin: 'correct horse battery staple\n' })).code, 0);
});
after(() => folder?.[Symbol.asyncDispose]());

const run = (args: readonly string[], input: CommandInput = {}): Promise<CommandResult> =>
  runCommand([...args, '--data', data], input);
async function ok(...args: readonly string[]): Promise<string> {
  const { code, stdout, stderr } = await run(args);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `${args.join(' ')}: ${stdout}`);
  return stdout;
}
async function refused(args: readonly string[], code: number, stderr: RegExp): Promise<void> {
  const result = await run(args);
  assert.equal(result.code, code, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
  assert.match(result.stderr, stderr);
}
const filesIn = (place: string): Promise<readonly string[]> => readdir(place);

test('an encrypted export says so, is copied, and comes back with its key', async () => {
  await ok('export', 'shop', '--file', 'SHOP%U.DMP', '--encrypt', 'vault', '--file-size', '1MB');
  assert.match(await ok('dump', 'list'), /encrypted[\s\S]*SHOP%U\.DMP.* yes /);
  assert.match(
    await ok('dump', 'show', 'DATA_PUMP_DIR', '--file', 'SHOP%U.DMP'),
    /^text, encrypted, consistency/m,
  );

  const copied = await ok('dump', 'copy', 'DATA_PUMP_DIR', 'SPARE', '--file', 'SHOP%U.DMP', '--threads', '2');
  assert.match(copied, /DUMP_COPY_\d+ completed: [\d.]+ KB, \d+ files/);
  assert.deepEqual(await filesIn(folder.join('spare')), await filesIn(path.join(data, 'dumps')));

  const from = ['import', 'copy', '--from', 'SPARE', '--file', 'SHOP%U.DMP'];
  await refused(from, 2, /is encrypted[\s\S]*--decrypt/);
  await ok(...from, '--decrypt', 'vault');
  assert.ok(compareDatabases(folder.join('shop.db'), folder.join('copy.db')).equal);
});

test('what is wrong is told with its exit code', async () => {
  await refused(
    ['export', 'shop', '--file', 'A%U.DMP', '--file-size', 'huge'],
    2,
    /--file-size takes a size such as 500MB/,
  );
  await refused(['export', 'shop', '--file-size', '1GB'], 2, /file_size is for numbered dump files/);
  await refused(['export', 'shop', '--encrypt', 'nobody'], 3, /There is no credential "nobody"/);
  await refused(['dump', 'copy', 'DATA_PUMP_DIR', 'NONE', '--file', 'SHOP%U.DMP'], 3, /no directory "NONE"/);
  await refused(
    ['dump', 'copy', 'DATA_PUMP_DIR', 'DATA_PUMP_DIR', '--file', 'SHOP%U.DMP'],
    5,
    /there already|already/,
  );
});

test('a set is deleted only when somebody says yes', async () => {
  const removing = ['dump', 'delete', 'SPARE', '--file', 'SHOP%U.DMP'];
  await refused(removing, 2, /--yes/);
  assert.ok((await filesIn(folder.join('spare'))).length > 0);
  assert.match(await ok(...removing, '--yes'), /DUMP_DELETE_\d+ completed: [\d.]+ KB, \d+ files/);
  assert.deepEqual(await filesIn(folder.join('spare')), []);
  await refused([...removing, '--yes'], 3, /SHOP01\.DMP does not exist/);
});

test('on a terminal it is asked', async () => {
  const removing = ['dump', 'delete', 'DATA_PUMP_DIR', '--file', 'SHOP%U.DMP'];
  for (const stdin of ['n\n', '\n', '']) {
    const { code, stdout, stderr } = await run(removing, { stdin, isTerminal: true });
    assert.equal(code, 0);
    assert.match(stdout, /Nothing was deleted/);
    assert.match(stderr, /Delete the dump set EXPORT_\d+ of shop \(\d+ files, [\d.]+ KB\)\? \[y\/N\]/);
  }
  assert.ok((await filesIn(path.join(data, 'dumps'))).length > 0);
  const { code, stdout } = await run(removing, { stdin: 'y\n', isTerminal: true });
  assert.equal(code, 0, stdout);
  assert.deepEqual(await filesIn(path.join(data, 'dumps')), []);
});
