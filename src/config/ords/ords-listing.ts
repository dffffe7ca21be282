import type { OrdsFolder } from './ords-folder.ts';
import { isOrdsSecret, ordsKeys, withoutPassword } from './ords-keys.ts';

/** A setting as it is shown: secrets as `******`. */
export interface ListedSetting {
  readonly key: string;
  readonly value: string;
  readonly source: 'Global' | 'Pool' | 'Pool Wallet' | 'Global Wallet' | 'Default';
}

export const hidden = '******';

export interface OrdsListing {
  /** By key. */
  readonly settings: readonly ListedSetting[];
  readonly hasGlobals: boolean;
}

/** What holds for a pool: its own settings before the global ones, those before defaults. */
export async function listOrdsSettings(
  folder: OrdsFolder,
  pool: string,
  includeDefaults = false,
): Promise<OrdsListing> {
  const found = new Map<string, ListedSetting>();
  const put = (key: string, value: string, source: ListedSetting['source']): void =>
    void found.set(key, { key, value: isOrdsSecret(key) ? hidden : withoutPassword(value), source });

  if (includeDefaults) {
    for (const [key, { initial }] of Object.entries(ordsKeys))
      if (initial !== null) put(key, initial, 'Default');
  }
  const globals = await folder.global.read();
  const globalSecrets = await folder.global.secrets.read();
  for (const [key, value] of globals) put(key, value, 'Global');
  for (const key of globalSecrets.keys()) put(key, hidden, 'Global Wallet');
  const own = folder.pool(pool);
  for (const [key, value] of await own.read()) put(key, value, 'Pool');
  for (const key of (await own.secrets.read()).keys())
    found.set(key, { key, value: hidden, source: 'Pool Wallet' });
  return {
    settings: [...found.values()].sort((a, b) => (a.key < b.key ? -1 : 1)),
    hasGlobals: globals.size + globalSecrets.size > 0,
  };
}

/** The published table: columns as wide as their widest cell, three spaces between, values wrapped at 50 characters. */
export function formatOrdsListing(pool: string, { settings, hasGlobals }: OrdsListing): string {
  const rows = settings.flatMap(({ key, value, source }) => {
    const [first = '', ...more] = value.match(/.{1,50}/gsu) ?? [];
    return [[key, first, source], ...more.map((part) => ['', part, ''])];
  });
  const headings = ['Setting', 'Value', 'Source'];
  const widths = headings.map((heading, at) =>
    Math.max(heading.length, ...rows.map((row) => row[at]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) =>
    cells.map((cell, at) => cell.padEnd(widths[at] ?? 0)).join('   ');
  return [
    ...(hasGlobals ? [] : ['INFO: The configuration does not have any global settings specified.', '']),
    `Database pool: ${pool}`,
    '',
    line(headings),
    line(widths.map((width) => '-'.repeat(width))),
    ...rows.map(line),
    '',
  ].join('\n');
}
