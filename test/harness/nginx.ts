import { createHash } from 'node:crypto';
import { mkdir, writeFile } from 'node:fs/promises';
import { freePort } from './free-port.ts';
import { startGuarded } from './guarded-process.ts';
import { makeSelfSignedCertificate } from './self-signed-certificate.ts';
import { giveToServer, serverUser } from './server-user.ts';
import { makeFolder } from './with-folder.ts';

/**
 * A private nginx as plain HTTP server before one folder. Disposing stops it and removes what it held.
 *
 *     /files/NAME            GET, HEAD; PUT and DELETE too
 *     /reading/NAME          GET, HEAD
 *     /norange/NAME          GET, HEAD, ranges ignored
 *     /private/NAME          as /files/, with a password
 *     /token/NAME            as /files/, with a bearer token
 *     /small/NAME            as /files/, and no more than 1 MiB at once
 *     /p/TOKEN/NAME          as /files/; any other token is refused
 *     /status/CODE/...       that status
 *     /redirect/CODE/PATH    to /PATH
 *     /elsewhere/PATH        307 to the same path at another port, which has all of these too
 *     /loop/...              to itself
 */
export interface Nginx extends AsyncDisposable {
  readonly port: number;
  readonly otherPort: number;
  /** The same over TLS, with `certificate`. */
  readonly tlsPort: number;
  /** In PEM: of the server, and its own authority. */
  readonly certificate: string;
  /** What the addresses show. */
  readonly root: string;
  /** Where uploads wait for their end. */
  readonly uploads: string;
  readonly user: { readonly name: string; readonly password: string };
  readonly bearerToken: string;
  readonly urlToken: string;
}

const user = { name: 'somebody', password: 'pass word:%41' };
const bearerToken = 'bearer-token-of-the-tests';
const urlToken = 'url-token-of-the-tests';
const statuses = [400, 401, 403, 404, 408, 409, 410, 411, 413, 416, 423, 429, 500, 501, 502, 503, 504, 507];

export async function startNginx(): Promise<Nginx> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await makeFolder());
  const port = await freePort();
  const otherPort = await freePort();
  const tlsPort = await freePort();
  const { key, certificate } = makeSelfSignedCertificate();
  for (const name of ['', 'data', 'temp', 'temp/body']) {
    await mkdir(folder.join(name), { recursive: true });
    giveToServer(folder.join(name));
  }
  await writeFile(
    folder.join('users'),
    `${user.name}:{SHA}${createHash('sha1').update(user.password).digest('base64')}\n`,
  );
  await writeFile(folder.join('nginx.conf'), configuration(folder.path, port, otherPort, tlsPort));
  await writeFile(folder.join('certificate.pem'), certificate);
  await writeFile(folder.join('key.pem'), key);
  const server = opening.use(
    startGuarded(
      '/usr/sbin/nginx',
      ['-e', folder.join('error.log'), '-p', folder.path, '-c', folder.join('nginx.conf')],
      'nginx-light',
      folder.join('error.log'),
    ),
  );
  await server.ready(async () => {
    const answer = await fetch(`http://127.0.0.1:${port}/status/410/`);
    await answer.arrayBuffer();
    if (answer.status !== 410) throw new Error(`It answers ${answer.status}.`);
  });
  const parts = opening.move();
  return {
    port,
    otherPort,
    tlsPort,
    certificate,
    root: folder.join('data'),
    uploads: folder.join('temp/body'),
    user,
    bearerToken,
    urlToken,
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

const writing = 'dav_methods PUT DELETE; create_full_put_path on;';

function configuration(folder: string, port: number, otherPort: number, tlsPort: number): string {
  const account = serverUser();
  const data = `alias ${folder}/data/;`;
  return `
${account === null ? '' : 'user nobody nogroup;'}
daemon off;
worker_processes 1;
pid ${folder}/pid;
error_log ${folder}/error.log;
events { worker_connections 512; }
http {
  access_log off;
  client_body_temp_path ${folder}/temp/body;
  proxy_temp_path ${folder}/temp/proxy;
  fastcgi_temp_path ${folder}/temp/fastcgi;
  uwsgi_temp_path ${folder}/temp/uwsgi;
  scgi_temp_path ${folder}/temp/scgi;
  client_max_body_size 0;
  default_type application/octet-stream;
  server {
    listen 127.0.0.1:${port};
    listen 127.0.0.1:${otherPort};
    listen 127.0.0.1:${tlsPort} ssl;
    ssl_certificate ${folder}/certificate.pem;
    ssl_certificate_key ${folder}/key.pem;
    root ${folder}/data;
    location /files/ { ${data} ${writing} }
    location /reading/ { ${data} }
    location /norange/ { ${data} max_ranges 0; }
    location /private/ { ${data} ${writing} auth_basic test; auth_basic_user_file ${folder}/users; }
    location /token/ {
      ${data} ${writing}
      if ($http_authorization != "Bearer ${bearerToken}") { return 401; }
    }
    location /small/ { ${data} ${writing} client_max_body_size 1m; }
    location /p/ { return 403; }
    location /p/${urlToken}/ { ${data} ${writing} }
    location ^~ /loop/ { return 302 $request_uri; }
    location ~ ^/elsewhere/(.*) { return 307 http://127.0.0.1:${otherPort}/$1; }
${[301, 302, 303, 307, 308].map((code) => `    location ~ ^/redirect/${code}/(.*) { return ${code} http://127.0.0.1:${port}/$1; }`).join('\n')}
${statuses.map((code) => `    location /status/${code}/ { return ${code}; }`).join('\n')}
  }
}
`;
}
