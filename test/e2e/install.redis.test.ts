import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { runCommand } from '../harness/command-line.ts';
import { filesHolding } from '../harness/files-holding.ts';
import { fillWithEverything } from '../harness/redis-sample.ts';
import { type RedisServer, redisVersions, startRedis } from '../harness/redis-server.ts';
import { redisFunctions, redisState } from '../harness/redis-state.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/* The ACL user that an installation makes does all that exports and imports need. `PUMPHOUSE_INSTALL_CAMPAIGN=1` takes all versions. */

const password = 'Gannet/4711+admin';
const isCampaign = process.env.PUMPHOUSE_INSTALL_CAMPAIGN === '1';

for (const version of isCampaign ? redisVersions : (['redis-7.0'] as const)) {
  describe(`installation in ${version}`, () => {
    let folder: TestFolder;
    let source: RedisServer;
    let target: RedisServer;
    let replica: RedisServer;
    let printed = '';
    const stack = new AsyncDisposableStack();

    before(async () => {
      folder = stack.use(await makeFolder());
      const start = (more: Parameters<typeof startRedis>[0] = {}) =>
        startRedis({ version, ...more }).then((server) => stack.use(server));
      // One that keeps its users in a file, and one that has them in its memory alone.
      const hash = createHash('sha256').update(password).digest('hex');
      await writeFile(folder.join('users.acl'), `user default on #${hash} ~* &* +@all\n`);
      [source, target] = await Promise.all([
        start({ password }),
        start({ password, settings: { aclfile: folder.join('users.acl') } }),
      ]);
      replica = await start({ password, replicaOf: source });
      await fillWithEverything(source);
      while (!(await source.info('slave0')).includes('state=online')) await source.call('PING');
    });
    after(() => stack.disposeAsync());

    async function run(args: readonly string[], stdin = ''): Promise<{ code: number; text: string }> {
      const { code, stdout, stderr } = await runCommand([...args, '--data', folder.join('data')], { stdin });
      printed += stdout + stderr;
      return { code, text: stdout + stderr };
    }
    async function ok(args: readonly string[], stdin = ''): Promise<string> {
      const { code, text } = await run(args, stdin);
      assert.equal(code, 0, `${args.join(' ')}: ${text}`);
      return text;
    }
    const administer = (verb: string, name: string, server: RedisServer, ...flags: readonly string[]) =>
      ok(
        [
          'database',
          verb,
          name,
          '--admin-url',
          `redis://127.0.0.1:${server.port}`,
          '--password-stdin',
          ...flags,
        ],
        `${password}\n`,
      );

    it('makes the user at the server and its replicas, once', async () => {
      const planned = await administer('install', 'cache', source, '--dry-run');
      assert.match(planned, /ACL SETUSER pumphouse_cache on .* #\[secret\]/);
      const installed = await administer('install', 'cache', source, '--read-only');
      assert.match(installed, /^Installed cache/);
      assert.match(installed, new RegExp(`at 127.0.0.1:${replica.port}`));
      assert.match(installed, /db\.password\s+\*{6}\s/);
      assert.match(await administer('install', 'cache', source), /^Nothing to do/);
      assert.match(installed, /forgets them with its next start/);
      const saved = await administer('install', 'copy', target);
      assert.match(saved, /^Installed copy/);
      assert.match(saved, /ACL SAVE/);
      assert.match(await readFile(folder.join('users.acl'), 'utf8'), /user pumphouse_copy on/);
      assert.match(await administer('repair', 'copy', target), /^Nothing to do/);
    });

    it('lets jobs export and import all there is', async () => {
      const set = (file: string, from: string) => [from, folder.join('dumps'), '--file', file];
      await ok(['export', 'cache', ...set('ALL%U.DMP', '--to')]);
      await ok(['export', 'cache', '--schema', 'db0', ...set('PART%U.DMP', '--to')]);
      await ok(['import', 'copy', ...set('ALL%U.DMP', '--from')]);
      assert.deepEqual(await redisState(target), await redisState(source));
      assert.deepEqual(await redisFunctions(target), await redisFunctions(source));
      const ways = [['--erase'], ['--table-exists', 'replace'], ['--table-exists', 'truncate']];
      for (const flags of isCampaign ? ways : ways.slice(0, 1)) {
        await ok(['import', 'copy', ...set('ALL%U.DMP', '--from'), ...flags]);
      }
      assert.deepEqual(await redisState(target), await redisState(source));
      const jobs = JSON.parse(await ok(['jobs', 'list', '--json'])) as { error_count: number }[];
      assert.ok(jobs.every(({ error_count }) => error_count === 0));
    });

    it('lets the user do nothing else', async () => {
      for (const [server, user, commands] of [
        [
          source,
          'pumphouse_cache',
          ['SET a b', 'FLUSHALL', 'CONFIG GET requirepass', 'ACL LIST', 'SHUTDOWN'],
        ],
        [
          target,
          'pumphouse_copy',
          [
            'CONFIG GET requirepass',
            'ACL LIST',
            'EVAL script 0',
            'MIGRATE host 1 key 0 1',
            'REPLICAOF NO ONE',
          ],
        ],
      ] as const) {
        for (const command of commands) {
          const answer = await server.call('ACL', 'DRYRUN', user, ...command.split(' '));
          assert.match(String(answer), /no permissions/, command);
        }
      }
    });

    it('mends what was broken, and goes without a trace', async () => {
      await source.call('ACL', 'SETUSER', 'pumphouse_cache', 'off', 'resetpass', '-sync');
      await replica.call('ACL', 'DELUSER', 'pumphouse_cache');
      assert.match(await administer('repair', 'cache', source), /^Repaired cache/);
      assert.match(await administer('repair', 'cache', source), /^Nothing to do/);
      await ok(['export', 'cache', '--to', folder.join('dumps'), '--file', 'AGAIN%U.DMP']);
      for (const [name, server] of [
        ['cache', source],
        ['copy', target],
      ] as const) {
        assert.match(await administer('uninstall', name, server), /^Uninstalled/);
        assert.match(await administer('uninstall', name, server), /^Nothing to do/);
      }
      for (const server of [source, replica, target]) {
        assert.doesNotMatch(String(await server.call('ACL', 'LIST')), /pumphouse/);
      }
    });

    it('tells nobody the password of the administrator', async () => {
      for (const secret of [password, encodeURIComponent(password)]) {
        assert.ok(!printed.includes(secret));
        assert.deepEqual(await filesHolding(folder.path, secret), []);
      }
    });
  });
}
