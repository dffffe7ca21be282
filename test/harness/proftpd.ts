import { execFileSync } from 'node:child_process';
import { createHash, X509Certificate } from 'node:crypto';
import { chmod, mkdir, writeFile } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { freePortRange } from './free-port.ts';
import { makeSelfSignedCertificate } from './self-signed-certificate.ts';
import { startSocketServer } from './socket-server.ts';
import { hashedPassword } from './unix-password.ts';
import { makeFolder } from './with-folder.ts';

/** A private ProFTPD: FTP, and FTPS by AUTH TLS on the same port. Disposing stops it and removes its folder. */
export interface Proftpd extends AsyncDisposable {
  readonly port: number;
  /** Where data connections go. */
  readonly passivePorts: readonly number[];
  readonly user: string;
  readonly password: string;
  /** With the same password; reads only. */
  readonly reader: string;
  /** SHA-256 of the certificate, which it made itself: 64 hexadecimal digits. */
  readonly fingerprint: string;
  /** The folder that its users see as `base`. */
  readonly root: string;
  /** What the path of a URL for the folder begins with. */
  readonly base: string;
}

export interface ProftpdOptions {
  /** Data connections must take up the TLS session of their control connection, as ProFTPD wants it by itself. */
  readonly isStrict?: boolean;
  /** TLS from the first byte on. */
  readonly isImplicit?: boolean;
  /** Knows neither EPSV nor MLSD, names a foreign address for data connections, and does not rename over a file. */
  readonly isOld?: boolean;
  /** Lets nobody in without TLS. */
  readonly wantsTls?: boolean;
  /** Lets everybody in as anonymous. */
  readonly isPublic?: boolean;
  /** Where the files lie; by default a folder of its own. */
  readonly root?: string;
}

/** How many transfers at once there are ports for. */
const passiveCount = 48;

/** Starts one on free ports of 127.0.0.1; it has greeted when this resolves. */
export async function startProftpd(options: ProftpdOptions = {}): Promise<Proftpd> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await makeFolder());
  const root = options.root ?? folder.join('data');
  await mkdir(root, { recursive: true });
  const [user, reader, password] = ['writer', 'reader', 'password of the tests'];
  const { uid, gid, username } = userInfo();
  const hash = hashedPassword(password);
  const users = [user, reader].map((name) => `${name}:${hash}:${uid}:${gid}::${root}:/bin/false\n`);
  const tls = makeSelfSignedCertificate();
  for (const [name, text] of [
    ['users', users.join('')],
    ['certificate.pem', tls.certificate],
    ['key.pem', tls.key],
  ] as const) {
    await writeFile(folder.join(name), text);
    await chmod(folder.join(name), 0o600);
  }
  const isRoot = uid === 0;
  const group = execFileSync('id', ['-gn'], { encoding: 'utf8' }).trim();
  const first = await freePortRange(passiveCount);
  const tlsOptions = [
    ...(options.isStrict === true ? [] : ['NoSessionReuseRequired']),
    ...(options.isImplicit === true ? ['UseImplicitSSL'] : []),
  ];
  await writeFile(
    folder.join('proftpd.conf'),
    `
ModulePath /usr/lib/proftpd
LoadModule mod_tls.c
# A standalone one is slow to take connections for a while after others have ended.
ServerType inetd
ServerName test
DefaultAddress 127.0.0.1
# The port is the caller's matter.
Port 0
UseIPv6 off
PassivePorts ${first} ${first + passiveCount - 1}
MaxInstances none
User ${username}
Group ${group}
RootLogin on
RequireValidShell off
AuthOrder mod_auth_file.c
AuthUserFile ${folder.join('users')}
${isRoot ? 'DefaultRoot ~' : ''}
UseReverseDNS off
UseFtpUsers off
WtmpLog off
DelayEngine off
ScoreboardFile none
SystemLog none
TransferLog none
AllowOverwrite ${options.isOld === true ? 'off' : 'on'}
AllowRetrieveRestart on
${options.isOld === true ? 'MasqueradeAddress 192.0.2.1\n<Limit EPSV MLSD>\n  DenyAll\n</Limit>' : ''}
TLSEngine on
TLSRequired ${options.wantsTls === true ? 'on' : 'off'}
TLSECCertificateFile ${folder.join('certificate.pem')}
TLSECCertificateKeyFile ${folder.join('key.pem')}
TLSLog none
${tlsOptions.length === 0 ? '' : `TLSOptions ${tlsOptions.join(' ')}`}
${options.isPublic === true ? anonymous(root, user, group) : ''}
<Limit WRITE>
  DenyUser ${reader}
</Limit>
`,
  );
  const server = opening.use(
    await startSocketServer(
      '/usr/sbin/proftpd',
      ['-q', '-c', folder.join('proftpd.conf')],
      ['proftpd-core', 'proftpd-mod-crypto'],
    ),
  );
  // With implicit TLS it waits for the client to speak.
  if (options.isImplicit !== true) await server.greets('220 ');
  const parts = opening.move();
  return {
    port: server.port,
    passivePorts: Array.from({ length: passiveCount }, (_, index) => first + index),
    user,
    password,
    reader,
    fingerprint: createHash('sha256').update(new X509Certificate(tls.certificate).raw).digest('hex'),
    root,
    base: isRoot ? '' : root,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

const anonymous = (root: string, user: string, group: string): string => `
<Anonymous ${root}>
  User ${user}
  Group ${group}
  UserAlias anonymous ${user}
  AnonRequirePassword off
</Anonymous>`;
