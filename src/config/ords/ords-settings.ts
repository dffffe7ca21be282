import type { GivenSettings } from '../load-options.ts';
import { findOption } from '../options.ts';
import type { OrdsFolder } from './ords-folder.ts';
import { ordsKey, ordsKeys, secondsOf } from './ords-keys.ts';

/** Texts of the vendor's settings in the words of our options. */
const translate: Readonly<Record<string, (value: string) => string>> = {
  'db.invalidPoolTimeout': (value) => atLeastOne(secondsOf(value), value),
  'standalone.stop.timeout': (value) => String(secondsOf(value) ?? value),
  'standalone.binds': (value) => value.split(',')[0]?.trim() ?? value,
  'jdbc.MaxLimit': (value) => withinCount(value, 256),
  'misc.pagination.maxRows': (value) => withinCount(value, 10_000),
  'standalone.access.log.retainDays': (value) => withinCount(value, 36_500),
};

const atLeastOne = (figure: number | null, value: string): string =>
  figure === null ? value : String(Math.max(1, figure));
const withinCount = (value: string, most: number): string =>
  /^\d{1,9}$/.test(value) ? String(Math.min(most, Math.max(1, Number(value)))) : value;

/**
 * What the settings of a folder mean for our options. Pools whose names cannot be those of databases say nothing, nor do those whose file cannot be read:
 * they stop no other, and `serve` calls them invalid.
 */
export async function readOrdsSettings(folder: OrdsFolder, pools: readonly string[]): Promise<GivenSettings> {
  const service = new Map([['ords.enabled', ordsKeys['database.api.enabled']?.initial ?? 'false']]);
  for (const [name, text] of optionsIn(await folder.global.read(), 'global')) service.set(name, text);
  if (pools.includes('default')) service.set('default-database', 'default');
  const databases = new Map<string, ReadonlyMap<string, string>>();
  for (const pool of pools) {
    const settings = await folder
      .pool(pool)
      .read()
      .catch(() => null);
    if (settings !== null) databases.set(pool, optionsIn(settings, 'pool'));
  }
  return { path: folder.path, service, databases };
}

/** Keys of the right scope whose option there is. */
function optionsIn(settings: ReadonlyMap<string, string>, scope: 'global' | 'pool'): Map<string, string> {
  const found = new Map<string, string>();
  for (const [name, value] of settings) {
    const known = ordsKey(name);
    if (known === undefined || known.option === null || known.scope !== scope || value === '') continue;
    if (findOption(known.option) !== undefined) found.set(known.option, translate[name]?.(value) ?? value);
  }
  return found;
}
