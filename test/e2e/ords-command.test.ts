import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp } from '../harness/app.ts';
import { runCommand, spawnCommand } from '../harness/command-line.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** The vendor's command lines, as recipes have them, with the published replies. */

let folder: TestFolder;
let config: string;
before(async () => {
  folder = await makeFolder();
  config = folder.join('pump-config');
  createSampleDatabase(folder.join('shop.db'), { orderItems: 100 });
});
after(() => folder[Symbol.asyncDispose]());

const ords = (args: readonly string[], stdin = '') =>
  runCommand(['ords', '--config', config, '--quiet', ...args], { stdin });
async function reply(args: readonly string[], stdin = ''): Promise<string> {
  const { code, stdout, stderr } = await ords(args, stdin);
  assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `${args.join(' ')}: ${stdout}`);
  return stdout;
}

describe('the banner and the version', () => {
  it('stand before every command, and the last line is the version alone', async () => {
    const { code, stdout } = await runCommand(['ords', '--config', config, '--version']);
    assert.equal(code, 0);
    const lines = stdout.trimEnd().split('\n');
    assert.match(
      lines[0] ?? '',
      /^ORDS: Release \d+\.\d+ Production on [A-Z][a-z]{2} [A-Z][a-z]{2} \d{2} \d{2}:\d{2}:\d{2} \d{4}$/,
    );
    assert.deepEqual(lines.slice(-4, -1), ['Configuration:', `  ${config}/`, '']);
    assert.match(lines.at(-1) ?? '', /^\d+\.\d+\.\d+$/);
  });

  it('without --config a line says which folder is meant', async () => {
    const { stdout } = await runCommand(['ords', '--version']);
    assert.match(
      stdout,
      /^\d{4}-\d\d-\d\dT[\d:.]+Z INFO {3}ORDS has not detected the option '--config' and this will be set up to the default directory\.\n/,
    );
  });

  it('come by a link of the name, too', async () => {
    await symlink(path.resolve(import.meta.dirname, '../../pumphouse'), folder.join('ords'));
    const { stdout } = await promisify(execFile)(folder.join('ords'), [
      '--config',
      config,
      '--quiet',
      '--version',
    ]);
    assert.match(stdout, /^\d+\.\d+\.\d+\n$/);
  });

  it('a line that cannot be understood ends with 2', async () => {
    for (const line of [
      ['serv'],
      ['config', 'lst'],
      ['config', 'set', 'a'],
      ['--bogus'],
      ['serve', '--port'],
    ]) {
      const { code, stderr } = await ords(line);
      assert.deepEqual([code, /See ords --help\./.test(stderr)], [2, true], line.join(' '));
    }
    assert.match(await reply(['--help']), /^Usage: ords /);
  });
});

