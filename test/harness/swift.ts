import { once } from 'node:events';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { gzipSync } from 'node:zlib';
import { createSwiftDriver } from '../../src/storages/swift/driver.ts';
import { openDaemons } from './daemons.ts';
import { installPackagesCommand } from './debian-packages.ts';
import { freePort } from './free-port.ts';

/** A user of the account, by the v1 login; S3 takes both as access key and secret key. */
export interface SwiftUser {
  readonly user: string;
  readonly key: string;
}

/** A private OpenStack Swift with one account. Disposing stops it and removes its folder. */
export interface SwiftServer extends AsyncDisposable {
  /** Of the proxy server, which speaks Swift and S3, on 127.0.0.1. */
  readonly port: number;
  /** `http://127.0.0.1:port/auth/v1.0` */
  readonly authUrl: string;
  /** `http://127.0.0.1:port/v1/AUTH_test` */
  readonly storageUrl: string;
  /** May do everything. */
  readonly owner: SwiftUser;
  /** May read and list `container` and `s3.bucket`, and nothing else. */
  readonly reader: SwiftUser;
  readonly container: string;
  /** Has a quota of 1 MiB, checked against a sum up to a second old. */
  readonly quotaContainer: string;
  /** The S3 face of the same server: path-style. Uploads in parts make a second bucket, `bucket+segments`. */
  readonly s3: {
    readonly endpoint: string;
    readonly region: string;
    readonly accessKey: string;
    readonly secretKey: string;
    readonly bucket: string;
    readonly quotaBucket: string;
    /** May read `bucket`, and nothing else. */
    readonly reader: { readonly accessKey: string; readonly secretKey: string };
  };
  /** A request as the owner; `path` begins with the container, percent-encoded. */
  request(method: string, path: string, options?: RequestInit): Promise<Response>;
  /** All tokens given out so far are no longer taken. */
  forgetTokens(): Promise<void>;
}

const owner: SwiftUser = { user: 'test:tester', key: 'testing' };
const reader: SwiftUser = { user: 'test:reader', key: 'reading' };
const region = 'us-east-1';

const programs = {
  memcached: 'memcached',
  'swift-account-server': 'swift-account',
  'swift-container-server': 'swift-container',
  'swift-object-server': 'swift-object',
  'swift-proxy-server': 'swift-proxy',
} as const;

/** Starts one on free ports of 127.0.0.1; objects can be stored when this resolves. */
export async function startSwift(): Promise<SwiftServer> {
  const missing = Object.entries(programs).filter(([program]) => !existsSync(`/usr/bin/${program}`));
  if (missing.length > 0) {
    const packages = missing.map(([, name]) => name);
    throw new Error(`Swift is not installed for the tests: ${installPackagesCommand(packages)}`);
  }
  const daemons = openDaemons('swift');
  try {
    const [account = 0, container = 0, object = 0, cache = 0, port = 0] = await freePorts(5);
    const etc = writeConfiguration(daemons.folder, { account, container, object, cache, port });
    const user = os.userInfo().username;
    daemons.start('memcached', '/usr/bin/memcached', [
      ...['-l', '127.0.0.1', '-p', String(cache), '-U', '0', '-u', user],
    ]);
    for (const kind of ['account', 'container', 'object'] as const)
      daemons.start(kind, `/usr/bin/swift-${kind}-server`, [path.join(etc, `${kind}.conf`), '-v']);
    daemons.start('proxy', '/usr/bin/swift-proxy-server', [path.join(etc, 'proxy.conf'), '-v']);

    const origin = `http://127.0.0.1:${port}`;
    // Asked earlier, the proxy would give a backend that does not listen yet up for a minute.
    for (const each of [account, container, object]) {
      await daemons.ready(async () => (await fetch(`http://127.0.0.1:${each}/`)).status > 0);
    }
    await daemons.ready(async () => (await fetch(`${origin}/healthcheck`)).ok);

    const authUrl = `${origin}/auth/v1.0`;
    const storageUrl = `${origin}/v1/AUTH_test`;
    let token = await tokenOf(authUrl, owner);
    const request: SwiftServer['request'] = (method, path, options = {}) => {
      const headers = new Headers(options.headers);
      headers.set('x-auth-token', token);
      return fetch(`${storageUrl}/${path}`, { ...options, method, headers });
    };
    const forgetTokens = async (): Promise<void> => {
      const socket = connect(cache, '127.0.0.1');
      socket.end('flush_all\r\n');
      await once(socket.resume(), 'close');
      token = await tokenOf(authUrl, owner);
    };
    const made = async (name: string, headers: Record<string, string>): Promise<void> => {
      await daemons.ready(async () => (await request('PUT', name, { headers })).ok);
    };
    const forReader = { 'x-container-read': reader.user };
    const quota = { 'x-container-meta-quota-bytes': String(1024 ** 2) };
    await made('dumps', forReader);
    await made('small', quota);
    await made('bucket', forReader);
    await made('small-bucket', quota);
    await checkObjects(request);
    return {
      port,
      authUrl,
      storageUrl,
      owner,
      reader,
      container: 'dumps',
      quotaContainer: 'small',
      s3: {
        endpoint: origin,
        region,
        accessKey: owner.user,
        secretKey: owner.key,
        bucket: 'bucket',
        quotaBucket: 'small-bucket',
        reader: { accessKey: reader.user, secretKey: reader.key },
      },
      request,
      forgetTokens,
      [Symbol.asyncDispose]: () => daemons[Symbol.asyncDispose](),
    };
  } catch (error) {
    const logs = daemons.logs();
    await daemons[Symbol.asyncDispose]();
    throw new Error(`Swift did not start:\n${logs}`, { cause: error });
  }
}

