import { execFileSync } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { userInfo } from 'node:os';
import { freePort } from './free-port.ts';
import { startGuarded } from './guarded-process.ts';
import { hashedPassword } from './unix-password.ts';
import { makeFolder } from './with-folder.ts';

/** A private OpenSSH server for SFTP. Disposing stops it and removes its folder. */
export interface Sshd extends AsyncDisposable {
  readonly port: number;
  /** Whose home folder is `root`, and who may do everything there. */
  readonly user: string;
  /** Null where this process cannot give the server accounts of its own (it takes root and CAP_SYS_ADMIN): then there is the key alone. */
  readonly password: string | null;
  /** A private key in OpenSSH form that lets `user` in. */
  readonly privateKey: string;
  /** A user with the same key and password who may only read; null where `password` is. */
  readonly reader: string | null;
  /** The fingerprint of the ed25519 host key, as ssh-keygen prints it. */
  readonly fingerprint: string;
  /** That of the RSA host key, which a client that prefers ed25519 does not see. */
  readonly rsaFingerprint: string;
  /** A folder that all files may lie in, by its absolute path. */
  readonly root: string;
}

export interface SshdOptions {
  /** Requests that are refused, and extensions that are not offered: `posix-rename`, `hardlink`, `statvfs`, `fsync`. */
  readonly without?: readonly string[];
}

const sshd = '/usr/sbin/sshd';

/** Starts one on a free port of 127.0.0.1; it has said its version when this resolves. */
export async function startSshd({ without = [] }: SshdOptions = {}): Promise<Sshd> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await makeFolder());
  const root = folder.join('data');
  await mkdir(root);
  const keys = {
    host: makeKey(folder.join('host_ed25519'), 'ed25519'),
    rsa: makeKey(folder.join('host_rsa'), 'rsa'),
    client: makeKey(folder.join('client'), 'ed25519'),
  };
  const port = await freePort();
  const hasAccounts = mayIsolate();
  const denied = without.length === 0 ? '' : ` -P ${without.join(',')}`;
  await writeFile(
    folder.join('sshd_config'),
    `
ListenAddress 127.0.0.1:${port}
HostKey ${keys.host.file}
HostKey ${keys.rsa.file}
AuthorizedKeysFile ${keys.client.file}.pub
PidFile none
StrictModes no
UseDNS no
UsePAM ${hasAccounts ? 'no' : 'yes'}
PermitRootLogin yes
PasswordAuthentication yes
KbdInteractiveAuthentication no
# From the tenth connection that has not logged in yet, it would refuse some at random.
MaxStartups 200
Subsystem sftp internal-sftp -d ${root}${denied}
Match User reader
  ForceCommand internal-sftp -R -d ${root}
`,
  );
  if (process.getuid?.() === 0) await mkdir('/run/sshd', { recursive: true });
  const password = 'password of the tests';
  const run = [sshd, '-D', '-e', '-f', folder.join('sshd_config')];
  if (hasAccounts) await writeAccounts(folder.path, root, hashedPassword(password));
  const server = opening.use(
    hasAccounts && existsSync(sshd)
      ? // Its processes alone see the accounts; nothing is mounted outside, and it goes with the last of them.
        startGuarded(
          '/usr/bin/unshare',
          ['--mount', 'sh', '-c', isolated, 'sh', folder.path, ...run],
          'openssh-server',
        )
      : startGuarded(sshd, run.slice(1), 'openssh-server'),
  );
  await server.ready(() => hearVersion(port));
  const parts = opening.move();
  return {
    port,
    user: hasAccounts ? 'writer' : userInfo().username,
    password: hasAccounts ? password : null,
    privateKey: await readFile(keys.client.file, 'utf8'),
    reader: hasAccounts ? 'reader' : null,
    fingerprint: keys.host.fingerprint,
    rsaFingerprint: keys.rsa.fingerprint,
    root,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

const isolated =
  'mount --bind "$1/passwd" /etc/passwd && mount --bind "$1/shadow" /etc/shadow && shift && exec "$@"';

/** Whether this process may mount things for a child alone. */
function mayIsolate(): boolean {
  if (process.getuid?.() !== 0) return false;
  try {
    execFileSync('unshare', ['--mount', 'mount', '--bind', '/etc/passwd', '/etc/passwd'], {
      stdio: 'ignore',
    });
    return true;
  } catch {
    return false;
  }
}

/** All have root's id, so that the folder may lie anywhere: permission bits refuse them nothing. */
async function writeAccounts(folder: string, home: string, hash: string): Promise<void> {
  const names = ['writer', 'reader'];
  const system = (await readFile('/etc/passwd', 'utf8'))
    .split('\n')
    .filter((line) => /^(root|sshd):/.test(line));
  const accounts = names.map((name) => `${name}:x:0:0::${home}:/bin/sh`);
  await writeFile(`${folder}/passwd`, [...system, ...accounts, ''].join('\n'));
  await writeFile(`${folder}/shadow`, names.map((name) => `${name}:${hash}:19000::::::\n`).join(''));
  await chmod(`${folder}/shadow`, 0o600);
}

function makeKey(file: string, kind: string): { readonly file: string; readonly fingerprint: string } {
  const bits = kind === 'rsa' ? ['-b', '2048'] : [];
  execFileSync('ssh-keygen', ['-q', '-t', kind, ...bits, '-N', '', '-C', 'test', '-f', file]);
  const said = execFileSync('ssh-keygen', ['-l', '-f', `${file}.pub`], { encoding: 'utf8' });
  return { file, fingerprint: said.split(' ')[1] ?? '' };
}

async function hearVersion(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  try {
    const [said] = (await once(socket, 'data')) as [Buffer];
    if (!said.toString().startsWith('SSH-2.0-')) throw new Error(`It says ${said.toString()}.`);
  } finally {
    socket.destroy();
  }
}
