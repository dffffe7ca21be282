import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { openDaemons } from './daemons.ts';
import { freePort } from './free-port.ts';
import { type RedisVersion, redisPrograms } from './redis-packages.ts';
import { connectResp, type RespArgument, type RespClient, type RespReply } from './resp-client.ts';
import { makeSelfSignedCertificate } from './self-signed-certificate.ts';

export { type RedisVersion, redisVersions, steadyRedisVersions } from './redis-packages.ts';

export interface RedisOptions {
  /** `redis-7.0` by default. */
  readonly version?: RedisVersion;
  /** Lines of the configuration, on top of the harness's own (nothing is saved, replicas are fed at once). */
  readonly settings?: Readonly<Record<string, string | number>>;
  /** Also speak TLS, on {@link RedisServer.tlsPort}, with a certificate for localhost and 127.0.0.1. */
  readonly tls?: boolean;
  /** Password of the user `default`. */
  readonly password?: string;
  /** Further users: name and ACL rules (`>secret ~* +@all`). */
  readonly users?: Readonly<Record<string, string>>;
  /** As a node of a cluster that has yet to be formed; see startRedisCluster. */
  readonly cluster?: boolean;
  /** Follows that server. */
  readonly replicaOf?: RedisServer;
  /** Begins with the data of this RDB file. */
  readonly rdb?: string;
}

/** A private server of the test process. Disposing kills it and removes its folder. */
export interface RedisServer extends AsyncDisposable {
  readonly version: RedisVersion;
  readonly port: number;
  /** The port that the nodes of a cluster speak to each other on; null without. */
  readonly busPort: number | null;
  readonly tlsPort: number | null;
  /** PEM of the certificate to trust; null without TLS. */
  readonly certificate: string | null;
  /** Path of the Unix socket. */
  readonly socket: string;
  readonly folder: string;
  readonly pid: number;
  /** `redis://[:password@]127.0.0.1:port[/database]` */
  url(database?: number): string;
  /** One command as the user `default` in that logical database, on a connection that is kept. */
  call(...args: readonly RespArgument[]): Promise<RespReply>;
  /** A connection of its own, as the user `default` unless told. */
  connect(as?: { readonly user: string; readonly password: string }): Promise<RespClient>;
  /** A field of INFO; '' where there is none. */
  info(field: string): Promise<string>;
  /** SIGKILL, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM: without saving, unless settings say so. */
  stop(): Promise<void>;
  /** Kills it if it runs, and starts it again on the same ports; what was not saved is gone. */
  restart(): Promise<void>;
  /** What it wrote to its log. */
  log(): string;
}

const ownSettings = {
  bind: '127.0.0.1',
  save: '""',
  unixsocketperm: '777',
  databases: 16,
  // Five seconds by default: every export would wait for them.
  'repl-diskless-sync-delay': 0,
  'shutdown-timeout': 0,
  'enable-debug-command': 'yes',
};

/** How often another free port is looked for. */
const patience = 5;

