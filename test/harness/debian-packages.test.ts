import assert from 'node:assert/strict';
import { chmodSync, existsSync, readFileSync, writeFileSync } from 'node:fs';
import { afterEach, describe, it, mock } from 'node:test';
import { installDebianPackages, missingPackages } from './debian-packages.ts';
import { makeFolder } from './with-folder.ts';

/** No such packages exist. */
const wanted = ['pumphouse-nothing-1', 'pumphouse-nothing-2'];

/** An `apt-get` that writes down how it was called, with what the policy said then, and installs after an update, if at all. */
const aptGet = (log: string, policy: string, canInstall: boolean) => `#!/bin/sh
"${policy}" 2>/dev/null
echo "$DEBIAN_FRONTEND $? $*" >>"${log}"
case "$*" in *update) exit 0;; esac
if ${canInstall} && grep -q update "${log}"; then exit 0; fi
echo "E: Unable to locate package" >&2
exit 100
`;

const beUser = (id: number) => mock.method(process as { getuid(): number }, 'getuid', () => id);

describe('Debian packages for the tests', () => {
  afterEach(() => mock.restoreAll());

  /** Runs `work` on a machine with that `apt-get`. */
  async function withApt(
    canInstall: boolean,
    work: (policy: string, calls: () => string[]) => void,
  ): Promise<void> {
    await using folder = await makeFolder();
    const [log, policy] = [folder.join('calls'), folder.join('policy-rc.d')];
    const before = process.env.PATH;
    writeFileSync(folder.join('apt-get'), aptGet(log, policy, canInstall), { mode: 0o755 });
    process.env.PATH = `${folder.path}:${before}`;
    beUser(0);
    mock.method(console, 'log', () => undefined);
    try {
      work(policy, () => readFileSync(log, 'utf8').trim().split('\n'));
    } finally {
      process.env.PATH = before;
    }
  }

  it('are missing when dpkg does not call them installed', () => {
    assert.deepEqual(missingPackages(['dpkg', ...wanted]), wanted);
  });

  it('are installed quietly, after another try with fresh lists, while no service may start', () =>
    withApt(true, (policy, calls) => {
      installDebianPackages(['dpkg', ...wanted], policy);
      const options = '-qq -o DPkg::Lock::Timeout=300 -o Dpkg::Options::=--force-confold';
      const install = `noninteractive 101 ${options} install -y --no-install-recommends ${wanted.join(' ')}`;
      assert.deepEqual(calls(), [install, `noninteractive 101 ${options} update`, install]);
      assert.equal(existsSync(policy), false);
    }));

  it('leave a policy of the machine alone', () =>
    withApt(true, (policy, calls) => {
      writeFileSync(policy, '#!/bin/sh\nexit 7\n');
      chmodSync(policy, 0o755);
      installDebianPackages(wanted, policy);
      assert.match(calls().join('\n'), /^noninteractive 7 /);
      assert.equal(readFileSync(policy, 'utf8'), '#!/bin/sh\nexit 7\n');
    }));

  it('that cannot be installed are named with the command and what apt-get said', () =>
    withApt(false, (policy) => {
      assert.throws(() => installDebianPackages(wanted, policy), {
        message:
          /apt-get ended with 100\.\n(.|\n)*Unable to locate package\n(.|\n)*apt-get install -y --no-install-recommends pumphouse-nothing-1 pumphouse-nothing-2$/,
      });
      assert.equal(existsSync(policy), false);
    }));

  it('are asked for where the user may not install them', () => {
    beUser(1000);
    assert.throws(() => installDebianPackages(wanted), {
      message: /pumphouse-nothing-1, pumphouse-nothing-2\. .*Run as root: apt-get install/,
    });
  });

  it('that are there are no work', () => {
    beUser(1000);
    installDebianPackages(['dpkg']);
  });
});
