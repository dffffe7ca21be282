import { spawnSync } from 'node:child_process';
import { type UnpackedPackages, unpackPackages } from './unpacked-packages.ts';

/** The servers that the tests can start; `valkey-9` moves with the next Debian, so that only campaigns by hand ask for it. */
export const redisVersions = ['redis-7.0', 'redis-8.0', 'valkey-8.1', 'valkey-9'] as const;
export type RedisVersion = (typeof redisVersions)[number];
/** Those that `npm test` starts. */
export const steadyRedisVersions = ['redis-7.0', 'redis-8.0', 'valkey-8.1'] as const;

type Command = readonly [string, ...string[]];

/** The programs of one version, as command lines that arguments follow. */
export interface RedisPrograms {
  readonly server: Command;
  readonly sentinel: Command;
  readonly cli: Command;
  /** Says whether a file is a whole and right RDB. */
  readonly checkRdb: Command;
}

/** What the programs of each version are called, and whose packages have them. */
const sources: Readonly<
  Record<RedisVersion, { readonly unpack: () => Promise<UnpackedPackages>; readonly name: string }>
> = {
  'redis-7.0': { unpack: bookworm, name: 'redis' },
  'redis-8.0': { unpack: trixie, name: 'redis' },
  'valkey-8.1': { unpack: trixie, name: 'valkey' },
  'valkey-9': { unpack: forky, name: 'valkey' },
};

function bookworm(): Promise<UnpackedPackages> {
  return unpackPackages('bookworm', ['redis-tools'], 1);
}

function trixie(): Promise<UnpackedPackages> {
  return unpackPackages('trixie', ['redis-tools', 'valkey-tools'], 1);
}

function forky(): Promise<UnpackedPackages> {
  return unpackPackages('forky', ['valkey-tools'], 1);
}

/** The programs of `version`, unpacked before if they are not there. Debian's server is its checker of RDB files under another name. */
export async function redisPrograms(version: RedisVersion): Promise<RedisPrograms> {
  const { unpack, name } = sources[version];
  const { command } = await unpack();
  const check = `usr/bin/${name}-check-rdb`;
  return {
    server: command(`${name}-server`, check),
    sentinel: command(`${name}-sentinel`, check),
    cli: command(`${name}-cli`, `usr/bin/${name}-cli`),
    checkRdb: command(`${name}-check-rdb`, check),
  };
}

/** Unpacks the servers that `npm test` starts, as far as they are missing. Where there is no apt-get, nothing happens: each test says what it misses. */
export async function installRedisServers(): Promise<void> {
  if (spawnSync('apt-get', ['--version'], { stdio: 'ignore' }).error !== undefined) return;
  await Promise.all([bookworm(), trixie()]);
}
