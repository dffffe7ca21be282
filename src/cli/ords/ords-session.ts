import path from 'node:path';
import type { LoadedOptions } from '../../config/load-options.ts';
import { isPoolName, type OrdsFolder, openOrdsFolder } from '../../config/ords/ords-folder.ts';
import { readOrdsSettings } from '../../config/ords/ords-settings.ts';
import type { CliHost } from '../host.ts';
import type { OrdsArguments } from './ords-arguments.ts';

/** What a command of the vendor's form works with. */
export interface OrdsSession {
  readonly host: CliHost;
  readonly folder: OrdsFolder;
  /** `--db-pool`, else `default`. */
  readonly pool: string;
  readonly options: OrdsArguments['options'];
  /** Standard output: replies, warnings and the log of `serve` all go there. */
  print(text: string): void;
  /** The options of ours, as the folder has them. Relative to it is also where data is kept, unless PUMPHOUSE_DATA says otherwise. */
  loadOptions(): Promise<LoadedOptions>;
}

/** @param at the config folder */
export function ordsSession(host: CliHost, { options }: OrdsArguments, at: string): OrdsSession {
  const folder = openOrdsFolder(at);
  return {
    host,
    folder,
    pool: options.get('db-pool') ?? 'default',
    options,
    print: (text) => void host.stdout.write(`${text}\n`),
    async loadOptions() {
      const port = options.get('port');
      const pools = (await folder.poolNames()).filter(isPoolName);
      return await host.loadOptions({
        flags: { config: folder.path, ...(port === undefined ? {} : { port }) },
        settings: await readOrdsSettings(folder, pools),
        defaults: { data: path.join(folder.path, 'pumphouse-data'), host: '0.0.0.0' },
      });
    },
  };
}
