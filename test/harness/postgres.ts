import { type ChildProcess, spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import pg from 'pg';
import { makeClusterFolder } from './cluster-folder.ts';
import { freePort } from './free-port.ts';
import { makeSelfSignedCertificate } from './self-signed-certificate.ts';
import { type PostgresVersion, serverBinaries } from './server-binaries.ts';
import { giveToServer, type ServerUser, serverUser } from './server-user.ts';

export { type PostgresVersion, postgresVersions } from './server-binaries.ts';

export interface PostgresOptions {
  /** Major version; 17 by default. */
  readonly version?: PostgresVersion;
  /** Lines of postgresql.conf, on top of the harness's own (fsync off, UTC). */
  readonly settings?: Readonly<Record<string, string>>;
  /** Speak TLS with a certificate for localhost and 127.0.0.1; see {@link PostgresServer.certificate}. */
  readonly ssl?: boolean;
  /** Password of the superuser: connections over TCP must then give it (SCRAM). Without: anybody may connect. */
  readonly password?: string;
  /** Begins with the data of that server, which was stopped and has the same version. */
  readonly copyOf?: PostgresServer;
}

/** A private server of the test process, with the superuser `postgres`. Disposing stops it and removes its folder. */
export interface PostgresServer extends AsyncDisposable {
  readonly version: PostgresVersion;
  readonly port: number;
  /** The folder of the Unix socket; no password is needed there. */
  readonly socketDir: string;
  /** PEM of the certificate to trust; null without TLS. */
  readonly certificate: string | null;
  /** `postgres://postgres[:password]@127.0.0.1:port/database`; the database `postgres` by default. */
  url(database?: string): string;
  /** Makes a database and resolves to its name; a fresh name by default. */
  createDatabase(name?: string): Promise<string>;
  /** Runs SQL (several statements too) as superuser on a connection of its own; the rows of the last statement. */
  query(database: string, sql: string): Promise<Record<string, unknown>[]>;
  /** Ends the server, but keeps its folder for `restart`. `immediate` is a crash. */
  stop(mode?: 'fast' | 'immediate'): Promise<void>;
  /** Stops the server if it runs, and starts it again on the same port and data. */
  restart(): Promise<void>;
  /** What the server wrote to its log so far. */
  log(): string;
}

const ownSettings: Readonly<Record<string, string>> = {
  fsync: 'off',
  full_page_writes: 'off',
  listen_addresses: '127.0.0.1',
  shared_buffers: '64MB',
  timezone: 'UTC',
  log_timezone: 'UTC',
  password_encryption: 'scram-sha-256',
};

/** How often a server that ends by itself is started. */
const patience = 5;

/** Starts a server on a free port of 127.0.0.1; ready for connections when this resolves. */
export async function startPostgres(options: PostgresOptions = {}): Promise<PostgresServer> {
  const { version = 17, password } = options;
  const binaries = await serverBinaries(version);
  const user = serverUser() ?? {};
  const folder = mkdtempSync(path.join(os.tmpdir(), `pumphouse-pg${version}-`));
  giveToServer(folder);
  const guard = spawnGuard(folder, user);
  let log = '';
  let server: ChildProcess | null = null;
  let port = 0;

  const query = async (database: string, sql: string): Promise<Record<string, unknown>[]> => {
    const client = new pg.Client({ host: folder, port, user: 'postgres', database });
    // A server that is crashing: the query rejects, and that is enough.
    client.on('error', () => undefined);
    await client.connect();
    try {
      const result: unknown = await client.query(sql);
      const last = (Array.isArray(result) ? result.at(-1) : result) as { rows: Record<string, unknown>[] };
      return last.rows;
    } finally {
      await client.end();
    }
  };

  /** Resolves to false when another process took the port first. */
  const launch = async (data: string): Promise<boolean> => {
    const failures: string[] = [];
    while (failures.length < patience) {
      if (await launchOnce(data)) return true;
      if (/Address already in use/.test(log)) return false;
      // On a machine under load, what is left of a server that crashed may still hold its memory.
      failures.push(log);
      await sleep(failures.length * 500);
    }
    throw new Error(`PostgreSQL ${version} did not start:\n${failures.join('\n')}`);
  };

  /** Resolves to false when the server ended by itself; its log says why. */
  const launchOnce = async (data: string): Promise<boolean> => {
    log = '';
    const child = spawn(binaries.postgres, ['-D', data, '-k', folder, '-p', String(port)], {
      ...user,
      cwd: folder,
      detached: true,
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      log += text;
    });
    child.unref();
    (child.stderr as unknown as { unref(): void }).unref();
    while (child.exitCode === null && child.signalCode === null) {
      try {
        await query('postgres', 'SELECT 1');
        server = child;
        return true;
      } catch {
        await sleep(20);
      }
    }
    return false;
  };

  const stop = async (mode: 'fast' | 'immediate' = 'fast'): Promise<void> => {
    const child = server;
    server = null;
    if (child === null || child.exitCode !== null || child.signalCode !== null) return;
    child.ref();
    child.kill(mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
    await once(child, 'exit');
  };

  const dispose = async (): Promise<void> => {
    await stop('immediate');
    guard.ref();
    guard.stdin?.end();
    await once(guard, 'exit');
    await rm(folder, { recursive: true, force: true });
  };

  try {
    const data = await makeClusterFolder(binaries, folder, options.copyOf?.socketDir);
    const tls = options.ssl === true ? makeSelfSignedCertificate() : null;
    const write = (name: string, text: string, flag: 'w' | 'a' = 'w'): void => {
      const file = path.join(data, name);
      writeFileSync(file, text, { mode: 0o600, flag });
      giveToServer(file);
    };
    if (tls !== null) {
      write('server.key', tls.key);
      write('server.crt', tls.certificate);
    }
    const settings = { ...ownSettings, ...(tls === null ? {} : { ssl: 'on' }), ...options.settings };
    write('postgresql.conf', settingLines(settings), 'a');
    const method = password === undefined ? 'trust' : 'scram-sha-256';
    write(
      'pg_hba.conf',
      `local all all trust\nhost all all 127.0.0.1/32 ${method}\nhost replication all 127.0.0.1/32 ${method}\n`,
    );
    do port = await freePort();
    while (!(await launch(data)));
    if (password !== undefined) {
      await query('postgres', `ALTER ROLE postgres PASSWORD ${pg.escapeLiteral(password)}`);
    }
    const credentials = password === undefined ? 'postgres' : `postgres:${encodeURIComponent(password)}`;
    return {
      version,
      port,
      socketDir: folder,
      certificate: tls?.certificate ?? null,
      url: (database = 'postgres') =>
        `postgres://${credentials}@127.0.0.1:${port}/${encodeURIComponent(database)}`,
      async createDatabase(name = `test_${randomUUID().slice(0, 8)}`) {
        await query('postgres', `CREATE DATABASE ${pg.escapeIdentifier(name)}`);
        return name;
      },
      query,
      stop,
      async restart() {
        await stop();
        if (!(await launch(data))) throw new Error(`Another process took port ${port} during the restart.`);
      },
      log: () => log,
      [Symbol.asyncDispose]: dispose,
    };
  } catch (error) {
    await dispose();
    throw error;
  }
}

/** Runs `suite` once per version, each in a `describe` with a server of its own. */
export function withServers(
  versions: readonly PostgresVersion[],
  suite: (server: () => PostgresServer, version: PostgresVersion) => void,
  options: Omit<PostgresOptions, 'version'> = {},
): void {
  for (const version of versions) {
    describe(`PostgreSQL ${version}`, () => {
      let server: PostgresServer | undefined;
      before(async () => {
        server = await startPostgres({ ...options, version });
      });
      after(() => server?.[Symbol.asyncDispose]());
      suite(() => {
        if (server === undefined) throw new Error(`PostgreSQL ${version} has not started yet.`);
        return server;
      }, version);
    });
  }
}

const settingLines = (settings: Readonly<Record<string, string>>): string =>
  Object.entries(settings)
    .map(([name, value]) => `\n${name} = '${value.replaceAll("'", "''")}'`)
    .join('');

/**
 * A process that outlives this one, however it dies: when the pipe from here closes, it kills the server that still
 * runs in `folder` and removes the folder.
 */
function spawnGuard(folder: string, user: Partial<ServerUser>): ChildProcess {
  const script =
    'while read -r _; do :; done; test -f "$1/data/postmaster.pid" && kill -QUIT "$(head -n 1 "$1/data/postmaster.pid")" && sleep 1; rm -rf "$1" 2>/dev/null';
  const guard = spawn('/bin/sh', ['-c', script, 'guard', folder], {
    ...user,
    cwd: '/',
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  });
  guard.unref();
  (guard.stdin as unknown as { unref(): void }).unref();
  return guard;
}
