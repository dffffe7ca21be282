import type { Sealer } from '../core/sealer.ts';
import { readTextMap, writeTextMap } from './settings-file.ts';

/** Secrets of a config folder by name, each sealed by the wallet, in one JSON file for its owner alone. Writes are as those of a settings file. */
export interface ConfigSecrets {
  readonly path: string;
  /** The sealed texts; empty when there is no file. Throws `option-invalid` naming the file. */
  read(): Promise<ReadonlyMap<string, string>>;
  set(name: string, secret: string, sealer: Sealer): Promise<void>;
  /** Returns false when there was none. */
  delete(name: string): Promise<boolean>;
  /** Seals everything again, for a wallet that gets another key. Gives how many there are. Throws what the sealer throws, and then nothing is changed. */
  reseal(sealer: Sealer): Promise<number>;
}

export function openConfigSecrets(path: string): ConfigSecrets {
  return {
    path,
    read: () => readTextMap(path),
    async set(name, secret, sealer) {
      await writeTextMap(path, new Map([...(await readTextMap(path)), [name, sealer.seal(secret)]]));
    },
    async delete(name) {
      const secrets = new Map(await readTextMap(path));
      if (!secrets.delete(name)) return false;
      await writeTextMap(path, secrets);
      return true;
    },
    async reseal(sealer) {
      const secrets = await readTextMap(path);
      if (secrets.size === 0) return 0;
      const fresh = [...secrets].map(([name, sealed]) => [name, sealer.seal(sealer.unseal(sealed))] as const);
      await writeTextMap(path, new Map(fresh));
      return fresh.length;
    },
  };
}
