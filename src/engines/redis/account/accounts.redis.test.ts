import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { quietContext } from '../../../../test/conformance/transfer.ts';
import { type RedisServer, startRedis } from '../../../../test/harness/redis-server.ts';
import type { AccountRequest } from '../../accounts.ts';
import { redisTarget } from '../database-url.ts';
import { createRedisEngine } from '../engine.ts';
import { openNodes } from './account-nodes.ts';
import { redisAccounts } from './accounts.ts';
import { readAclUser } from './acl-user.ts';

const engine = createRedisEngine();
const context = quietContext();
const asked: AccountRequest = {
  user: 'pumphouse_cache',
  password: 'Tern/9 generated',
  label: 'cache',
  readOnly: false,
  schemas: null,
  owners: [],
};

describe('users for jobs', () => {
  let server: RedisServer;
  before(async () => {
    server = await startRedis({
      password: 'word',
      users: {
        shop: 'on >shop-word ~shop:* &news +get +publish',
        all: 'on >all-word ~* &* +@all -debug',
        barred: 'on >barred-word ~* +@all -restore',
      },
    });
  });
  after(() => server?.[Symbol.asyncDispose]());

  const admin = () => engine.parseUrl(server.url());
  const login = (user: string, password: string) => redisAccounts.targetOf(admin(), { user, password });
  async function userOf(name: string) {
    const { nodes } = await openNodes(redisTarget(admin()), context.signal);
    await using node = nodes[0] ?? assert.fail();
    return await readAclUser(node.connection, name, context.signal);
  }

  it('are made with what jobs need, found whole the second time, and removed', async () => {
    await using session = await redisAccounts.open(admin(), context);
    const plan = await session.planInstall(asked);
    assert.ok(!JSON.stringify(plan).includes('Tern'));
    await plan.carryOut();
    assert.equal(await session.standing(asked.user, 'cache'), 'ours');
    assert.equal(await session.standing(asked.user, 'other'), 'foreign');
    assert.deepEqual((await session.planInstall({ ...asked, password: null })).steps, []);
    assert.equal(await session.check(login(asked.user, 'Tern/9 generated')), 'works');
    await (await session.planRemoval(asked.user)).carryOut();
    assert.equal(await session.standing(asked.user, 'cache'), 'none');
  });

  it('that are taken over keep what they had, and stay known as somebody else’s', async () => {
    await using session = await redisAccounts.open(admin(), context);
    for (const user of ['shop', 'barred']) {
      const taken = { ...asked, user, password: null };
      await (await session.planInstall(taken)).carryOut();
      assert.equal(await session.standing(user, 'cache'), 'foreign');
      assert.deepEqual((await session.planInstall(taken)).steps, []);
      assert.equal(await session.check(login(user, `${user}-word`)), 'works');
    }
    const shop = await userOf('shop');
    assert.deepEqual(shop?.channels, ['news']);
    for (const command of ['get', 'publish', 'restore']) assert.ok(shop.commands.has(command), command);
    assert.equal(shop.readsAllKeys, true);
    assert.deepEqual((await session.planInstall({ ...asked, user: 'all', password: null })).steps, []);
  });
});
