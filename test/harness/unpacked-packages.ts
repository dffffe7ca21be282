import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { promisify } from 'node:util';
import { cached } from './cache-folder.ts';

/** A release of Debian, by the name of its folder in the archive. */
export type DebianSuite = 'bookworm' | 'trixie' | 'forky';

/** Where servers of a suite are. */
export interface UnpackedPackages {
  readonly folder: string;
  /** The command line of one of its programs, which sees the suite's own libraries only; `name` is what the program takes as its own. */
  command(name: string, file: string): readonly [string, ...string[]];
}

const run = promisify(execFile);

/**
 * `packages` of `suite` with all that they depend on, unpacked into a folder that is kept between runs: the machine's own packages and lists
 * stay as they are, and no right of root is needed. Programs are started by the suite's own loader, since the machine's C library may be older.
 * @param version of this recipe and its packages: what is in the folder depends on it
 */
export async function unpackPackages(
  suite: DebianSuite,
  packages: readonly string[],
  version: number,
): Promise<UnpackedPackages> {
  const folder = await cached(`debian-${suite}-${packages.join('-')}-${version}`, async (draft) => {
    const began = performance.now();
    console.log(`Unpacking ${packages.join(', ')} of Debian ${suite}, which the tests run against...`);
    try {
      await run('/bin/sh', ['-c', script, 'sh', draft, suite, await mirror(), ...packages], {
        env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive', LC_ALL: 'C' },
        maxBuffer: 64 * 1024 ** 2,
      });
    } catch (error) {
      const { stdout = '', stderr = '' } = error as { readonly stdout?: string; readonly stderr?: string };
      const said = (`${stdout}${stderr}`.trim() || String(error)).split('\n').slice(-20).join('\n');
      throw new Error(
        `${packages.join(', ')} of Debian ${suite} could not be had for the tests. They need apt-get, dpkg and a Debian archive: check ` +
          `the network and the machine's sources of packages.\n${said}`,
        { cause: error },
      );
    }
    console.log(`They are there, after ${Math.round((performance.now() - began) / 1000)} s.`);
  });
  const libraries = ['usr/lib/x86_64-linux-gnu', 'lib/x86_64-linux-gnu']
    .map((name) => `${folder}/${name}`)
    .filter(existsSync);
  const loader = libraries.map((name) => `${name}/ld-linux-x86-64.so.2`).find(existsSync);
  if (loader === undefined) throw new Error(`${folder} has no loader for x86-64: remove it.`);
  return {
    folder,
    command: (name, file) => [
      loader,
      '--argv0',
      name,
      '--library-path',
      libraries.join(':'),
      `${folder}/${file}`,
    ],
  };
}

/** The archive that the machine takes its own packages of Debian from. */
async function mirror(): Promise<string> {
  const { stdout } = await run('apt-get', [
    'indextargets',
    '--format',
    '$(REPO_URI) $(RELEASE) $(COMPONENT)',
    'Created-By: Packages',
  ]);
  const own = stdout
    .split('\n')
    .map((line) => line.split(' '))
    .find(
      ([uri, release, component]) =>
        /\/debian\/?$/.test(uri ?? '') && component === 'main' && !/-/.test(release ?? ''),
    );
  if (own?.[0] === undefined)
    throw new Error('The machine has no Debian archive among its sources of packages.');
  return own[0];
}

/**
 * With source list, lists, archives and an empty list of installed packages of its own, so that nothing counts as there. What only a running
 * system needs is not fetched.
 */
const script = `
set -eu
draft=$1 suite=$2 mirror=$3
shift 3
work=$draft/.apt
mkdir -p "$work/lists/partial" "$work/archives/partial"
: >"$work/status"
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
signed=
[ ! -e "$keyring" ] || signed=" signed-by=$keyring"
printf 'deb [arch=amd64%s] %s %s main\\n' "$signed" "$mirror" "$suite" >"$work/sources.list"
apt() {
  apt-get -qq -o Dir::Etc::SourceList="$work/sources.list" -o Dir::Etc::SourceParts=- -o Dir::State::Lists="$work/lists" \\
    -o Dir::State::Status="$work/status" -o Dir::Cache="$work" -o Dir::Cache::Archives="$work/archives" -o APT::Architecture=amd64 \\
    -o APT::Sandbox::User="$(id -un)" -o Acquire::Languages=none -o Acquire::Retries=3 "$@"
}
apt update
# Of what they depend on, the libraries.
names=$(apt install --print-uris --no-install-recommends "$@" |
  sed -n "s/^'[^']*' \\([^_]*\\)_.*/\\1/p" | grep -E '^(lib|zlib)')
cd "$work/archives"
apt download $names "$@"
for package in *.deb; do dpkg-deb --extract "$package" "$draft"; done
rm -rf "$work" "$draft/usr/share"
`;