describe('config', () => {
  it('replies in the published lines, and picks the file by the nature of the key', async () => {
    assert.equal(
      await reply(['config', '--db-pool', 'wharf', 'set', 'jdbc.MaxLimit', '40']),
      'The setting named: jdbc.MaxLimit was set to: 40 in configuration: wharf\n',
    );
    assert.equal(
      await reply(['config', 'set', 'database.api.enabled', 'true']),
      'The global setting named: database.api.enabled was set to: true\n',
    );
    assert.equal(
      await reply(['config', 'set', 'security.httpsHeaderCheck', 'X-Forwarded-Proto: https']),
      'The global setting named: security.httpsHeaderCheck was set to: X-Forwarded-Proto: https\n',
    );
    // Unknown here, and kept all the same.
    assert.equal(
      await reply(['config', '--db-pool', 'wharf', 'set', 'some.future.key', 'two words']),
      'The setting named: some.future.key was set to: two words in configuration: wharf\n',
    );
    assert.equal(
      await reply(
        ['config', '--db-pool', 'wharf', 'secret', 'db.password', '--password-stdin'],
        'Lantern7\n',
      ),
      'The setting named: db.password was set to: ****** in configuration: wharf\n',
    );
    const pool = await readFile(`${config}/databases/wharf/pool.xml`, 'utf8');
    assert.match(
      pool,
      /^<\?xml version="1\.0" encoding="UTF-8" standalone="no"\?>\n<!DOCTYPE properties SYSTEM "http:\/\/java\.sun\.com\/dtd\/properties\.dtd">\n<properties>\n<comment>Saved on .* UTC \d{4}<\/comment>\n<entry key="jdbc\.MaxLimit">40<\/entry>\n<entry key="some\.future\.key">two words<\/entry>\n<\/properties>\n$/,
    );
    assert.match(await readFile(`${config}/global/settings.xml`, 'utf8'), /X-Forwarded-Proto: https</);
  });

  it('gives values on the last line, secrets as ******, and says what is not set', async () => {
    assert.equal(await reply(['config', '--db-pool', 'wharf', 'get', 'jdbc.MaxLimit']), '40\n');
    assert.equal(await reply(['config', 'get', 'database.api.enabled']), 'true\n');
    assert.equal(await reply(['config', '--db-pool', 'wharf', 'get', 'db.password']), '******\n');
    const { code, stdout } = await ords(['config', 'get', 'jdbc.MaxLimit']);
    assert.deepEqual([code, stdout], [3, 'Cannot get setting jdbc.MaxLimit\n']);
  });

  it('lists what is set, and defaults when asked', async () => {
    const listed = await reply(['config', '--db-pool', 'wharf', 'list']);
    assert.match(
      listed,
      /^Database pool: wharf\n\nSetting {3,}Value {3,}Source {5}\n-{5,} {3}-{5,} {3}-{11}\n/,
    );
    assert.match(listed, /^database\.api\.enabled {3,}true {3,}Global {5}$/m);
    assert.match(listed, /^db\.password {3,}\*{6} {3,}Pool Wallet$/m);
    assert.ok(!listed.includes('Default'));
    const all = await reply(['config', 'list', '--db-pool', 'wharf', '--include-defaults']);
    assert.match(all, /^standalone\.http\.port {3,}8080 {3,}Default {4}$/m);
    assert.match(all, /^jdbc\.MaxLimit {3,}40 {3,}Pool {7}$/m);
  });

  it('refuses values that a known key does not take, and secrets on the line', async () => {
    const wrong = await ords(['config', 'set', 'plsql.gateway.mode', 'false']);
    assert.deepEqual(
      [wrong.code, wrong.stdout],
      [2, 'Invalid VALUE argument false for KEY plsql.gateway.mode.\n'],
    );
    for (const [key, value] of [
      ['db.password', 'Lantern7'],
      ['db.url', 'postgres://u:Lantern7@db/x'],
      ['db.customURL', 'jdbc:postgresql://db/x?password=Lantern7'],
    ] as const) {
      const { code, stdout, stderr } = await ords(['config', 'set', key, value]);
      assert.equal(code, 2);
      assert.ok(!`${stdout}${stderr}`.includes('Lantern7'), key);
    }
    const outside = await ords(['config', '--db-pool', '../x', 'set', 'a', 'b']);
    assert.match(outside.stderr, /The name "\.\.\/x" cannot be used/);
    for (const name of await readdir(config, { recursive: true })) {
      if (!(await stat(`${config}/${name}`)).isFile()) continue;
      assert.ok(!(await readFile(`${config}/${name}`, 'utf8')).includes('Lantern7'), name);
    }
  });

  it('deletes, explains, and adds users', async () => {
    assert.match(await reply(['config', '--db-pool', 'wharf', 'delete', 'some.future.key']), /was removed/);
    assert.equal((await ords(['config', '--db-pool', 'wharf', 'delete', 'some.future.key'])).code, 3);
    assert.match(await reply(['config', 'info', 'jdbc.MaxLimit']), /its option threads-max/);
    assert.equal(
      await reply(
        ['config', 'user', 'add', 'quay', 'SQL Administrator, SQL Developer', '--password-stdin'],
        'Tide-9\n',
      ),
      `Created user quay in file ${config}/global/credentials\n`,
    );
    const credentials = await readFile(`${config}/global/credentials`, 'utf8');
    assert.match(credentials, /^quay;\$argon2id\$[^;]+;SQL Administrator,SQL Developer\n$/);
  });
});

