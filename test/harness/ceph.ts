import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { promisify } from 'node:util';
import {
  CreateBucketCommand,
  DeleteObjectsCommand,
  ListMultipartUploadsCommand,
  ListObjectsV2Command,
  S3Client,
} from '@aws-sdk/client-s3';
import { type Daemons, openDaemons } from './daemons.ts';
import { installPackagesCommand } from './debian-packages.ts';
import { freePort } from './free-port.ts';
import type { RemotePlace } from './remote-place.ts';

const run = promisify(execFile);

export interface S3Keys {
  readonly accessKey: string;
  readonly secretKey: string;
}

/** A private Ceph: one monitor, one OSD that keeps everything in memory (twice), and the S3 gateway. Disposing stops it; all data are gone. */
export interface CephServer extends RemotePlace {
  readonly port: number;
  /** `http://127.0.0.1:port` */
  readonly endpoint: string;
  readonly region: string;
  /** May do everything in `bucket`. */
  readonly owner: S3Keys;
  /** May read there, and nothing else. */
  readonly reader: S3Keys;
  readonly bucket: string;
  /** The owner of a bucket with a quota of 1 MiB. */
  readonly limited: S3Keys;
  readonly limitedBucket: string;
  /** The owner's keys. */
  readonly credential: { readonly type: 's3'; readonly id: string; readonly secret: string };
  /** Asks as the owner. */
  readonly client: S3Client;
  /** Keys of the unfinished uploads of `bucket` that begin with `prefix`. */
  leftovers(prefix?: string): Promise<readonly string[]>;
  /** Removes all objects of `bucket`. */
  empty(): Promise<void>;
}

const owner: S3Keys = { accessKey: 'OWNERKEY', secretKey: 'owner-secret' };
const reader: S3Keys = { accessKey: 'READERKEY', secretKey: 'reader-secret' };
const limited: S3Keys = { accessKey: 'LIMITEDKEY', secretKey: 'limited-secret' };
const region = 'us-east-1';

const programs = {
  'ceph-mon': 'ceph-mon',
  'ceph-osd': 'ceph-osd',
  radosgw: 'radosgw',
  'radosgw-admin': 'radosgw',
  ceph: 'ceph-common',
  monmaptool: 'ceph-common',
} as const;

/** Starts one on free ports of 127.0.0.1; both buckets are there when this resolves, after two seconds or so. */
export async function startCeph(): Promise<CephServer> {
  const missing = Object.entries(programs).filter(([program]) => !existsSync(`/usr/bin/${program}`));
  if (missing.length > 0) {
    const packages = [...new Set(missing.map(([, name]) => name))];
    throw new Error(`Ceph is not installed for the tests: ${installPackagesCommand(packages)}`);
  }
  const daemons = openDaemons('ceph');
  try {
    const port = await freePort();
    await startDaemons(daemons, port);
    const endpoint = `http://127.0.0.1:${port}`;
    const server = {
      port,
      endpoint,
      region,
      owner,
      reader,
      limited,
      bucket: 'dumps',
      limitedBucket: 'small',
    };
    const client = clientOf(endpoint, owner);
    const limitedClient = clientOf(endpoint, limited);
    await daemons.ready(() => made(client, server.bucket));
    await daemons.ready(() => made(limitedClient, server.limitedBucket));
    limitedClient.destroy();
    return {
      ...server,
      client,
      locationOf: (base) =>
        `s3://${server.bucket}/${encodeURIComponent(base)}?endpoint=${endpoint}&region=${region}`,
      credential: { type: 's3', id: owner.accessKey, secret: owner.secretKey },
      leftovers: (prefix = '') => unfinishedUploads(client, server.bucket, prefix),
      empty: () => removeObjects(client, server.bucket),
      async [Symbol.asyncDispose]() {
        client.destroy();
        await daemons[Symbol.asyncDispose]();
      },
    };
  } catch (error) {
    const logs = daemons.logs();
    await daemons[Symbol.asyncDispose]();
    throw new Error(`Ceph did not start:\n${logs}`, { cause: error });
  }
}

