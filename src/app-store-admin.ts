import { openAppStore } from './app-store.ts';
import { systemClock } from './base/clock.ts';
import { createLogger } from './base/log.ts';
import type { StoreAdmin } from './cli/host.ts';
import { locateDataFolder, prepareDataFolder } from './config/data-folder.ts';
import type { Options } from './config/options.ts';
import { copyStore } from './store/copy-store.ts';
import { inspectStore } from './store/inspect-store.ts';
import { readStoreUrl } from './store/postgres/store-url.ts';
import { readStoreVersions } from './store/read-version.ts';

/** What the commands `pumphouse store ...` do: no service, no jobs. */
export function createStoreAdmin(options: Options): StoreAdmin {
  const folder = locateDataFolder(options.data);
  const file = folder.storeFile;
  const log = createLogger({ level: options.logLevel === 'info' ? 'error' : options.logLevel });
  const place = { store: options.store, file };
  return {
    async migrate() {
      const { version } = await readStoreVersions(place);
      if (options.store === null) await prepareDataFolder(folder);
      await using opened = await openAppStore({ options, file, clock: systemClock, log });
      return { store: opened.description, from: version, to: await opened.store.schemaVersion() };
    },
    inspect: () => inspectStore(place),
    copy: (target) => copyStore({ file, target: readStoreUrl(target), clock: systemClock, log }),
  };
}
