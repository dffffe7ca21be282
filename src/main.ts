import { version } from './base/version.ts';
import { exitCodes } from './cli/exit-codes.ts';
import type { CliHost } from './cli/host.ts';
import { runCommandLine } from './cli/program.ts';
import { loadOptions } from './config/load-options.ts';

/** Process entry: arguments, signals, exit code. The rest of the program is loaded when a command needs it. */
const host: CliHost = {
  version,
  stdin: process.stdin,
  stdout: process.stdout,
  stderr: process.stderr,
  loadOptions: (inputs) => loadOptions({ ...inputs, env: process.env }),
  readStoreVersions: async (place) => (await import('./store/read-version.ts')).readStoreVersions(place),
  storeAdmin: async (options) => (await import('./app-store-admin.ts')).createStoreAdmin(options),
  openApp: async (...given) => (await import('./app.ts')).openApp(...given),
  onInterrupt: (listener) => {
    const signals = ['SIGINT', 'SIGTERM'] as const;
    const listeners = signals.map((signal) => [signal, () => listener(signal)] as const);
    for (const [signal, own] of listeners) process.on(signal, own);
    return () => {
      for (const [signal, own] of listeners) process.off(signal, own);
    };
  },
};

// A reader that goes away (`pumphouse jobs log | head`) is no error.
process.stdout.on('error', (error: NodeJS.ErrnoException) => {
  if (error.code === 'EPIPE') process.exit(exitCodes.ok.code);
  throw error;
});

const end = await runCommandLine(host, process.argv.slice(2));
process.exitCode = exitCodes[end].code;
