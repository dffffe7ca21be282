/**
 * Exchanges the key of the wallet in the folder argv[2] again and again, until it is killed or reaches the point argv[3], where it kills
 * itself. Each exchange that has returned is told on standard output.
 */
import { writeSync } from 'node:fs';
import { join } from 'node:path';
import { systemClock } from '../../src/base/clock.ts';
import { openWallet } from '../../src/config/wallet.ts';
import type { Wallet } from '../../src/core/sealer.ts';
import type { Registry } from '../../src/registry/registry.ts';
import { finishRotation } from '../../src/service/wallet.ts';
import { openSqliteStore } from '../../src/store/sqlite-store.ts';
import { createMemoryLog } from '../harness/http-fixture.ts';

const [, , folder = '', point = ''] = process.argv;
const reached = (name: string): void => {
  if (name === point) process.kill(process.pid, 'SIGKILL');
};

const store = await openSqliteStore({
  path: join(folder, 'store.sqlite'),
  clock: systemClock,
  log: createMemoryLog().log,
});
const wallet = await openWallet(join(folder, 'wallet.key'), { key: null, previous: null });

let sealed = 0;
const watched: Wallet = {
  ...wallet,
  hasOldKeys: wallet.hasOldKeys,
  seal(plain) {
    sealed += 1;
    reached(`row ${sealed}`);
    return wallet.seal(plain);
  },
  async dropOldKeys() {
    reached('all sealed');
    await wallet.dropOldKeys();
    reached('dropped');
  },
};
const registry: Pick<Registry, 'replaceSealed'> = store.registry;

writeSync(1, 'open\n');
for (;;) {
  await wallet.addKey();
  reached('key added');
  await finishRotation(registry, watched);
  writeSync(1, 'rotated\n');
}
