import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { describe, it } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { systemClock } from '../../src/base/clock.ts';
import { openWallet } from '../../src/config/wallet.ts';
import { finishKilledRotation } from '../../src/service/wallet.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';
import { createRandom } from '../harness/random.ts';
import { withFolder } from '../harness/with-folder.ts';

const childPath = fileURLToPath(new URL('rotate-child.ts', import.meta.url));
const names = ['a', 'b', 'c'];
const ofFile = { key: null, previous: null };

/** A store with three databases and three credentials, sealed with the key of the file. */
async function seal(folder: string): Promise<void> {
  await using store = await openSqliteStore({
    path: join(folder, 'store.sqlite'),
    clock: systemClock,
    log: createMemoryLog().log,
  });
  const wallet = await openWallet(join(folder, 'wallet.key'), ofFile);
  for (const name of names) {
    await store.registry.addDatabase({
      name,
      engine: 'sqlite',
      sealedTarget: wallet.seal(`target of ${name}`),
      description: '',
    });
    await store.registry.addCredential({
      name,
      owner: 'ann',
      type: 's3',
      sealedBody: wallet.seal(`body of ${name}`),
    });
    await store.registry.changeDocument({ api: 'x', database: name, key: 'k' }, () =>
      wallet.seal(`document of ${name}`),
    );
    await store.registry.addUser({ name, role: 'viewer', passwordHash: '', databases: [] });
    await store.accessKeys.addAccessKey({
      id: name,
      user: name,
      sealedSecret: wallet.seal(`key of ${name}`),
    });
  }
}

/** Everything opens as a start finds it, and the start leaves one key and nothing beside the key file. */
async function checkAfterKill(folder: string): Promise<void> {
  const { log, lines } = createMemoryLog();
  await using store = await openSqliteStore({ path: join(folder, 'store.sqlite'), clock: systemClock, log });
  const { registry, accessKeys } = store;
  const keyFile = join(folder, 'wallet.key');
  const opened = async () => {
    const wallet = await openWallet(keyFile, ofFile);
    const keys = await Promise.all(names.map((name) => accessKeys.listAccessKeys(name)));
    return [
      ...(await registry.listDatabases()).map(({ sealedTarget }) => wallet.unseal(sealedTarget)),
      ...(await registry.listCredentials()).map(({ sealedBody }) => wallet.unseal(sealedBody)),
      ...[...(await registry.listDocuments('x', 'k')).values()].map((body) => wallet.unseal(body)),
      ...keys.flat().map(({ sealedSecret }) => wallet.unseal(sealedSecret)),
    ];
  };
  const whole = [
    ...names.map((name) => `target of ${name}`),
    ...names.map((name) => `body of ${name}`),
    ...names.map((name) => `document of ${name}`),
    ...names.map((name) => `key of ${name}`),
  ];
  assert.deepEqual(await opened(), whole);
  const wallet = await openWallet(keyFile, ofFile);
  const wasUnderWay = wallet.hasOldKeys;
  await finishKilledRotation(registry, wallet, log);
  assert.deepEqual(await opened(), whole);
  assert.equal((await readFile(keyFile, 'utf8')).trim().split('\n').length, 1);
  if (wasUnderWay) {
    const left = (await readdir(folder)).filter((name) => name.startsWith('.wallet.key'));
    assert.deepEqual(left, []);
  }
  assert.deepEqual(
    lines.filter(({ level }) => level === 'warn' || level === 'error'),
    [],
  );
}

describe('a rotation of the wallet that is killed', () => {
  for (const point of ['key added', 'row 1', 'row 4', 'row 6', 'all sealed', 'dropped']) {
    it(`at the point "${point}" leaves everything openable, and the next start ends it`, async () => {
      await withFolder(async (folder) => {
        await seal(folder);
        const child = spawn(process.execPath, [childPath, folder, point], {
          stdio: ['ignore', 'ignore', 'inherit'],
        });
        const [, signal] = await once(child, 'close');
        assert.equal(signal, 'SIGKILL');
        await checkAfterKill(folder);
      });
    });
  }

  it('at any other moment too', async (test) => {
    await withFolder(async (folder) => {
      await seal(folder);
      const random = createRandom();
      const kills = Array.from({ length: 8 }, () => random.next() * 40);
      test.diagnostic(`seed ${random.seed}`);
      for (const wait of kills) {
        const child = spawn(process.execPath, [childPath, folder], { stdio: ['ignore', 'pipe', 'inherit'] });
        assert.ok(child.stdout);
        const closed = once(child, 'close');
        const reader = createInterface({ input: child.stdout });
        let lines = 0;
        await new Promise<void>((resolve, reject) => {
          reader.on('line', () => {
            lines += 1;
            if (lines === 3) resolve();
          });
          child.once('error', reject);
          child.once('exit', () => reject(new Error('The child ended by itself.')));
        });
        await delay(wait);
        child.kill('SIGKILL');
        await closed;
        await checkAfterKill(folder);
      }
    });
  });
});
