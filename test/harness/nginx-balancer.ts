import { mkdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { getCACertificates, setDefaultCACertificates } from 'node:tls';
import { freePort } from './free-port.ts';
import { startGuarded } from './guarded-process.ts';
import { makeSelfSignedCertificate } from './self-signed-certificate.ts';
import { giveToServer, serverUser } from './server-user.ts';
import { makeFolder } from './with-folder.ts';

/** A real NGINX with the configuration of deploy/, before instances of this machine. Disposing stops it. */
export interface Balancer extends AsyncDisposable {
  /** `https://localhost:40000`, with the prefix at its end where there is one; `fetch` in this process trusts its certificate. */
  readonly url: string;
  /** `http://localhost:40001`: sends to the other. */
  readonly plainUrl: string;
  /** The servers for the APIs' own ports; null without such upstreams. */
  readonly ownPorts: { readonly redisEnterprise: string | null; readonly dbcs: string | null };
  /** Of the server, and its own authority: PEM. */
  readonly certificate: string;
  /** One line for each request, as deploy/nginx.conf has them. */
  accessLog(): Promise<string>;
  errorLog(): Promise<string>;
}

export interface BalancerOptions {
  /** Ports at 127.0.0.1 of the instances' common port. */
  readonly upstreams: readonly number[];
  /** Ports at 127.0.0.1 of the instances' own ports of these APIs. */
  readonly redisEnterprise?: readonly number[];
  readonly dbcs?: readonly number[];
  /** The path that all is served below: `/dumps`. */
  readonly prefix?: string;
}

const deploy = path.resolve(import.meta.dirname, '../../deploy');

export async function startBalancer(options: BalancerOptions): Promise<Balancer> {
  const { upstreams, redisEnterprise = [], dbcs = [], prefix = '' } = options;
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await makeFolder());
  const [port, plainPort, redisEnterprisePort, dbcsPort] = [
    await freePort(),
    await freePort(),
    await freePort(),
    await freePort(),
  ];
  const { key, certificate } = makeSelfSignedCertificate();
  setDefaultCACertificates([...getCACertificates('default'), certificate]);

  /** The file as it is in deploy/, with ports, upstreams and paths of this machine. */
  const placed = async (name: string): Promise<string> => {
    const text = await readFile(path.join(deploy, name), 'utf8');
    return withUpstreams(text, { 8080: upstreams, 9443: redisEnterprise, 9444: dbcs })
      .replaceAll(/listen 443\b/g, `listen 127.0.0.1:${port}`)
      .replaceAll(/listen 80\b/g, `listen 127.0.0.1:${plainPort}`)
      .replaceAll(/listen 9443\b/g, `listen 127.0.0.1:${redisEnterprisePort}`)
      .replaceAll(/listen 9444\b/g, `listen 127.0.0.1:${dbcsPort}`)
      .replaceAll('308 https://$host$', `308 https://$host:${port}$`)
      .replaceAll('# ~^/dumps/ /dumps;', prefix === '' ? '' : `~^${prefix}/ ${prefix};`)
      .replaceAll('/dev/stdout', folder.join('access.log'))
      .replaceAll('/dev/stderr', folder.join('error.log'))
      .replaceAll('/etc/nginx/tls', folder.path)
      .replaceAll(/\/tmp\/nginx\b/g, folder.join('nginx'));
  };
  const hasOwnPorts = redisEnterprise.length > 0 || dbcs.length > 0;
  for (const name of ['nginx.conf', 'pumphouse-proxy.conf', ...(hasOwnPorts ? ['own-ports.conf'] : [])]) {
    await writeFile(folder.join(name), await placed(name));
  }
  await writeFile(folder.join('pumphouse.pem'), certificate);
  await writeFile(folder.join('pumphouse.key'), key);
  for (const name of ['body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']) {
    await mkdir(folder.join(`nginx-${name}`));
    giveToServer(folder.join(`nginx-${name}`));
  }
  giveToServer(folder.path);
  const user = serverUser() === null ? '' : 'user nobody nogroup; ';
  const server = opening.use(
    startGuarded(
      '/usr/sbin/nginx',
      [
        '-e',
        folder.join('error.log'),
        '-p',
        folder.path,
        '-c',
        folder.join('nginx.conf'),
        '-g',
        `${user}daemon off;`,
      ],
      'nginx-light',
      folder.join('error.log'),
    ),
  );
  const plainUrl = `http://localhost:${plainPort}`;
  await server.ready(async () => {
    const answer = await fetch(plainUrl, { redirect: 'manual' });
    await answer.arrayBuffer();
    if (answer.status !== 308) throw new Error(`It answers ${answer.status}.`);
  });
  const parts = opening.move();
  return {
    url: `https://localhost:${port}${prefix}`,
    plainUrl,
    ownPorts: {
      redisEnterprise: redisEnterprise.length > 0 ? `https://localhost:${redisEnterprisePort}` : null,
      dbcs: dbcs.length > 0 ? `https://localhost:${dbcsPort}` : null,
    },
    certificate,
    accessLog: () => readFile(folder.join('access.log'), 'utf8'),
    errorLog: () => readFile(folder.join('error.log'), 'utf8'),
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

/** For the lines `server pumphouse-N:PORT ...;` of a port, one for each of its upstreams, with the same words; without upstreams, one that nobody answers at. */
function withUpstreams(text: string, portsOf: Readonly<Record<number, readonly number[]>>): string {
  const nobody = 1;
  const written = new Set<string>();
  return text.replaceAll(/^ *server pumphouse-\d+:(\d+)(.*;)\n/gm, (_line, usual: string, words: string) => {
    if (written.has(usual)) return '';
    written.add(usual);
    const given = portsOf[Number(usual)] ?? [];
    const ports = given.length > 0 ? given : [nobody];
    return ports.map((port) => `    server 127.0.0.1:${port}${words}\n`).join('');
  });
}
