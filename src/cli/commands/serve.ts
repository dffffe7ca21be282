import type { CommandEnd, Session } from '../session.ts';

/** Runs the service until a signal asks it to stop. */
export async function serve({ host, options, print }: Session): Promise<CommandEnd> {
  const app = await host.openApp(options.values, 'service');
  try {
    const { url, ownPorts } = await app.listen();
    for (const line of app.summary) print(line);
    for (const own of ownPorts) print(`Port of its own: ${own.url} (${own.title})`);
    print(`Pumphouse ${host.version} listens at ${url}, data folder ${options.values.data}`);
    await new Promise<void>((resolve) => {
      const release = host.onInterrupt(() => {
        release();
        resolve();
      });
    });
    print('Stopping: running tasks get a moment to finish, the rest goes on at the next start.');
  } finally {
    await app[Symbol.asyncDispose]();
  }
  return 'ok';
}
