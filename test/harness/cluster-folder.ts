import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { cached } from './cache-folder.ts';
import type { ServerBinaries } from './server-binaries.ts';
import { giveToServer, serverUser } from './server-user.ts';

const run = promisify(execFile);

/**
 * Makes `folder`/data: a fresh database cluster with the superuser `postgres`, encoding UTF8 and locale C. `initdb`
 * takes seconds, so each version's result is kept and copied. With `other`, the cluster that is there is copied instead.
 */
export async function makeClusterFolder(
  binaries: ServerBinaries,
  folder: string,
  other?: string,
): Promise<string> {
  const user = serverUser() ?? {};
  const template = await cached(`cluster-${binaries.packageVersion}`, async (draft) => {
    giveToServer(draft);
    const arguments_ = ['--pgdata', draft, '--username', 'postgres', '--auth', 'trust', '--encoding', 'UTF8'];
    await run(binaries.initdb, [...arguments_, '--locale', 'C', '--no-sync'], { ...user, cwd: '/' });
  });
  const data = `${folder}/data`;
  await run('cp', ['-a', other === undefined ? template : `${other}/data`, data], { ...user, cwd: '/' });
  return data;
}
