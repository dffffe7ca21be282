import type { Sealer } from '../core/sealer.ts';
import { openConfigFolder } from './config-folder.ts';
import { isPoolName, openOrdsFolder } from './ords/ords-folder.ts';

/** Seals every secret of a config folder again, in our layout and in the vendor's, for a wallet that got another key; gives how many there are. */
export async function resealSecrets(configFolder: string, sealer: Sealer): Promise<number> {
  const ords = openOrdsFolder(configFolder);
  const pools = (await ords.poolNames()).filter(isPoolName).map((name) => ords.pool(name));
  let count = 0;
  for (const { secrets } of [openConfigFolder(configFolder), ords.global, ...pools])
    count += await secrets.reseal(sealer);
  return count;
}
