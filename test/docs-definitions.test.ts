import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import Database from 'better-sqlite3';
import { startApp, type TestApp } from './harness/app.ts';
import { runCommand } from './harness/command-line.ts';

/* The examples of docs/guides/definitions.md are run, in their order, against a service. */

const guide = await readFile(new URL('../docs/guides/definitions.md', import.meta.url), 'utf8');
const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block.split('\n').filter((line) => line.startsWith('pumphouse ')),
);
/** The files that the guide shows, by the names above them. */
const files = [...guide.matchAll(/`([a-z]+\.(?:sql|json))`:\n\n```(?:sql|json)\n([\s\S]*?)```/g)];

describe('the examples of definitions.md', () => {
  const before_ = process.cwd();
  let folder: string;
  let app: TestApp;

  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'pumphouse-docs-'));
    const shop = new Database(path.join(folder, 'shop.db'));
    shop.exec(
      `CREATE TABLE sale (day TEXT, amount INTEGER); CREATE TABLE total (day TEXT PRIMARY KEY, amount INTEGER);
       INSERT INTO sale VALUES ('2026-11-20', 3), ('2026-11-20', 4), ('2026-11-21', 5);`,
    );
    shop.close();
    const reports = new Database(path.join(folder, 'reports.db'));
    reports.exec('CREATE TABLE load_log (day TEXT);');
    reports.close();
    for (const [, name = '', text = ''] of files) await writeFile(path.join(folder, name), text);
    // Paths of a command are meant from where it runs.
    process.chdir(folder);
    app = await startApp();
  });
  after(async () => {
    process.chdir(before_);
    await app[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('are there', () => {
    assert.equal(files.length, 2);
    assert.ok(commands.length >= 16, `${commands.length} commands`);
  });

  for (const command of commands) {
    it(command, async () => {
      const args = command.split(' ').slice(1);
      const { code, stdout, stderr } = await runCommand(args, { env: { PUMPHOUSE_DATA: app.data } });
      assert.equal(code, 0, stdout + stderr);
      if (args[1] === 'run') assertRan(stdout);
      if (args[1] === 'diff') assert.equal(stdout, 'They are the same.\n');
    });
  }

  function assertRan(stdout: string): void {
    assert.match(stdout, /^refresh +sql +completed/m);
    assert.match(stdout, /^save +job +completed/m);
    assert.deepEqual(rowsOf('shop.db', 'SELECT day, amount FROM total'), [{ day: '2026-11-20', amount: 7 }]);
    assert.deepEqual(rowsOf('reports.db', 'SELECT day FROM load_log'), [{ day: '2026-11-20' }]);
  }

  function rowsOf(file: string, query: string): readonly unknown[] {
    const database = new Database(path.join(folder, file), { readonly: true });
    try {
      return database.prepare(query).all();
    } finally {
      database.close();
    }
  }
});
