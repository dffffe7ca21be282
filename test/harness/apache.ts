import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { freePort } from './free-port.ts';
import { startGuarded } from './guarded-process.ts';
import { giveToServer, serverUser } from './server-user.ts';
import { makeFolder } from './with-folder.ts';

/** A private Apache with mod_dav: `/dav/` is a folder on this machine. Disposing stops it and removes what it held. */
export interface Apache extends AsyncDisposable {
  readonly port: number;
  /** What `/dav/` shows. */
  readonly root: string;
  readonly user: { readonly name: string; readonly password: string };
  /** May read and not write. */
  readonly reader: { readonly name: string; readonly password: string };
}

const user = { name: 'writer', password: 'pass: wörd/%41' };
const reader = { name: 'reader', password: 'may only read' };
const modules = 'mpm_event authn_core authn_file authz_core authz_user auth_basic dav dav_fs alias';

/** @param root the folder to serve, which the server's user can write to; by default one of its own */
export async function startApache(root?: string): Promise<Apache> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await makeFolder());
  const port = await freePort();
  const data = root ?? folder.join('data');
  for (const name of ['', 'data', 'lock', 'run']) {
    await mkdir(folder.join(name), { recursive: true });
    giveToServer(folder.join(name));
  }
  await writeFile(folder.join('users'), [user, reader].map(usersLine).join(''));
  await writeFile(folder.join('apache.conf'), configuration(folder.path, data, port));
  const server = opening.use(
    startGuarded(
      '/usr/sbin/apache2',
      ['-DFOREGROUND', '-f', folder.join('apache.conf')],
      'apache2-bin',
      folder.join('error.log'),
    ),
  );
  await server.ready(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/dav/`, {
      method: 'PROPFIND',
      headers: { depth: '0', authorization: `Basic ${btoa(`${reader.name}:${reader.password}`)}` },
    });
    await answer.arrayBuffer();
    if (answer.status !== 207) throw new Error(`PROPFIND is answered with ${answer.status}.`);
  });
  const parts = opening.move();
  return { port, root: data, user, reader, [Symbol.asyncDispose]: () => parts.disposeAsync() };
}

const usersLine = ({ name, password }: Apache['user']): string =>
  `${name}:{SHA}${createHash('sha1').update(password).digest('base64')}\n`;

function configuration(folder: string, data: string, port: number): string {
  const account = serverUser();
  return `
${modules
  .split(' ')
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join('\n')}
ServerRoot ${folder}
ServerName 127.0.0.1
Listen 127.0.0.1:${port}
PidFile ${path.join(folder, 'run/pid')}
DefaultRuntimeDir ${path.join(folder, 'run')}
Mutex posixsem
ErrorLog ${path.join(folder, 'error.log')}
${account === null ? '' : `User #${account.uid}\nGroup #${account.gid}`}
StartServers 1
DocumentRoot ${data}
DavLockDB ${path.join(folder, 'lock/db')}
Alias /dav ${data}
<Directory />
  Require all denied
</Directory>
<Location /dav>
  Dav on
  AuthType Basic
  AuthName test
  AuthUserFile ${path.join(folder, 'users')}
  # Without it a refusal looks like a wrong password.
  AuthzSendForbiddenOnFailure On
  <LimitExcept GET HEAD OPTIONS PROPFIND>
    Require user ${user.name}
  </LimitExcept>
  <Limit GET HEAD OPTIONS PROPFIND>
    Require valid-user
  </Limit>
</Location>
`;
}
