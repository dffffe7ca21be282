import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { startApp, type TestApp } from '../harness/app.ts';
import { runCommand } from '../harness/command-line.ts';

/* Commands on workspaces and what is in them, against a service. docs/guides/definitions.md shows the usual ones; these are the others. */

describe('commands on definitions', () => {
  let folder: string;
  let app: TestApp;
  before(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'pumphouse-definition-commands-'));
    app = await startApp({ databases: { shop: `sqlite:${path.join(folder, 'shop.db')}` } });
    await run('workspace add main');
    await run('workspace add other');
  });
  after(async () => {
    await app[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  const at = (name: string): string => path.join(folder, name);

  /** The words of a line are parted by spaces; names of files are below the folder: `@refresh.sql`. */
  async function run(line: string): Promise<{ readonly code: number; readonly text: string }> {
    const args = line.split(' ').map((word) => (word.startsWith('@') ? at(word.slice(1)) : word));
    const { code, stdout, stderr } = await runCommand(args, { env: { PUMPHOUSE_DATA: app.data } });
    return { code, text: stdout + stderr };
  }
  async function ok(line: string): Promise<string> {
    const { code, text } = await run(line);
    assert.equal(code, 0, `${line}: ${text}`);
    return text;
  }
  const writeDefinition = (name: string, nodes: readonly unknown[]): Promise<void> =>
    writeFile(at(name), JSON.stringify({ nodes }));

  it('a workspace is chosen, and told', async () => {
    assert.match(await ok('workspace list'), /^main .*default$/m);
    await ok('workspace default other');
    assert.equal(await ok('workspace default'), 'other is the default workspace.\n');
    await ok('workspace default --none');
    assert.equal((await run('script list')).code, 3);
    await ok('workspace default main');
    assert.equal((await run('workspace default main --none')).code, 2);
  });

  it('scripts, connections and resources change in what is given, and keep the rest', async () => {
    await writeFile(at('a.sql'), 'SELECT 1;\n');
    await writeFile(at('b.sql'), 'SELECT 2;\n');
    await ok('connection add shop --database shop');
    await ok('script add load --file @a.sql --connection shop --description first');
    await ok('script put load --file @b.sql');
    assert.equal(await ok('script show load'), 'SELECT 2;\n');
    const shown = JSON.parse(await ok('script show load --json'));
    assert.deepEqual([shown.connection, shown.description, shown.type], ['shop', 'first', 'sql']);
    await ok('script put load --rename load_orders');
    assert.match(await ok('script list'), /^load_orders /m);
    await ok('connection put shop --description theirs');
    assert.match(await ok('connection show shop'), /^database: shop\ndescription: theirs$/m);
    await ok('resource add jar --type jar --location s3://bucket/a.jar');
    await ok('resource put jar --location s3://bucket/b.jar');
    assert.match(await ok('resource show jar'), /^location: s3:\/\/bucket\/b\.jar$/m);
    await ok('resource remove jar');
    assert.equal((await run('resource show jar')).code, 3);
    assert.equal((await run('script add again --file @none.sql')).code, 2);
  });

  it('a diff shows what is of the one side, and what of the other', async () => {
    await writeDefinition('a.json', [{ name: 'one', action: { type: 'none' } }]);
    await ok('definition add nightly --file @a.json');
    await ok('definition submit nightly');
    await writeDefinition('b.json', [
      { name: 'one', action: { type: 'none' }, retries: 2 },
      { name: 'two', after: ['one'], action: { type: 'sql', script: { name: 'load_orders' } } },
    ]);
    await ok('definition put nightly --file @b.json');
    const lines = (await ok('definition diff nightly')).trimEnd().split('\n');
    assert.deepEqual(lines.slice(0, 2), ['- nodes[one].retries: 0', '+ nodes[one].retries: 2']);
    assert.match(lines[2] ?? '', /^\+ nodes\[two\]: \{"name":"two",/);
    assert.equal(lines.length, 3);
    assert.equal(await ok('definition diff nightly --from @b.json --to draft'), 'They are the same.\n');
    const draft = JSON.parse(await ok('definition show nightly'));
    assert.equal(draft.nodes.length, 2);
    assert.equal(JSON.parse(await ok('definition show nightly --of-version 1')).nodes.length, 1);
    assert.equal((await run('definition diff nightly --from 7')).code, 3);
    await writeFile(at('broken.json'), '{');
    assert.match((await run('definition put nightly --file @broken.json')).text, /broken\.json is no JSON/);
  });

  it('an export is a file for each, and only what changed is written again', async () => {
    const dir = at('out');
    const text = await ok('definition export nightly --dir @out');
    assert.match(text, /^Wrote 3 files below/);
    const files = (await readdir(dir, { recursive: true })).filter((name) => name.endsWith('.json')).sort();
    assert.deepEqual(files, [
      'connections/shop.json',
      'definitions/nightly.json',
      'scripts/load_orders.json',
    ]);
    assert.equal(
      await readFile(path.join(dir, 'scripts/load_orders.json'), 'utf8'),
      '{\n  "name": "load_orders",\n  "description": "first",\n  "type": "sql",\n  "connection": "shop",\n  "content": [\n    "SELECT 2;",\n    ""\n  ]\n}\n',
    );
    const inodes = () => Promise.all(files.map(async (file) => (await stat(path.join(dir, file))).ino));
    const first = await inodes();
    await writeFile(path.join(dir, 'scripts/gone.json'), '{}');
    assert.match(await ok('definition export --dir @out'), /^note: scripts\/gone\.json is there too/m);
    assert.deepEqual(await inodes(), first);
    await rm(path.join(dir, 'scripts/gone.json'));
  });

  it('names what a definition needs and the workspace lacks', async () => {
    await writeDefinition('c.json', [{ name: 'one', action: { type: 'sql', script: { name: 'nowhere' } } }]);
    await ok('definition add lacking --file @c.json');
    assert.match(
      await ok('definition export lacking --dir @lack'),
      /^note: the workspace has no script nowhere/m,
    );
    assert.equal((await run('definition export unknown --dir @lack')).code, 3);
    await ok('definition remove lacking');
  });

  it('a folder comes into another workspace, and out of it the same', async () => {
    await ok('definition import --dir @out --workspace other --status submitted');
    assert.match(await ok('definition versions nightly --workspace other'), /^ *1 /m);
    await ok('definition export --dir @again --workspace other');
    for (const file of ['connections/shop.json', 'definitions/nightly.json', 'scripts/load_orders.json']) {
      assert.equal(
        await readFile(path.join(at('again'), file), 'utf8'),
        await readFile(path.join(at('out'), file), 'utf8'),
      );
    }
  });

  it('what is there is left, or replaced', async () => {
    const file = path.join(at('out'), 'scripts/load_orders.json');
    await writeFile(file, (await readFile(file, 'utf8')).replace('SELECT 2', 'SELECT 3'));
    assert.match(await ok('definition import --dir @out'), /^script +load_orders +skipped$/m);
    assert.equal(await ok('script show load_orders'), 'SELECT 2;\n');
    await ok('definition import --dir @out --same-name overwrite');
    assert.equal(await ok('script show load_orders'), 'SELECT 3;\n');
  });

  it('a file that is no definition is named, a link is not followed, and then nothing is imported', async () => {
    await writeFile(at('secret.json'), '{"name": "secret", "database": "shop"}');
    await symlink(at('secret.json'), path.join(at('again'), 'connections/link.json'));
    await ok('definition import --dir @again');
    assert.equal((await run('connection show secret')).code, 3);
    await writeFile(path.join(at('again'), 'resources.json'), '{');
    await writeFile(path.join(at('again'), 'scripts/broken.json'), '{"name": "new", "content": 7}');
    const broken = await run('definition import --dir @again');
    assert.deepEqual([broken.code, /scripts\/broken\.json has a content/.test(broken.text)], [2, true]);
    await writeFile(path.join(at('again'), 'scripts/broken.json'), '{"name": "../up", "content": []}');
    assert.match((await run('definition import --dir @again')).text, /name "\.\.\/up" cannot be used/);
    assert.equal((await run('definition import --dir @nowhere')).code, 2);
  });

  it('a run without a node fails before it is made', async () => {
    await writeDefinition('d.json', []);
    await ok('definition add empty --file @d.json');
    const refused = await run('definition run empty');
    assert.deepEqual([refused.code, /no nodes/.test(refused.text)], [2, true]);
    assert.equal((await run('definition run empty --param day')).code, 2);
  });

  it('a run shows how its nodes ended', async () => {
    await writeDefinition('e.json', [
      { name: 'one', action: { type: 'none' } },
      {
        name: 'two',
        action: { type: 'none' },
        after: ['one'],
        conditions: [{ after: 'one', expression: 'failed' }],
      },
    ]);
    await ok('definition add plain --file @e.json');
    const text = await ok('definition run plain --threads 2');
    assert.match(text, /^one +none +completed/m);
    assert.match(text, /^two +none +skipped/m);
    assert.match(await ok('definition runs'), /plain +draft +completed/);
    const [run] = JSON.parse(await ok('definition runs plain --json'));
    assert.match(await ok(`definition nodes ${run.id}`), /^one +none +completed/m);
    const json = JSON.parse(await ok('definition run plain --json'));
    assert.equal(json.state, 'completed');
    const { total, completed, skipped } = json.result.nodes;
    assert.deepEqual([total, completed, skipped], [2, 1, 1]);
  });
});
