import type { CliHost } from '../host.ts';
import type { CommandEnd, Session } from '../session.ts';
import { type StatusView, standingLines, versionWarning } from './status.ts';

/** Runs the service until a signal asks it to stop. */
export async function serve({ host, options, print }: Session): Promise<CommandEnd> {
  const app = await host.openApp(options.values, 'service');
  try {
    // It answers from here on; what is away holds up these lines for some seconds at most, and nobody else.
    const { url, ownPorts } = await app.listen();
    const stopped = interrupted(host);
    const found = await Promise.race([app.call({ method: 'GET', path: '/api/v1/status' }), stopped]);
    if (found !== undefined) {
      const status = JSON.parse(found.body) as StatusView;
      for (const line of standingLines(status)) print(line);
      for (const line of versionWarning(status.version, status.store)) print(line);
    }
    for (const own of ownPorts) print(`Port of its own: ${own.url} (${own.title})`);
    print(`Pumphouse ${host.version} listens at ${url}, data folder ${options.values.data}`);
    await stopped;
    print('Stopping: running tasks get a moment to finish, the rest goes on at the next start.');
  } finally {
    await app[Symbol.asyncDispose]();
  }
  return 'ok';
}

/** Resolves at the first SIGINT or SIGTERM. */
export const interrupted = (host: CliHost): Promise<undefined> =>
  new Promise((resolve) => {
    const release = host.onInterrupt(() => {
      release();
      resolve(undefined);
    });
  });