describe('serve', () => {
  it('maps the pools, says which are valid, and serves the others', async () => {
    await reply(['config', 'set', 'db.url', `sqlite:${folder.join('shop.db')}`]);
    await reply(['config', '--db-pool', 'wharf', 'set', 'db.hostname', '127.0.0.1']);
    await reply(['config', '--db-pool', 'wharf', 'set', 'db.port', '1']);
    await reply(['config', '--db-pool', 'wharf', 'set', 'db.username', 'PUMP_PUBLIC']);
    await reply(['config', '--db-pool', 'oracle', 'set', 'db.connectionType', 'tns']);
    await mkdir(`${config}/databases/torn`);
    await writeFile(`${config}/databases/torn/pool.xml`, '<properties><entry key="db.hostname">1');
    await reply(['config', 'set', 'standalone.access.log', folder.join('logs')]);
    await reply(['config', 'set', 'standalone.binds', '127.0.0.1']);
    await writeFile(`${config}/global/credentials`, 'old;{SSHA-512}abc;SQL Developer\n', { flag: 'a' });

    await using service = spawnCommand(['ords', '--config', config, 'serve', '--port', '0'], {
      env: { PUMPHOUSE_LOG_LEVEL: 'silent' },
    });
    await service.printed(/Oracle REST Data Services java info: .*\n/);
    const output = service.output();
    const stamp = '\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z';
    const has = (text: string): void => assert.match(output, new RegExp(`^${stamp} ${text}`, 'm'));
    has('INFO        HTTP and HTTP/2 cleartext listening on host: 127\\.0\\.0\\.1 port: \\d+$');
    has(
      'INFO        Disabling document root because the specified folder does not exist: .*/global/doc_root$',
    );
    has('INFO        Configuration properties for: \\|wharf\\|lo\\|\\n(?:.*\\n)*db\\.password=\\*{6}\\n');
    has('WARNING     The pool named: \\|wharf\\|lo\\| is invalid and will be ignored: .*127\\.0\\.0\\.1:1');
    has('WARNING     The pool named: \\|oracle\\|lo\\| is invalid and will be ignored: .*db\\.url');
    has('WARNING     The pool named: \\|torn\\|lo\\| is invalid and will be ignored: .*torn/pool\\.xml');
    has('WARNING     The user old cannot sign in');
    has('INFO        Oracle REST Data Services initialized$');
    assert.ok(
      output.includes(
        [
          `Mapped local pools from ${config}/databases:`,
          '  /ords/                              => default                        => VALID     ',
          '  /ords/oracle/                       => oracle                         => INVALID   ',
          '  /ords/torn/                         => torn                           => INVALID   ',
          '  /ords/wharf/                        => wharf                          => INVALID   ',
          '',
          '',
        ].join('\n'),
      ),
      output,
    );
    assert.ok(!output.includes('Lantern7') && !output.includes('Tide-9'));

    const port = /listening on host: \S+ port: (\d+)/.exec(output)?.[1];
    const get = async (path: string, password = 'Tide-9') => {
      const answer = await fetch(`http://127.0.0.1:${port}${path}`, {
        redirect: 'manual',
        headers: {
          authorization: `Basic ${Buffer.from(`quay:${password}`).toString('base64')}`,
          'x-forwarded-proto': 'https',
          'user-agent': 'recipe/1',
        },
      });
      return { status: answer.status, body: await answer.text() };
    };
    const jobs = '_/db-api/stable/database/datapump/jobs/?token=Lantern7';
    const listed = await get(`/ords/${jobs}`);
    assert.equal(listed.status, 200, listed.body);
    assert.match(listed.body, new RegExp(`"https://127\\.0\\.0\\.1:${port}/ords/_/db-api/`));
    assert.equal((await get(`/ords/${jobs}`, 'wrong')).status, 401);
    assert.equal((await get(`/ords/wharf/${jobs}`)).status, 503);
    const oracle = await get(`/ords/oracle/${jobs}`);
    assert.deepEqual([oracle.status, /"code":"ServiceUnavailable"/.test(oracle.body)], [503, true]);
    assert.equal((await get(`/ords/nowhere/${jobs}`)).status, 404);
    assert.equal((await get('/ords/')).status, 302);

    service.child.kill('SIGTERM');
    const { code, stderr } = await service.ended;
    assert.deepEqual([code, stderr], [0, '']);
    const [log = '', ...more] = await readdir(folder.join('logs'));
    assert.match(log, /^ords_\d{4}_\d\d_\d\d\.log$/);
    const lines = [
      await readFile(folder.join('logs', log), 'utf8'),
      // A test at midnight has two files.
      ...(await Promise.all(more.map((name) => readFile(folder.join('logs', name), 'utf8')))),
    ].join('');
    assert.match(
      lines,
      /^127\.0\.0\.1 - quay \[.*\] "GET \/ords\/_\/db-api\/stable\/database\/datapump\/jobs\/ HTTP\/1\.1" 200 \d+ "-" "recipe\/1" \d+ 127\.0\.0\.1:\d+$/m,
    );
    assert.match(lines, / - - \[.* 401 /);
    assert.ok(!lines.includes('Lantern7'));
  });

  it('leaves the Database API out where it is not enabled', async () => {
    await using app = await startApp({ flags: { ordsEnabled: 'false' } });
    const status = async (path: string) => (await app.call({ method: 'GET', path })).status;
    assert.equal(await status('/ords/_/db-api/stable/metadata-catalog/'), 404);
    assert.equal(await status('/ords/'), 302);
  });

  it('says what it does not have', async () => {
    const secure = await ords(['serve', '--secure']);
    assert.equal(secure.code, 12);
    assert.match(secure.stderr, /plain HTTP.*\n.*proxy/);
  });
});
