import path from 'node:path';
import { redisPrograms } from '../../test/harness/redis-packages.ts';
import type { RedisServer } from '../../test/harness/redis-server.ts';
import { type Cost, measure } from '../measure.ts';
import { runCommand } from '../run-command.ts';

/** What we are compared with. Each call runs one command line and measures it with all its children. */
export interface Peers {
  /** `redis-cli --rdb`: the whole server into a file. */
  cliRdb(server: RedisServer, file: string): Promise<Cost>;
  /** `redis-cli --pipe` fed a file of commands. */
  cliPipe(server: RedisServer, file: string): Promise<Cost>;
  /** SCAN, then DUMP and PEXPIRETIME in pipelines of ioredis, into a file of RESTORE commands. */
  ioredisExport(server: RedisServer, file: string): Promise<Cost>;
  /** The RESTORE commands of that file in pipelines of ioredis. */
  ioredisImport(server: RedisServer, file: string): Promise<Cost>;
  /** The server loads the file itself, which it cannot do over the wire: the floor of what an import takes. */
  ownLoad(server: RedisServer): Promise<Cost>;
}

export async function findPeers(): Promise<Peers> {
  const { cli } = await redisPrograms('redis-7.0');
  const [program, ...args] = cli;
  const ioredis = (direction: string, server: RedisServer, file: string): Promise<Cost> =>
    runCommand(process.execPath, [
      '--disable-warning=ExperimentalWarning',
      path.join(import.meta.dirname, 'ioredis-peer.ts'),
      direction,
      String(server.port),
      file,
    ]);
  return {
    cliRdb: (server, file) => runCommand(program, [...args, '-p', String(server.port), '--rdb', file]),
    cliPipe: (server, file) =>
      runCommand('sh', [
        '-c',
        // It ends with 1 when a command was answered by an error.
        'file=$1; shift; exec "$@" <"$file"',
        'peer',
        file,
        program,
        ...args,
        '-p',
        String(server.port),
        '--pipe',
      ]),
    ioredisExport: (server, file) => ioredis('export', server, file),
    ioredisImport: (server, file) => ioredis('import', server, file),
    ownLoad: (server) =>
      measure(
        () => server.pid,
        async () => {
          await server.call('DEBUG', 'RELOAD', 'NOSAVE');
        },
      ),
  };
}