async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>();
  while (ports.size < count) ports.add(await freePort());
  return [...ports];
}

/** A token by the v1 login. */
async function tokenOf(authUrl: string, { user, key }: SwiftUser): Promise<string> {
  const answer = await fetch(authUrl, { headers: { 'x-auth-user': user, 'x-auth-key': key } });
  return answer.headers.get('x-auth-token') ?? '';
}

/** Asks the object server as well, whose files need extended attributes. */
async function checkObjects(request: SwiftServer['request']): Promise<void> {
  const { status } = await request('PUT', 'dumps/ready', { body: 'ready' });
  await request('DELETE', 'dumps/ready');
  if (status === 201) return;
  const remedy =
    status === 507 ? ` ${os.tmpdir()} knows no user xattrs: set TMPDIR to a folder that does.` : '';
  throw new Error(`Swift answers ${status} to the first object.${remedy}`);
}

interface Ports {
  readonly account: number;
  readonly container: number;
  readonly object: number;
  readonly cache: number;
  readonly port: number;
}

/** Everything that the servers read at their start, below `folder`; returns the folder with the configuration files. */
function writeConfiguration(folder: string, ports: Ports): string {
  const etc = path.join(folder, 'etc');
  for (const name of ['etc', 'cache', 'srv/d1']) mkdirSync(path.join(folder, name), { recursive: true });
  const write = (name: string, content: string | Buffer): void =>
    writeFileSync(path.join(etc, name), content);
  write(
    'swift.conf',
    '[swift-hash]\nswift_hash_path_suffix = test\n[storage-policy:0]\nname = default\ndefault = yes\n' +
      // Lists have several pages.
      '[swift-constraints]\ncontainer_listing_limit = 40\n',
  );
  // One process each; without `swift_dir` they would read /etc/swift. A busy machine needs more patience than a cluster.
  const defaults = (port: number): string =>
    `[DEFAULT]\nbind_ip = 127.0.0.1\nbind_port = ${port}\nworkers = 0\nuser = ${os.userInfo().username}\nswift_dir = ${etc}\n` +
    'conn_timeout = 20\nnode_timeout = 60\ncontainer_update_timeout = 30\n';
  for (const kind of ['account', 'container', 'object'] as const) {
    write(`${kind}.ring.gz`, ringOf(ports[kind]));
    write(
      `${kind}.conf`,
      `${defaults(ports[kind])}devices = ${folder}/srv\nmount_check = false\ndisable_fallocate = true\n` +
        `recon_cache_path = ${folder}/cache\n[pipeline:main]\npipeline = ${kind}-server\n` +
        `[app:${kind}-server]\nuse = egg:swift#${kind}\n`,
    );
  }
  write('proxy.conf', defaults(ports.port) + proxyConfiguration(ports.cache));
  return etc;
}

