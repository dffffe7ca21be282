import { spawnSync } from 'node:child_process';

/** The Debian 12 packages whose servers the tests start, and the clients that tests and benchmark compare with. */
export const serverPackages = [
  // S3: Ceph's gateway with its monitor and one OSD
  'radosgw',
  'ceph-mon',
  'ceph-osd',
  // OpenStack Swift, and S3 in a second dialect
  'swift-proxy',
  'swift-account',
  'swift-container',
  'swift-object',
  'memcached',
  // SFTP, FTP and FTPS, WebDAV, plain HTTP
  'openssh-server',
  'proftpd-core',
  'proftpd-mod-crypto',
  'apache2-bin',
  'nginx-light',
  'rclone',
] as const;

export type ServerPackage = (typeof serverPackages)[number];

/** What a test says when the program of a package is missing. */
export const installPackagesCommand = (packages: readonly string[]): string =>
  `apt-get install -y --no-install-recommends ${packages.join(' ')}`;

/**
 * Installs those of `packages` that are missing, as root; does nothing when all are there. No service of theirs is started meanwhile (a
 * policy-rc.d refuses, unless the machine has one of its own). Where there is no dpkg, nothing happens: each test says what it misses.
 * Throws when they cannot be installed, with the packages and the command.
 */
export function installDebianPackages(
  packages: readonly string[],
  policyFile = '/usr/sbin/policy-rc.d',
): void {
  const missing = missingPackages(packages);
  if (missing.length === 0) return;
  const command = installPackagesCommand(missing);
  if (process.getuid?.() !== 0) {
    throw new Error(
      `The tests need servers of Debian packages that are not installed: ${missing.join(', ')}. ` +
        `This user may not install them. Run as root: ${command}`,
    );
  }
  console.log(`Installing the servers that the storages are tested against (${missing.join(', ')})...`);
  const began = performance.now();
  const { status, signal, error, stdout, stderr } = spawnSync(
    '/bin/sh',
    ['-c', script, 'sh', policyFile, ...missing],
    {
      env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
      stdio: ['ignore', 'pipe', 'pipe'],
      encoding: 'utf8',
      maxBuffer: 64 * 1024 ** 2,
    },
  );
  if (status !== 0) {
    const reason = error?.message ?? `apt-get ended with ${status ?? signal}`;
    const said = `${stdout ?? ''}${stderr ?? ''}`.trim().split('\n').slice(-30).join('\n');
    throw new Error(
      `The Debian packages for the tests could not be installed: ${reason}.\n${said}\nRepeat: ${command}`,
    );
  }
  console.log(`They are installed, after ${Math.round((performance.now() - began) / 1000)} s.`);
}

/** Those of `packages` that dpkg knows and does not call installed; none where there is no dpkg. */
export function missingPackages(packages: readonly string[]): readonly string[] {
  const { stdout, error } = spawnSync(
    'dpkg-query',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: of dpkg
    ['--show', '--showformat', '${Package} ${db:Status-Status}\n', ...packages],
    { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] },
  );
  if (error !== undefined) return [];
  const installed = new Set(
    stdout.split('\n').flatMap((line) => (line.endsWith(' installed') ? [line.split(' ')[0]] : [])),
  );
  return packages.filter((name) => !installed.has(name));
}

/**
 * A shell removes the policy also when it is interrupted. The lists of packages are fetched only when the first try fails: mostly they are
 * fresh enough, or there are none at all.
 */
const script = `
policy=$1
shift
if [ ! -e "$policy" ]; then
  trap 'rm -f "$policy"' EXIT
  trap 'exit 130' HUP INT TERM
  printf '#!/bin/sh\\nexit 101\\n' >"$policy"
  chmod 755 "$policy"
fi
apt() { apt-get -qq -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold "$@"; }
install() { apt install -y --no-install-recommends "$@"; }
install "$@" || { apt update && install "$@"; }
`;
