import { access } from 'node:fs/promises';
import { locateDataFolder } from '../../config/data-folder.ts';
import { type RunningService, readServiceFile } from '../../config/service-file.ts';
import type { CliHost } from '../host.ts';
import { versionWarning } from './status.ts';

/** A service that does not answer at once is not waited for. */
const patienceMs = 1_500;

/**
 * The version of the program, which scripts take from the first line; then, where there is a store that can be asked at once, the version of its schema. Whatever
 * is wrong with that, or with the options, is not what was asked for.
 */
export async function printVersion(host: CliHost): Promise<void> {
  host.stdout.write(`${host.version}\n`);
  for (const line of await storeLines(host).catch(() => [])) host.stdout.write(`${line}\n`);
}

async function storeLines(host: CliHost): Promise<readonly string[]> {
  const { values } = await host.loadOptions({});
  const { storeFile, serviceFile } = locateDataFolder(values.data);
  const running = await readServiceFile(serviceFile);
  // Nothing is loaded where there is nobody to ask.
  if (running === null && values.store === null && !(await exists(storeFile))) return [];
  const [direct, served] = await Promise.all([
    host.readStoreVersions({ store: values.store, file: storeFile }),
    running === null ? null : askService(running),
  ]);
  const version = direct.version ?? served;
  if (version === null) return [];
  return [
    `Store: schema version ${version}`,
    ...versionWarning(host.version, {
      schema_version: version,
      known_schema_version: direct.knownVersion,
    }),
  ];
}

/** The store of a service alone is open there, and there alone. */
async function askService({ url, token }: RunningService): Promise<number | null> {
  try {
    const answer = await fetch(`${url}/api/v1/`, {
      headers: { authorization: `Bearer ${token}` },
      signal: AbortSignal.timeout(patienceMs),
    });
    const index = (await answer.json()) as { readonly store?: { readonly schema_version?: number } };
    return index.store?.schema_version ?? null;
  } catch {
    return null;
  }
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