async function startDaemons(daemons: Daemons, port: number): Promise<void> {
  const { folder } = daemons;
  const monitorPort = await freePort();
  const clusterId = randomUUID();
  const osdId = randomUUID();
  for (const name of ['mon', 'osd', 'rgw']) mkdirSync(path.join(folder, name));
  const configuration = path.join(folder, 'ceph.conf');
  writeFileSync(configuration, configurationOf(folder, clusterId, monitorPort, port));
  const withConfiguration = ['-c', configuration];
  const tool = async (program: string, args: readonly string[]): Promise<void> => {
    await run(`/usr/bin/${program}`, [...args], { env: { ...process.env, CEPH_CONF: configuration } });
  };
  const succeeds = (program: string, args: readonly string[]) => (): Promise<boolean> =>
    tool(program, args).then(() => true);

  // Without a map of its own the monitor takes port 3300 and waits for itself for ever.
  const map = path.join(folder, 'monmap');
  await tool('monmaptool', [
    ...['--create', '--addv', 'a', `v2:127.0.0.1:${monitorPort}`, '--fsid', clusterId, map],
  ]);
  await tool('ceph-mon', ['-i', 'a', '--mkfs', '--monmap', map]);
  daemons.start('mon', '/usr/bin/ceph-mon', ['-f', '-i', 'a', ...withConfiguration]);
  // The first commands may come before the monitor has its quorum.
  await daemons.ready(succeeds('ceph', ['--connect-timeout', '2', 'osd', 'new', osdId]));
  await tool('ceph-osd', ['-i', '0', '--mkfs', '--osd-uuid', osdId]);
  daemons.start('osd', '/usr/bin/ceph-osd', ['-f', '-i', '0', ...withConfiguration]);
  await daemons.ready(
    succeeds('ceph', [
      ...['--connect-timeout', '2', 'osd', 'crush', 'add', 'osd.0', '1', 'root=default', 'host=local'],
    ]),
  );
  const keys = ({ accessKey, secretKey }: S3Keys): readonly string[] => [
    ...['--access-key', accessKey, '--secret-key', secretKey],
  ];
  // The first of these makes the zone and its pools; only then may others run beside each other.
  await tool('radosgw-admin', ['user', 'create', '--uid=owner', '--display-name=owner', ...keys(owner)]);
  daemons.start('rgw', '/usr/bin/radosgw', ['-f', '-n', 'client.rgw', ...withConfiguration]);
  await Promise.all([
    tool('radosgw-admin', [
      ...['subuser', 'create', '--uid=owner', '--subuser=owner:reader', '--key-type=s3', '--access=read'],
      ...keys(reader),
    ]),
    tool('radosgw-admin', [
      ...['user', 'create', '--uid=limited', '--display-name=limited', ...keys(limited)],
      `--rgw-bucket-default-quota-max-size=${1024 ** 2}`,
    ]),
  ]);
}

/** A plain client, for tests that look behind the driver. */
export const clientOf = (endpoint: string, { accessKey, secretKey }: S3Keys): S3Client =>
  new S3Client({
    endpoint,
    region,
    forcePathStyle: true,
    credentials: { accessKeyId: accessKey, secretAccessKey: secretKey },
    requestChecksumCalculation: 'WHEN_REQUIRED',
    responseChecksumValidation: 'WHEN_REQUIRED',
    maxAttempts: 1,
  });

async function made(client: S3Client, bucket: string): Promise<boolean> {
  await client.send(new CreateBucketCommand({ Bucket: bucket }));
  return true;
}

/** Keys of unfinished uploads, for any server of the family. */
export async function unfinishedUploads(
  client: S3Client,
  bucket: string,
  prefix: string,
): Promise<readonly string[]> {
  const { Uploads = [] } = await client.send(
    new ListMultipartUploadsCommand({ Bucket: bucket, Prefix: prefix }),
  );
  return Uploads.map(({ Key = '' }) => Key);
}

async function removeObjects(client: S3Client, bucket: string): Promise<void> {
  for (;;) {
    const { Contents = [] } = await client.send(new ListObjectsV2Command({ Bucket: bucket }));
    if (Contents.length === 0) return;
    const Objects = Contents.map(({ Key }) => ({ Key }));
    await client.send(new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects } }));
  }
}

/**
 * No keys between the daemons: then radosgw insists on an encrypted session with the monitor, unless told otherwise (`ms mon client mode`).
 * No admin sockets, whose paths may have 107 bytes only. A bucket quota holds at once with `quota ttl = 0`; what was deleted frees its
 * memory within seconds because the collector is hurried.
 */
const configurationOf = (folder: string, clusterId: string, monitorPort: number, port: number): string => `
[global]
fsid = ${clusterId}
mon host = v2:127.0.0.1:${monitorPort}/0
auth cluster required = none
auth service required = none
auth client required = none
admin socket =
run dir = ${folder}
crash dir = ${folder}
log file = ${folder}/$name.messages
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 1
osd pool default pgp num = 1
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon warn on pool no redundancy = false
[mon]
mon data = ${folder}/mon
mon cluster log file = ${folder}/cluster.messages
paxos propose interval = 0.05
[osd]
public addr = 127.0.0.1
cluster addr = 127.0.0.1
ms bind port min = 7000
ms bind port max = 9999
osd data = ${folder}/osd
osd objectstore = memstore
memstore device bytes = ${16 * 1024 ** 3}
debug memstore = 0
osd class update on start = false
osd crush update on start = false
[client]
ms mon client mode = crc
rgw data = ${folder}/rgw
rgw frontends = beast endpoint=127.0.0.1:${port} tcp_nodelay=1
rgw bucket quota ttl = 0
rgw gc obj min wait = 1
rgw gc processor period = 1
rgw gc processor max time = 10
`;