/** Starts a server on a free port of 127.0.0.1; ready for connections when this resolves. */
export async function startRedis(options: RedisOptions = {}): Promise<RedisServer> {
  const { version = 'redis-7.0', password, users = {} } = options;
  const programs = await redisPrograms(version);
  const daemons = openDaemons(version);
  const { folder } = daemons;
  const socket = path.join(folder, 'socket');
  const log = (): string => readFileSync(path.join(folder, 'server.log'), 'utf8');
  let child: ChildProcess;
  let kept: Promise<RespClient> | null = null;
  let ports = { port: 0, busPort: null as number | null, tlsPort: null as number | null };

  const certificate = options.tls === true ? makeSelfSignedCertificate() : null;
  if (certificate !== null) {
    writeFileSync(path.join(folder, 'server.key'), certificate.key);
    writeFileSync(path.join(folder, 'server.crt'), certificate.certificate);
  }
  if (options.rdb !== undefined) copyFileSync(options.rdb, path.join(folder, 'dump.rdb'));

  const connect: RedisServer['connect'] = (as) =>
    connectResp({ path: socket, ...(as ?? (password === undefined ? {} : { password })) });

  const configuration = (): string => {
    const lines: (readonly [string, string | number])[] = [
      ...Object.entries({ ...ownSettings, dir: folder, port: ports.port, unixsocket: socket }),
    ];
    if (ports.tlsPort !== null) {
      lines.push(
        ['tls-port', ports.tlsPort],
        ['tls-cert-file', path.join(folder, 'server.crt')],
        ['tls-key-file', path.join(folder, 'server.key')],
        ['tls-ca-cert-file', path.join(folder, 'server.crt')],
        ['tls-auth-clients', 'no'],
      );
    }
    if (ports.busPort !== null) {
      lines.push(['cluster-enabled', 'yes'], ['cluster-port', ports.busPort], ['cluster-node-timeout', 2000]);
    }
    if (password !== undefined)
      lines.push(['requirepass', JSON.stringify(password)], ['masterauth', JSON.stringify(password)]);
    for (const [name, rules] of Object.entries(users)) lines.push(['user', `${name} on ${rules}`]);
    if (options.replicaOf !== undefined) lines.push(['replicaof', `127.0.0.1 ${options.replicaOf.port}`]);
    lines.push(...Object.entries(options.settings ?? {}));
    return lines.map(([name, value]) => `${name} ${value}\n`).join('');
  };

  /** Resolves to false when another process took a port first. */
  const launch = async (): Promise<boolean> => {
    const file = path.join(folder, 'server.conf');
    writeFileSync(file, configuration());
    const [program, ...args] = programs.server;
    child = daemons.start('server', program, [...args, file]);
    try {
      await daemons.ready(async () => {
        await using client = await connect();
        await client.call('PING');
        return true;
      });
      return true;
    } catch (error) {
      if (/Address already in use|Failed listening on/.test(log())) return false;
      throw error;
    }
  };

  const end = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<void> => {
    const client = await kept?.catch(() => null);
    kept = null;
    await client?.[Symbol.asyncDispose]();
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    const ended = once(child, 'exit');
    child.kill(signal);
    await ended;
  };

  try {
    for (let attempt = 0; ; attempt += 1) {
      ports = {
        port: await freePort(),
        busPort: options.cluster === true ? await freePort() : null,
        tlsPort: certificate === null ? null : await freePort(),
      };
      if (await launch()) break;
      if (attempt === patience) throw new Error(`No port is free for ${version}:\n${log()}`);
    }
  } catch (error) {
    await daemons[Symbol.asyncDispose]();
    throw error;
  }

  const call: RedisServer['call'] = async (...args) => {
    kept ??= connect();
    return (await kept).call(...args);
  };
  const { port, busPort, tlsPort } = ports;
  const server: RedisServer = {
    version,
    port,
    busPort,
    tlsPort,
    certificate: certificate?.certificate ?? null,
    socket,
    folder,
    get pid() {
      return child.pid ?? 0;
    },
    url: (database) =>
      `redis://${password === undefined ? '' : `:${encodeURIComponent(password)}@`}127.0.0.1:${port}${database === undefined ? '' : `/${database}`}`,
    call,
    connect,
    async info(field) {
      const lines = String(await call('INFO', 'everything')).split('\r\n');
      return lines.find((line) => line.startsWith(`${field}:`))?.slice(field.length + 1) ?? '';
    },
    kill: () => end('SIGKILL'),
    stop: () => end('SIGTERM'),
    async restart() {
      await end('SIGKILL');
      if (!(await launch())) throw new Error(`Another process took port ${port} during the restart.`);
    },
    log,
    async [Symbol.asyncDispose]() {
      await end('SIGKILL');
      await daemons[Symbol.asyncDispose]();
    },
  };
  try {
    if (options.replicaOf !== undefined)
      await daemons.ready(async () => (await server.info('master_link_status')) === 'up');
    await demandVersion(server);
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
  return server;
}

/** Suites move: what was unpacked must still be what its name says. */
async function demandVersion(server: RedisServer): Promise<void> {
  const [family = '', wanted = ''] = server.version.split('-');
  const found = await server.info(family === 'valkey' ? 'valkey_version' : 'redis_version');
  if (!`${found}.`.startsWith(`${wanted}.`)) {
    throw new Error(`The server unpacked as ${server.version} says that it is ${found || 'something else'}.`);
  }
}
