import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp } from '../harness/app.ts';
import { type CommandInput, type CommandResult, runCommand } from '../harness/command-line.ts';
import { flipByte } from '../harness/damage.ts';
import { filesHolding } from '../harness/files-holding.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

const databasePassword = 'Lighthouse-keeper/4711';
const userPassword = 'Foghorn?at=dusk 0815';

interface Job {
  readonly id: string;
  readonly name: string;
  readonly state: string;
  readonly error: { readonly code: string } | null;
}

/** Every command does the same with a service on the data folder as without: it asks the service, or works in its own process. */
for (const withService of [false, true]) {
  describe(withService ? 'commands with a running service' : 'commands without a service', () => {
    let folder: TestFolder;
    let app: TestApp | null = null;
    let data: string;
    /** All that was ever printed. */
    let printed = '';

    before(async () => {
      folder = await makeFolder();
      data = folder.join('data');
      createSampleDatabase(folder.join('shop.db'), { orderItems: 12_000 });
      if (withService) app = await startApp({ data, flags: { unitBytes: '65536' } });
    });
    after(async () => {
      await app?.[Symbol.asyncDispose]();
      await folder[Symbol.asyncDispose]();
    });

    async function run(args: readonly string[], input: CommandInput = {}): Promise<CommandResult> {
      const ending = ['--data', data];
      const result = await runCommand([...args, ...ending], {
        env: { PUMPHOUSE_UNIT_BYTES: '65536' },
        ...input,
      });
      printed += result.stdout + result.stderr;
      return result;
    }
    /** What a command that succeeds prints. */
    async function ok(...args: readonly string[]): Promise<string> {
      const { code, stdout, stderr } = await run(args);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `${args.join(' ')}: ${stdout}`);
      return stdout;
    }
    const json = async <T>(...args: readonly string[]): Promise<T> =>
      JSON.parse(await ok(...args, '--json')) as T;
    async function refused(args: readonly string[], code: number, stderr: RegExp): Promise<void> {
      const result = await run(args);
      assert.equal(result.code, code, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
      assert.match(result.stderr, stderr);
      assert.doesNotMatch(result.stderr, /^ +at /m, 'a stack trace');
    }
    /** Interrupts an export as soon as it says something; gives its job. */
    async function interruptedExport(...args: readonly string[]): Promise<Job> {
      const { code, stdout } = await run(['export', 'shop', ...args], { interrupt: true });
      assert.equal(code, 10, stdout);
      const id = /pumphouse jobs resume (\w+)/.exec(stdout)?.[1] as string;
      return json<Job>('jobs', 'show', id);
    }

    it('registers, lists, tests and removes databases', async () => {
      assert.match(await ok('database', 'list'), /No databases yet: pumphouse database add/);
      const shop = `sqlite:${folder.join('shop.db')}`;
      assert.match(
        await ok('database', 'add', 'shop', shop),
        /^Registered shop \(sqlite, sqlite:\/.*shop\.db\)/,
      );
      const added = await json<object>('database', 'add', 'copy', `sqlite:${folder.join('copy.db')}`);
      assert.deepEqual(Object.keys(added), ['name', 'uid', 'engine', 'url', 'shared', 'created_at']);
      const listed = await json<{ name: string; uid: number }[]>('database', 'list');
      assert.deepEqual(
        listed.map(({ name }) => name),
        ['copy', 'shop'],
      );
      assert.match(await ok('database', 'test', 'shop'), /^shop answers: sqlite 3\./);
      const tested = await json<{ findings: unknown[] }>('database', 'test', 'copy', '--for', 'import');
      assert.deepEqual(tested.findings, []);

      await refused(['database', 'add', 'shop', shop], 5, /database "shop" already/);
      await refused(['database', 'add', 'ship', 'gopher:hole'], 2, /unknown scheme gopher.*\n.*sqlite:/);
      await refused(['database', 'test', 'nope'], 3, /no database "nope".*\n.*pumphouse database list/);
      assert.match(
        await ok('database', 'add', 'gone', 'sqlite:gone.db'),
        new RegExp(`${process.cwd()}/gone.db`),
      );
      assert.match(await ok('database', 'remove', 'gone'), /^Removed gone; the database itself is untouched/);
      await refused(['database', 'remove', 'gone'], 3, /no database "gone"/);
    });

    it('takes the password of a database by standard input', async () => {
      const add = ['database', 'add', 'remote', 'postgres://ann@127.0.0.1:1/shop', '--password-stdin'];
      const { code, stdout } = await run(add, { stdin: `${databasePassword}\n` });
      assert.equal(code, 0);
      assert.match(stdout, /postgres:\/\/ann@127\.0\.0\.1:1\/shop/);
      await refused(['database', 'test', 'remote'], 6, /127\.0\.0\.1:1/);
      await refused(add, 2, /no password/);
    });

    it('adds, lists and removes users', async () => {
      assert.match(await ok('user', 'list'), /No users yet/);
      const add = [
        'user',
        'add',
        'ann',
        '--role',
        'SQL Developer',
        '--database',
        'shop',
        '--database',
        'copy',
      ];
      const { code, stdout } = await run([...add, '--password-stdin'], { stdin: `${userPassword}\n` });
      assert.deepEqual({ code, stdout }, { code: 0, stdout: 'Added ann, developer on shop, copy.\n' });
      await refused(
        ['user', 'add', 'bob', '--role', 'viewer'],
        2,
        /password is needed.*\n.*--password-stdin/,
      );
      const bad = await run(['user', 'add', 'bob', '--role', 'king', '--password-stdin'], {
        stdin: userPassword,
      });
      assert.deepEqual([bad.code, /king.*\n.*administrator/.test(bad.stderr)], [2, true]);
      const users = await json<{ name: string; databases: string[] }[]>('user', 'list');
      assert.deepEqual(
        users.map(({ name, databases }) => [name, databases]),
        [['ann', ['shop', 'copy']]],
      );
      assert.match(await ok('user', 'remove', 'ann'), /Removed ann/);
      await refused(['user', 'remove', 'ann'], 3, /no user "ann"/);
    });

    it('names, lists and removes directories', async () => {
      const place = folder.join('named');
      assert.match(await ok('directory', 'add', 'spare', place), /^Directory spare is file:\/\/.*\/named/);
      assert.match(await ok('directory', 'list'), /DATA_PUMP_DIR +file:.*\/dumps\nspare +file:/);
      await refused(['directory', 'add', 'spare', place], 5, /directory "spare" already/);
      await refused(
        ['directory', 'add', 'file', folder.join('shop.db')],
        6,
        /a file where a folder is needed.*\n.*folder/,
      );
      assert.match(
        await ok('export', 'shop', '--table', 'settings', '--to', 'spare'),
        /completed: 1 table, 14 rows/,
      );
      assert.match(await ok('directory', 'remove', 'spare'), /its files are untouched/);
      await refused(
        ['export', 'shop', '--to', 'spare'],
        3,
        /no directory "spare".*\n.*pumphouse directory list/,
      );
    });

    it('exports a database, shows and verifies the set, and imports it', async () => {
      const to = folder.join('out');
      const set = ['--file', 'SHOP%U.DMP'];
      const text = await ok('export', 'shop', '--to', to, ...set, '--threads', '2');
      assert.match(
        text,
        /^EXPORT_\d{14} 0% (queued|planning|executing) \| 0 B \| 0 rows \| 0 B\/s \| - left$/m,
      );
      assert.match(text, /^EXPORT_\d{14} 100% completed \| .* \| 0:00 left$/m);
      assert.match(text, /^EXPORT_\d{14} completed: 6 tables, [\d,]+ rows, [\d.]+ MB, 3 files$/m);

      assert.match(await ok('dump', 'list', to), /^SHOP%U\.DMP +shop +sqlite .* 6 .* 0$/m);
      const sets = await json<{ file_pattern: string }[]>('dump', 'list', to);
      assert.deepEqual(
        sets.map((each) => each.file_pattern),
        ['SHOP%U.DMP'],
      );
      assert.match(
        await ok('dump', 'show', to, ...set),
        /full export of shop \(sqlite .*order_items +12,000/s,
      );
      const shown = await json<{ tables: unknown[] }>('dump', 'show', to, ...set);
      assert.equal(shown.tables.length, 6);
      assert.match(await ok('dump', 'verify', to, ...set), /^VERIFY_\d{14} completed: 3 files$/m);
      await refused(
        ['dump', 'show', folder.join('named')],
        7,
        /not the folder of a dump set.*\n.*file pattern/,
      );

      const imported = await json<Job>('import', 'copy', '--from', to, ...set, '--threads', '2');
      assert.equal(imported.state, 'completed');
      assert.ok(compareDatabases(folder.join('shop.db'), folder.join('copy.db')).equal);

      const again = await run(['import', 'copy', '--from', to, ...set]);
      assert.equal(again.code, 9);
      assert.equal(again.stderr, '');
      assert.match(
        again.stdout,
        /failed: The table main\.\w+ exists already in database copy, and 6 more objects do\. Import into/,
      );
      await refused(
        ['export', 'shop', '--to', to, ...set],
        5,
        /SHOP01\.DMP exists already.*\n.*another file name/,
      );
    });

    it('selects by table, schema, name and mode', async () => {
      const tablesOf = async (...args: readonly string[]): Promise<readonly string[]> => {
        const { name } = await json<Job>('export', 'shop', ...args);
        const { tables } = await json<{ tables: { name: string }[] }>(
          'dump',
          'show',
          'DATA_PUMP_DIR',
          '--file',
          name,
        );
        return tables.map((table) => table.name).sort();
      };
      assert.deepEqual(await tablesOf('--table', 'settings', '--table', 'Products'), [
        'products',
        'settings',
      ]);
      assert.equal((await tablesOf('--schema', 'main')).length, 6);
      assert.deepEqual(await tablesOf('--name', "LIKE 'c%'", '--name', "<> 'customers'"), ['categories']);
      assert.deepEqual(await tablesOf('--mode', 'table', '--name', "= 'orders'"), ['orders']);
      await refused(
        ['export', 'shop', '--table', 't', '--mode', 'full'],
        2,
        /--table goes with --mode table/,
      );
      await refused(
        ['export', 'shop', '--threads', '0'],
        2,
        /--threads takes a whole number from 1, not "0"/,
      );
      await refused(['export', 'shop', '--name', 'LIKE'], 2, /LIKE.*syntax error.*\n.*LIKE 'A%'/);
      await refused(['export', 'shop', '--mode', 'tablespace'], 2, /has no mode tablespace.*\n.*full/);
      const empty = await run(['export', 'shop', '--table', 'nope']);
      assert.equal(empty.code, 9);
      assert.match(empty.stdout, /Nothing in database shop matches: .*'nope'.*Loosen/);
    });

    it('tells of jobs: list, show, log, watch', async () => {
      const { name, id } = await json<Job>('export', 'shop', '--table', 'settings', '--mail');
      assert.match(
        await ok('jobs', 'list'),
        new RegExp(`^${id} +${name} +export +shop +completed +100%`, 'm'),
      );
      assert.ok((await json<Job[]>('jobs', 'list')).length > 5);
      assert.match(await ok('jobs', 'show'), new RegExp(`^${name} \\(${id}\\)\n`));
      assert.equal((await json<Job>('jobs', 'show', id)).name, name);
      assert.match(await ok('jobs', 'log', id, '--follow'), /info +exported "main"\."settings": 14 rows/);
      assert.match(await ok('jobs', 'log', id), /warn +No mail will tell how the job ends: .*smtp-url/);
      const lines = (await ok('jobs', 'log', id, '--json')).trim().split('\n');
      assert.deepEqual(JSON.parse(lines.at(-1) as string).message, 'The job completed.');
      assert.match(await ok('jobs', 'watch', id), /completed: 1 table, 14 rows/);
      for (const verb of ['show', 'log', 'report', 'watch', 'stop', 'resume', 'cancel'])
        await refused(['jobs', verb, 'nope'], 3, /no job "nope".*\n.*pumphouse jobs list/);
      for (const verb of ['stop', 'resume', 'cancel'])
        await refused(['jobs', verb, id], 5, new RegExp(`${name}.*completed`));
    });

    it('stops a job at Ctrl-C where nobody can be asked, resumes and cancels it', async () => {
      const stopped = await interruptedExport('--to', folder.join('later'));
      assert.equal(stopped.state, 'stopped');
      assert.match(await ok('jobs', 'resume', stopped.id), new RegExp(`${stopped.name} completed: 6 tables`));
      const from = folder.join('later', stopped.name);
      assert.match(await ok('dump', 'verify', from), /completed/);

      const given = await interruptedExport('--file', 'GONE%U.DMP');
      assert.match(await ok('jobs', 'cancel', given.id), new RegExp(`${given.name} is cancelled`));
      assert.equal((await json<Job>('jobs', 'show', given.id)).state, 'cancelled');
      await refused(['dump', 'show', 'DATA_PUMP_DIR', '--file', 'GONE%U.DMP'], 3, /GONE/);
    });

    it('leaves jobs to the service with --detach, and says so where there is none', async () => {
      const detached = ['export', 'shop', '--detach'];
      if (!withService) {
        await refused(detached, 2, /no service on this data folder.*\n.*pumphouse serve/);
        await refused(['jobs', 'resume', 'any', '--detach'], 2, /no service on this data folder/);
        return;
      }
      assert.match(
        await ok(...detached),
        /^Started EXPORT_\d+ \((\w+)\)\. Follow it with: pumphouse jobs watch \w+\n$/,
      );
      assert.match(await ok('jobs', 'watch'), /completed: 6 tables/);
      const { id, name } = await json<Job>(...detached);
      assert.match(await ok('jobs', 'stop', id), new RegExp(`^${name} is stopped`));
      assert.equal((await json<Job>('jobs', 'resume', id, '--detach')).id, id);
      assert.match(await ok('jobs', 'log', id, '--follow'), /The job completed\.\n$/);
    });

    it('tells a damaged set by exit code and name', async () => {
      const { name } = await json<Job>('export', 'shop', '--table', 'orders');
      const file = path.join(data, 'dumps', name, 'data', 'main.orders.0001.text.zst');
      await flipByte(file);
      const verified = await run(['dump', 'verify', 'DATA_PUMP_DIR', '--file', name]);
      assert.equal(verified.code, 8, verified.stdout);
      await ok('database', 'add', 'fresh', `sqlite:${folder.join('fresh.db')}`);
      assert.match(verified.stdout, /error: .*main\.orders\.0001\.text\.zst/);
      const imported = await run(['import', 'fresh', '--from', 'DATA_PUMP_DIR', '--file', name]);
      assert.equal(imported.code, 9);
      assert.match(imported.stdout, /main\.orders\.0001\.text\.zst/);
    });

    it('keeps settings', async () => {
      const { file } = await json<{ file: string }>('config', 'set', 'threads-max', '5');
      assert.deepEqual(JSON.parse(await readFile(file, 'utf8')), { 'threads-max': '5' });
      assert.equal(await ok('config', 'get', 'threads-max'), '5\n');
      const { source } = await json<{ source: string }>('config', 'get', 'threads-max');
      assert.equal(source, 'config folder');
      assert.match(await ok('config', 'list'), /^threads-max +5 +config folder$/m);
      assert.match(await ok('config', 'list'), /^unit-bytes +64KiB +environment$/m);
      assert.match(await ok('config', 'list', '--log-level', 'warn'), /^log-level +warn +flag$/m);
      assert.match(await ok('config', 'delete', 'threads-max'), /no longer set/);
      assert.doesNotMatch(await ok('config', 'list'), /threads-max/);
      assert.match(await ok('config', 'list', '--include-defaults'), /^threads-max +16 +default$/m);
      await refused(['config', 'delete', 'threads-max'], 3, /threads-max is not set/);
      await refused(['config', 'set', 'port', '99999'], 2, /port takes integer 0 to 65535, not "99999"/);
      await refused(['config', 'set', 'prot', '1'], 3, /no option "prot".*\n.*config list/);
      await refused(['config', 'get', 'prot'], 3, /no option "prot"\./);
      await refused(
        ['config', 'set', 'data', '/x'],
        2,
        /cannot stand in the config folder.*\n.*PUMPHOUSE_DATA/,
      );
    });

    it('prints errors as JSON where that was asked for', async () => {
      const { code, stdout, stderr } = await run(['jobs', 'show', 'nope', '--json']);
      assert.deepEqual([code, stdout], [3, '']);
      assert.deepEqual(Object.keys(JSON.parse(stderr)), ['code', 'message', 'hint', 'field']);
      const usage = await run(['jobs', 'shwo', '--json']);
      assert.equal(JSON.parse(usage.stderr).code, 'usage');
    });

    it('shows no password and keeps none in the open', async () => {
      await app?.[Symbol.asyncDispose]();
      app = null;
      for (const password of [databasePassword, userPassword]) {
        for (const spelling of [
          password,
          encodeURIComponent(password),
          Buffer.from(password).toString('base64').replace(/=+$/, ''),
          Buffer.from(password).toString('hex'),
        ]) {
          assert.ok(!printed.includes(spelling));
          assert.deepEqual(await filesHolding(folder.path, spelling), []);
        }
      }
    });
  });
}

describe('a command line', () => {
  const commands = [
    ...[
      'serve',
      'demo',
      'export',
      'import',
      'copy',
      'database',
      'user',
      'directory',
      'credential',
      'location',
      'wallet',
      'jobs',
      'dump',
      'backup',
      'schedule',
      'events',
      'config',
      'store',
      'workspace',
      'connection',
      'script',
      'resource',
      'definition',
    ],
    ...['add', 'list', 'test', 'install', 'repair', 'uninstall', 'remove'].map((verb) => `database ${verb}`),
    ...['status', 'migrate', 'copy'].map((verb) => `store ${verb}`),
    ...['add', 'list', 'remove'].flatMap((verb) => [
      `user ${verb}`,
      `directory ${verb}`,
      `credential ${verb}`,
    ]),
    'user key',
    ...['add', 'list', 'remove'].map((verb) => `user key ${verb}`),
    'location test',
    'wallet rotate',
    ...['list', 'show', 'log', 'report', 'watch', 'stop', 'resume', 'cancel'].map((verb) => `jobs ${verb}`),
    ...['list', 'show', 'verify', 'copy', 'delete'].map((verb) => `dump ${verb}`),
    ...['policy', 'start', 'list', 'show', 'keep', 'verify', 'restore', 'delete', 'prune'].map(
      (verb) => `backup ${verb}`,
    ),
    ...['set', 'show', 'list', 'remove'].map((verb) => `backup policy ${verb}`),
    'schedule list',
    'status',
    ...['list', 'get', 'set', 'secret', 'delete', 'info'].map((verb) => `config ${verb}`),
    ...['add', 'list', 'remove', 'default'].map((verb) => `workspace ${verb}`),
    ...['add', 'put', 'list', 'show', 'remove'].flatMap((verb) => [
      `connection ${verb}`,
      `script ${verb}`,
      `resource ${verb}`,
      `definition ${verb}`,
    ]),
    'script run',
    ...['submit', 'versions', 'diff', 'export', 'import', 'run', 'runs', 'nodes', 'start', 'stop'].map(
      (verb) => `definition ${verb}`,
    ),
  ];

  it('has help for every command, and the guide knows them all', async () => {
    const guide = await readFile(new URL('../../docs/guides/command-line.md', import.meta.url), 'utf8');
    for (const command of ['', ...commands]) {
      const { code, stdout, stderr } = await runCommand([...command.split(' ').filter(Boolean), '--help']);
      assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, command);
      assert.ok(stdout.startsWith(`Usage: pumphouse ${command}`), stdout);
      const listed = /^Commands:\n((?: {2}.*\n)*)/m.exec(stdout)?.[1] ?? '';
      for (const [, verb] of listed.matchAll(/^ {2}([a-z]+)/gm))
        assert.ok(commands.includes(`${command} ${verb}`.trim()), `${command} ${verb}`);
      assert.ok(guide.includes(`\`${command}`) || command === '', `the guide has ${command}`);
      const own = stdout.split(/^Settings/m)[0] as string;
      for (const [option] of own.matchAll(/(?<=^ {2})--[a-z-]+/gm))
        if (!['--help', '--version'].includes(option))
          assert.ok(guide.includes(option), `the guide has ${option}`);
    }
  });

  it('takes url-allow wherever a command goes to a place of dump files', async () => {
    for (const command of [
      ...['serve', 'export', 'import', 'location test', 'directory add', 'database test', 'jobs cancel'],
      ...['list', 'show', 'verify', 'copy', 'delete'].map((verb) => `dump ${verb}`),
      ...['backup policy set', 'backup start', 'backup verify', 'backup restore', 'backup delete'],
      ...['script run', 'definition run'],
    ]) {
      const { stdout } = await runCommand([...command.split(' '), '--help']);
      assert.match(stdout, /--url-allow/, command);
    }
    assert.match((await runCommand(['--help'])).stdout, /Options go behind the command/);
  });

  it('prints the version', async () => {
    const env = { PUMPHOUSE_DATA: path.join(tmpdir(), 'pumphouse-nothing-there') };
    const { code, stdout } = await runCommand(['--version'], { env });
    assert.equal(code, 0);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  const mistakes: readonly (readonly [line: string, says: RegExp])[] = [
    ['exprt', /^pumphouse: Unknown command 'exprt'\.\n\(Did you mean export\?\) See pumphouse --help\.\n$/],
    ['jobs shwo', /^pumphouse: Unknown command 'shwo'\.\n.*See pumphouse jobs --help\.\n$/],
    ['export', /^pumphouse: Missing required argument 'database'\.\nSee pumphouse export --help\.\n$/],
    ['export a b', /Too many arguments for 'export'/],
    ['export a --thread 3', /Unknown option '--thread'\.\n\(Did you mean --threads\?\)/],
    ['export a --mode everything', /'everything' is invalid\. Allowed choices are full, schema/],
    ['export a --file', /argument missing/],
    ['import a', /Neither --from nor --own-file says what to import/],
    ['import a --from x --remap-schema y', /--remap-schema takes SOURCE:TARGET, not "y"/],
    ['import a --from x --remap-owner y', /--remap-owner takes SOURCE:TARGET, not "y"/],
    ['import a --from x --table-exists drop', /'drop' is invalid\. Allowed choices are skip, append/],
    ['import a --from x --query t:a=1', /Unknown option '--query'/],
    ['export a --query emp', /--query takes TABLE:PREDICATE, not "emp"/],
    ['export a --sample emp:many', /--sample takes PERCENT or TABLE:PERCENT, not "emp:many"/],
    ['export a --exclude-column notes', /--exclude-column takes TABLE\.COLUMN, not "notes"/],
    ['export a --mask emp.mail:rot13', /--mask takes TABLE\.COLUMN:null, .* not "emp\.mail:rot13"/],
    ['export a --content rows', /'rows' is invalid\. Allowed choices are all, data_only/],
    ['copy a', /Missing required argument 'target'/],
    ['user add ann', /'--role <role>' not specified/],
    ['serve --port http', /^pumphouse: --port takes integer 0 to 65535, not "http"\.\nPort to listen on/],
    ['demo --port 1', /Unknown option '--port'/],
    ['--bogus', /Unknown option '--bogus'\.\n.*See pumphouse --help/],
  ];
  for (const [line, says] of mistakes) {
    it(`with a mistake ends with 2 and says what helps: ${line}`, async () => {
      const { code, stdout, stderr } = await runCommand(line.split(' '));
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, says);
    });
  }

  it('without a command ends with 2 and prints the help where errors go', async () => {
    for (const args of [[], ['jobs']]) {
      const { code, stdout, stderr } = await runCommand(args);
      assert.deepEqual([code, stdout], [2, '']);
      assert.match(stderr, /^Usage: pumphouse/);
    }
  });
});
