import assert from 'node:assert/strict';
import { readdir, readFile, stat } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { runCommand, spawnCommand } from '../harness/command-line.ts';
import { type PostgresServer, startPostgres } from '../harness/postgres.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** `install` of the vendor's command, with a PostgreSQL server in the place of the managed database. */
describe('ords install', () => {
  let folder: TestFolder;
  let server: PostgresServer;
  before(async () => {
    folder = await makeFolder();
    server = await startPostgres({ password: 'Quay-11' });
    await server.query('postgres', 'create database low');
  });
  after(async () => {
    await server?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const config = () => folder.join('ords-config');
  const ords = (args: readonly string[], stdin = '') =>
    runCommand(['ords', '--config', config(), '--quiet', ...args], { stdin });
  const adb = [
    ...['install', 'adb', '--admin-user', 'postgres', '--db-user', 'ORDS_PUBLIC_USER2'],
    ...['--gateway-user', 'ORDS_PLSQL_GATEWAY2', '--wallet', '/opt/ords-config/wallet.zip'],
    ...['--wallet-service-name', 'db202301101106_low', '--feature-sdw', 'true', '--feature-db-api', 'true'],
    ...['--feature-rest-enabled-sql', 'true', '--password-stdin'],
  ];
  const passwords = 'Quay-11\nTide-12\nGate-13\n';

  it('says so where the pool leads to an Oracle database alone, and changes nothing', async () => {
    const { code, stdout, stderr } = await ords(adb, passwords);
    assert.deepEqual([code, stdout], [12, '']);
    assert.match(stderr, /The pool default cannot be installed.*\n.*db\.url/);
    await assert.rejects(stat(config()));
  });

  it('prints the published lines in their order, with the settings that it makes', async () => {
    const url = `postgres://127.0.0.1:${server.port}/low`;
    assert.equal((await ords(['config', 'set', 'db.url', url])).code, 0);
    const { code, stdout, stderr } = await ords(adb, passwords);
    assert.deepEqual([code, stderr], [0, ''], stdout);
    const lines = stdout.split('\n');
    const expected = [
      'Oracle REST Data Services - Non-Interactive Customer Managed ORDS for Autonomous Database',
      'Connecting to Autonomous database user: postgres TNS Service: db202301101106_low',
      'Retrieving information',
      'Checking Autonomous database user: ORDS_PLSQL_GATEWAY2 TNS Service: db202301101106_low',
      'The setting named: db.wallet.zip.path was set to: /opt/ords-config/wallet.zip in configuration: default',
      'The setting named: db.wallet.zip.service was set to: db202301101106_low in configuration: default',
      'The setting named: db.username was set to: ORDS_PUBLIC_USER2 in configuration: default',
      'The setting named: db.password was set to: ****** in configuration: default',
      'The setting named: plsql.gateway.mode was set to: proxied in configuration: default',
      'The setting named: feature.sdw was set to: true in configuration: default',
      'The global setting named: database.api.enabled was set to: true',
      'The setting named: restEnabledSql.active was set to: true in configuration: default',
      'The setting named: security.requestValidationFunction was set to: ords_util.authorize_plsql_gateway in configuration: default',
    ];
    assert.deepEqual(
      lines.filter((line) => expected.includes(line)),
      expected,
    );
    assert.match(
      stdout,
      /^\d{4}-\S+Z INFO {8}Completed configuring for Customer Managed Oracle REST Data Services version \S+\. Elapsed time: 00:00:\d\d\.\d{3}$/m,
    );
    assert.match(stdout, /^\d{4}-\S+Z INFO {8}ords --config \S+ serve\n$/m);
    assert.match(stdout, /WARNING {5}There is no PL\/SQL gateway here/);

    // No password stands anywhere in the open, the administrator's nowhere at all.
    for (const name of await readdir(config(), { recursive: true })) {
      const path = `${config()}/${name}`;
      if (!(await stat(path)).isFile()) continue;
      const text = await readFile(path, 'latin1');
      for (const secret of ['Quay-11', 'Tide-12', 'Gate-13']) assert.ok(!text.includes(secret), name);
    }
    const listed = await ords(['config', 'list']);
    assert.match(
      listed.stdout,
      /^security\.requestValidationFunction {3}ords_util\.authorize_plsql_gateway +Pool {7}$/m,
    );
  });

  it('is repeated without harm, and the pool is valid', async () => {
    assert.equal((await ords(adb, passwords)).code, 0);
    await using service = spawnCommand(['ords', '--config', config(), '--quiet', 'serve', '--port', '0'], {
      env: { PUMPHOUSE_LOG_LEVEL: 'silent', PUMPHOUSE_HOST: '127.0.0.1' },
    });
    await service.printed(/Oracle REST Data Services initialized/);
    assert.match(service.output(), /^ {2}\/ords\/ +=> default +=> VALID {5}$/m, service.output());
    service.child.kill('SIGTERM');
    assert.equal((await service.ended).code, 0);
  });

  it('makes the pool of a database that the line names', async () => {
    const { code, stdout, stderr } = await ords(
      [
        ...['install', '--admin-user', 'postgres', '--proxy-user', '--db-hostname', '127.0.0.1'],
        ...['--db-port', String(server.port), '--db-servicename', 'postgres', '--db-pool', 'wharf'],
        ...['--feature-sdw', 'false', '--password-stdin'],
      ],
      'Quay-11\nTide-14\n',
    );
    assert.deepEqual([code, stderr], [0, ''], stdout);
    const replies = stdout.split('\n').filter((line) => line.startsWith('The setting named:'));
    assert.deepEqual(
      replies.map((line) => line.replace(/^The setting named: (.*) in configuration: wharf$/, '$1')),
      [
        'db.connectionType was set to: basic',
        'db.hostname was set to: 127.0.0.1',
        `db.port was set to: ${server.port}`,
        'db.servicename was set to: postgres',
        'db.username was set to: ords_public_user',
        'db.password was set to: ******',
        'feature.sdw was set to: false',
      ],
    );
  });

  it('is mended and undone by repair and uninstall', async () => {
    const repaired = await ords(['repair', '--admin-user', 'postgres', '--password-stdin'], 'Quay-11\n');
    assert.equal(repaired.code, 0, repaired.stderr);
    const gone = await ords(['uninstall', '--admin-user', 'postgres', '--password-stdin'], 'Quay-11\n');
    assert.equal(gone.code, 0, gone.stderr);
    const roles = await server.query(
      'postgres',
      "select 1 from pg_roles where rolname = 'ORDS_PUBLIC_USER2'",
    );
    assert.deepEqual(roles, []);
  });

  it('asks no questions', async () => {
    for (const line of [['install'], ['install', '-i'], ['install', '--admin-user', 'postgres']]) {
      assert.equal((await ords(line)).code, 2);
    }
  });
});
