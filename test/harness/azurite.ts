import { type ChildProcess, spawn } from 'node:child_process';
import { createHmac, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { request } from 'node:http';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { freePort } from './free-port.ts';
import { installCommand, testServersFolder } from './install-test-servers.ts';
import { makeFolder } from './with-folder.ts';

/** A private Azurite, Microsoft's emulator of Azure Blob Storage, with one account. Disposing stops it and removes its folder. */
export interface Azurite extends AsyncDisposable {
  readonly account: string;
  /** Base64. */
  readonly key: string;
  readonly port: number;
  /** `http://127.0.0.1:port/account`: the account stands in the path. */
  readonly endpoint: string;
  makeContainer(name: string): Promise<void>;
  /** A SAS token for the whole account with these rights: `rl` reads and lists. */
  sasToken(rights: string): string;
  stop(): Promise<void>;
}

const account = 'pumphouse';
const version = '2021-08-06';
const main = path.join(testServersFolder, 'node_modules/azurite/dist/src/blob/main.js');

/** Starts one on a free port of 127.0.0.1; it has answered a signed request when this resolves. */
export async function startAzurite(): Promise<Azurite> {
  if (!existsSync(main)) {
    throw new Error(`Azurite is not installed for the tests. Install it with: ${installCommand}`);
  }
  const folder = await makeFolder();
  const key = randomBytes(64).toString('base64');
  const port = await freePort();
  const child = spawn(
    process.execPath,
    ['--input-type=module', '--eval', guarded, ...argumentsOf(port, folder.path)],
    {
      cwd: folder.path,
      env: { ...process.env, AZURITE_ACCOUNTS: `${account}:${key}` },
      stdio: ['pipe', 'pipe', 'pipe'],
    },
  );
  let log = '';
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      log = (log + text).slice(-20_000);
    });
  }
  unref(child);
  const stop = async (): Promise<void> => {
    if (child.exitCode === null && child.signalCode === null) {
      child.ref();
      child.kill('SIGKILL');
      await once(child, 'exit');
    }
    await folder[Symbol.asyncDispose]();
  };
  const makeContainer = async (name: string): Promise<void> => {
    const status = await putContainer(port, key, name);
    if (status !== 201) throw new Error(`Azurite answers ${status} to the making of ${name}:\n${log}`);
  };
  try {
    await ready(child, () => makeContainer('ready'));
  } catch (error) {
    await stop();
    throw new Error(`Azurite did not start:\n${log}`, { cause: error });
  }
  return {
    account,
    key,
    port,
    endpoint: `http://127.0.0.1:${port}/${account}`,
    makeContainer,
    sasToken: (rights) => accountSas(key, rights),
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/** When the pipe from the test process closes, however that died, it removes its folder and ends. */
const guarded = `
import { rmSync } from 'node:fs';
process.stdin.once('close', () => {
  rmSync(process.cwd(), { recursive: true, force: true });
  process.exit();
}).resume();
await import(${JSON.stringify(main)});
`;

const argumentsOf = (port: number, folder: string): string[] => [
  // The name of the program comes first, as without --eval.
  ...['--', 'azurite', '--blobHost', '127.0.0.1', '--blobPort', String(port), '--location', folder],
  // Newer clients speak versions that it does not know. Without --loose it refuses what it cannot do.
  ...['--skipApiVersionCheck', '--disableTelemetry', '--silent'],
];

function unref(child: ChildProcess): void {
  child.unref();
  for (const stream of child.stdio) (stream as unknown as { unref?: () => void } | null)?.unref?.();
}

async function ready(child: ChildProcess, ask: () => Promise<void>): Promise<void> {
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await ask();
    } catch (error) {
      if (child.exitCode !== null || attempt > 600) throw error;
      await sleep(50);
    }
  }
}

const signature = (key: string, lines: readonly string[]): string =>
  createHmac('sha256', Buffer.from(key, 'base64')).update(lines.join('\n')).digest('base64');

/** Resolves to the status of the answer. */
async function putContainer(port: number, key: string, name: string): Promise<number> {
  const date = new Date().toUTCString();
  const headers = [`x-ms-date:${date}`, `x-ms-version:${version}`];
  const resource = [`/${account}/${account}/${name}`, 'restype:container'];
  const signed = signature(key, ['PUT', ...Array<string>(11).fill(''), ...headers, ...resource]);
  const asked = request({
    host: '127.0.0.1',
    port,
    method: 'PUT',
    path: `/${account}/${name}?restype=container`,
    agent: false,
    headers: {
      'x-ms-date': date,
      'x-ms-version': version,
      authorization: `SharedKey ${account}:${signed}`,
      'content-length': 0,
    },
  });
  asked.end();
  const [answer] = (await once(asked, 'response')) as [{ statusCode: number; resume(): void }];
  answer.resume();
  return answer.statusCode;
}

/** An account SAS for blobs, good for an hour. */
function accountSas(key: string, rights: string): string {
  const start = new Date(Date.now() - 600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const expiry = new Date(Date.now() + 3_600_000).toISOString().replace(/\.\d+Z$/, 'Z');
  const fields = { sp: rights, ss: 'b', srt: 'sco', st: start, se: expiry };
  const lines = [account, ...Object.values(fields), '', 'https,http', version, '', ''];
  const sig = signature(key, lines);
  return new URLSearchParams({ sv: version, ...fields, spr: 'https,http', sig }).toString();
}
