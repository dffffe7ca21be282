import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { type PostgresServer, startPostgres } from '../../test/harness/postgres.ts';
import { type ServiceProcess, startServiceProcess } from '../../test/harness/service-process.ts';
import type { BenchSettings } from '../main.ts';
import { type Cost, measure } from '../measure.ts';
import { compare, report } from '../report.ts';
import { dataStatements } from './data.ts';

/** The native tools must be of the server's own major version to be a fair peer. */
const serverVersion = 15;
const source = 'bench';
const target = 'bench_copy';

/** Exports and imports about `sizeMb` of data with ours and with the native tools, in turns. */
export async function runPostgresBenchmark(settings: BenchSettings): Promise<void> {
  const tools = findTools();
  await using server = await startPostgres({
    version: serverVersion,
    settings: {
      shared_buffers: '1GB',
      max_wal_size: '8GB',
      autovacuum: 'off',
      maintenance_work_mem: '256MB',
      checkpoint_timeout: '1h',
    },
  });
  await server.createDatabase(source);
  process.stdout.write(`Making about ${settings.sizeMb} MB of data ...\n`);
  for (const statement of dataStatements(settings.sizeMb)) await server.query(source, statement);

  const scratch = await mkdtemp(path.join(os.tmpdir(), 'pumphouse-bench-peer-'));
  await using service = await startServiceProcess();
  await service.request('POST', '/api/v1/databases', { name: 'source', url: server.url(source) });
  try {
    const bench = createContest(settings, server, service, tools, scratch);
    const results = [];
    results.push(...(await bench.exports()));
    results.push(...(await bench.imports()));
    const versions = {
      node: process.version,
      postgres: String((await server.query(source, 'SHOW server_version'))[0]?.server_version ?? ''),
      size_mb: String(settings.sizeMb),
    };
    report(results, versions, settings.json);
  } finally {
    await rm(scratch, { recursive: true, force: true });
  }
}

interface Tools {
  readonly pgDump: string;
  readonly pgRestore: string;
}

function findTools(): Tools {
  const folder = [`/usr/lib/postgresql/${serverVersion}/bin`, ...(process.env.PATH ?? '').split(':')].find(
    (candidate) =>
      existsSync(path.join(candidate, 'pg_dump')) && existsSync(path.join(candidate, 'pg_restore')),
  );
  if (folder === undefined)
    throw new Error(`The peers are missing: apt-get install postgresql-client-${serverVersion}`);
  return { pgDump: path.join(folder, 'pg_dump'), pgRestore: path.join(folder, 'pg_restore') };
}

function createContest(
  settings: BenchSettings,
  server: PostgresServer,
  service: ServiceProcess,
  tools: Tools,
  scratch: string,
) {
  const peerFolder = (name: string) => path.join(scratch, name);

  const peer = async (command: string, args: readonly string[]): Promise<Cost> => {
    let pid: number | null = null;
    return measure(
      () => pid,
      () =>
        new Promise((resolve, reject) => {
          const child = spawn(command, args, { stdio: ['ignore', 'ignore', 'inherit'] });
          pid = child.pid ?? null;
          child.once('error', reject);
          child.once('exit', (code) =>
            code === 0 ? resolve() : reject(new Error(`${path.basename(command)} ended with ${code}`)),
          );
        }),
    );
  };

  const pgDump = async (name: string, ...options: readonly string[]): Promise<Cost> => {
    await rm(peerFolder(name), { recursive: true, force: true });
    return peer(tools.pgDump, ['-Fd', '-j2', ...options, '-f', peerFolder(name), '-d', server.url(source)]);
  };

  const ours = (body: Readonly<Record<string, unknown>>): Promise<Cost> =>
    measure(
      () => service.pid,
      async () => {
        await service.run(body);
      },
    );

  const ourExport = async (encoding: string): Promise<Cost> => {
    // The folder form names its folder after the job; only the newest is needed by the imports.
    await rm(path.join(service.data, 'dumps'), { recursive: true, force: true });
    return ours({ kind: 'export', database: 'source', mode: 'full', threads: settings.threads, encoding });
  };

  const freshTarget = async (): Promise<void> => {
    await server.query('postgres', `DROP DATABASE IF EXISTS ${target}`);
    await server.createDatabase(target);
    await server.query('postgres', 'CHECKPOINT');
  };

  const ourImport = async (folder: string): Promise<Cost> => {
    await freshTarget();
    await service.request('DELETE', '/api/v1/databases/target').catch(() => undefined);
    await service.request('POST', '/api/v1/databases', { name: 'target', url: server.url(target) });
    return ours({
      kind: 'import',
      database: 'target',
      directory: 'DATA_PUMP_DIR',
      file_pattern: folder,
      threads: settings.threads,
    });
  };

  const pgRestore = async (name: string): Promise<Cost> => {
    await freshTarget();
    return peer(tools.pgRestore, ['-j2', '-d', server.url(target), peerFolder(name)]);
  };

  return {
    exports: async () => {
      const [zstd, gzip, plain]: [Cost[], Cost[], Cost[]] = [[], [], []];
      await ourExport('text');
      await pgDump('plain', '-Z0');
      for (let round = 1; round <= settings.rounds; round += 1) {
        say(`export, round ${round} of ${settings.rounds}`);
        zstd.push(await ourExport('text'));
        plain.push(await pgDump('plain', '-Z0'));
        gzip.push(await pgDump('gzip'));
      }
      return [
        compare('export, zstd', 'pg_dump -Fd -j2', 3.5, zstd, gzip),
        compare('export, zstd', 'pg_dump -Fd -j2 -Z0', null, zstd, plain),
      ];
    },
    imports: async () => {
      const costs: Record<'text' | 'binary' | 'peer', Cost[]> = { text: [], binary: [], peer: [] };
      await rm(path.join(service.data, 'dumps'), { recursive: true, force: true });
      const [text, binary] = [
        await exportForImport(service, settings, 'text'),
        await exportForImport(service, settings, 'binary'),
      ];
      for (let round = 1; round <= settings.rounds; round += 1) {
        say(`import, round ${round} of ${settings.rounds}`);
        costs.text.push(await ourImport(text));
        costs.peer.push(await pgRestore('plain'));
        costs.binary.push(await ourImport(binary));
      }
      return [
        compare('import, text', 'pg_restore -j2', 1.1, costs.text, costs.peer),
        compare('import, binary', 'pg_restore -j2', 1.4, costs.binary, costs.peer),
      ];
    },
  };
}

const say = (line: string) => process.stdout.write(`${line}\n`);

/** Exports into DATA_PUMP_DIR; gives the name of the set's folder. */
async function exportForImport(
  service: ServiceProcess,
  settings: BenchSettings,
  encoding: string,
): Promise<string> {
  const { name } = await service.run({
    kind: 'export',
    database: 'source',
    mode: 'full',
    threads: settings.threads,
    encoding,
  });
  return name;
}