/**
 * Quotas are checked against figures that are cached, here for a second; tokens are in memcached. Swift would give out segments of less than
 * a megabyte one a second.
 */
function proxyConfiguration(cachePort: number): string {
  const plain = ['catch_errors', 'gatekeeper', 'healthcheck', 'listing_formats', 'bulk', 'copy'];
  const objects = ['container_quotas', 'dlo'];
  return `[pipeline:main]
pipeline = catch_errors gatekeeper healthcheck cache listing_formats bulk s3api tempauth copy container_quotas slo dlo proxy-server
[app:proxy-server]
use = egg:swift#proxy
account_autocreate = true
recheck_container_existence = 1
error_suppression_limit = 1000000
[filter:tempauth]
use = egg:swift#tempauth
user_test_tester = ${owner.key} .admin
user_test_reader = ${reader.key}
[filter:s3api]
use = egg:swift#s3api
location = ${region}
[filter:slo]
use = egg:swift#slo
rate_limit_under_size = 0
[filter:cache]
use = egg:swift#memcache
memcache_servers = 127.0.0.1:${cachePort}
memcache_max_connections = 32
connect_timeout = 20
pool_timeout = 20
io_timeout = 20
error_suppression_limit = 1000000
${[...plain, ...objects].map((name) => `[filter:${name}]\nuse = egg:swift#${name}\n`).join('')}`;
}

/**
 * A ring of 16 partitions on one device, in the format of Swift's `RingData.serialize_v1`: magic, version, length of the JSON, the JSON, and
 * the device of each partition in 16 bits. swift-ring-builder would take a third of a second for each step.
 */
function ringOf(port: number): Buffer {
  const partitionBits = 4;
  const device = {
    ...{ id: 0, region: 1, zone: 1, ip: '127.0.0.1', port, device: 'd1', weight: 1, meta: '' },
    ...{ replication_ip: '127.0.0.1', replication_port: port },
  };
  const facts = { devs: [device], part_shift: 32 - partitionBits, replica_count: 1, byteorder: 'little' };
  const json = Buffer.from(JSON.stringify(facts));
  const head = Buffer.alloc(10);
  head.write('R1NG', 'latin1');
  head.writeUInt16BE(1, 4);
  head.writeUInt32BE(json.length, 6);
  return gzipSync(Buffer.concat([head, json, Buffer.alloc(2 * 2 ** partitionBits)]));
}

/** Segments so small that the suites' files have some, and manifests of so few that there are two levels. */
export const smallSegments = createSwiftDriver({
  minSegmentBytes: 1024 ** 2,
  maxSegmentBytes: 1024 ** 2,
  segmentsPerManifest: 2,
});

/** The uploads below `base` in the container whose segments no file is made of: one name each. */
export async function orphanUploads(
  { request, container }: SwiftServer,
  base: string,
): Promise<readonly string[]> {
  const root = '.pumphouse-segments.part/';
  const listed = async (prefix: string): Promise<string[]> => {
    const names: string[] = [];
    for (;;) {
      const query = new URLSearchParams({ format: 'json', prefix, marker: names.at(-1) ?? '' });
      const page = (await (await request('GET', `${container}?${query}`)).json()) as {
        readonly name: string;
      }[];
      if (page.length === 0) return names;
      names.push(...page.map(({ name }) => name));
    }
  };
  const manifestsOf = async (object: string): Promise<string[]> => {
    const path = `${container}/${encodeURIComponent(object)}`;
    const head = await request('HEAD', path);
    if (head.headers.get('x-static-large-object') === null) return [];
    const answer = await request('GET', `${path}?multipart-manifest=get`);
    const lines = (await answer.json()) as { readonly name: string }[];
    const names = lines.map(({ name }) => name.slice(`/${container}/`.length));
    return [...names, ...(await Promise.all(names.map(manifestsOf))).flat()];
  };
  const files = await listed(base);
  const used = new Set((await Promise.all(files.map(manifestsOf))).flat());
  const unused = (await listed(root + base)).filter((name) => !used.has(name));
  return [...new Set(unused.map((name) => name.slice(0, name.lastIndexOf('/'))))];
}
