import assert from 'node:assert/strict';
import { cp, readdir, readFile, rm, stat, truncate, writeFile } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp } from './app.ts';
import { flipByte } from './damage.ts';
import { freePort } from './free-port.ts';
import { rewriteManifest } from './rewrite-manifest.ts';
import { basic } from './transcript.ts';
import { makeFolder, type TestFolder } from './with-folder.ts';

const databasePassword = 'Hawser-and-cleat-31';
const people = {
  admin: { name: 'admin', role: 'administrator', password: 'Anchor-chain-9' },
  developer: {
    name: 'developer',
    role: 'developer',
    password: 'Mooring-post-8',
    databases: ['shop', 'copy'],
  },
  stranger: { name: 'stranger', role: 'developer', password: 'Gangway-deck-7', databases: ['copy'] },
  viewer: { name: 'viewer', role: 'viewer', password: 'Crows-nest-6' },
} as const;

/** Who asks. */
export type Person = keyof typeof people;

/** How a caller identifies himself. */
export const credentials = (person: Person): Readonly<Record<string, string>> => ({
  authorization: basic(people[person]),
});

/** No answer, log or error may hold one of these. */
export const secrets: readonly string[] = [
  databasePassword,
  ...Object.values(people).map(({ password }) => password),
];

/**
 * The service with all that requests can be wrong about. Databases: `shop` (a sample), `copy` (empty), `notes` (a text file), `gone` (a folder
 * that does not exist), `down` (PostgreSQL; nobody listens), `hung` (somebody listens and says nothing). Directories with a dump set
 * GOOD%U.DMP of shop: `good`, `cut` (a file is short), `flipped` (one bit), `headless` (no master); with a set in the folder `set`:
 * `newer` (of a later version), `foreign` (another program's manifest), `unfinished` (no manifest).
 */
export interface BadInputStage extends AsyncDisposable {
  readonly app: TestApp;
  readonly folder: TestFolder;
  /** Everything that a request could have written: files with their sizes, and the number of jobs. */
  snapshot(): Promise<Snapshot>;
}

export interface Snapshot {
  readonly files: readonly (readonly [file: string, bytes: number])[];
  readonly dumps: readonly string[];
  readonly jobs: number;
}

export async function openBadInputStage(): Promise<BadInputStage> {
  await using opening = new AsyncDisposableStack();
  const folder = opening.use(await makeFolder());
  createSampleDatabase(folder.join('shop.db'), { orderItems: 2_000 });
  await writeFile(folder.join('notes.db'), 'Only some notes, and no database at all. '.repeat(100));
  const hung = net.createServer();
  const open = new Set<net.Socket>();
  hung.on('connection', (socket) => open.add(socket.on('error', () => undefined)));
  await new Promise<void>((resolve) => hung.listen(0, '127.0.0.1', resolve));
  opening.defer(() => {
    for (const socket of open) socket.destroy();
    hung.close();
  });
  const server = (port: number): string =>
    `postgres://ann:${databasePassword}@127.0.0.1:${port}/shop?connect_timeout=1`;
  const app = opening.use(
    await startApp({
      databases: {
        shop: `sqlite:${folder.join('shop.db')}`,
        copy: `sqlite:${folder.join('copy.db')}`,
        notes: `sqlite:${folder.join('notes.db')}`,
        gone: `sqlite:${folder.join('nowhere', 'gone.db')}`,
        down: server(await freePort()),
        hung: server((hung.address() as net.AddressInfo).port),
      },
      users: Object.values(people),
      flags: { unitBytes: '65536', logLevel: 'silent' },
    }),
  );
  await makeSets(app, folder);
  const parts = opening.move();
  return {
    app,
    folder,
    async snapshot() {
      const entries = await readdir(folder.path, { recursive: true, withFileTypes: true });
      const dumps = await readdir(app.dumps, { recursive: true });
      const files = entries
        .filter((entry) => entry.isFile())
        .map(({ parentPath, name }) => path.join(parentPath, name));
      const sizes = await Promise.all(files.map(async (file) => [file, (await stat(file)).size] as const));
      const jobs = await app.json<{ items: unknown[] }>({ method: 'GET', path: '/api/v1/jobs?limit=1000' });
      return { files: sizes.sort(), dumps: dumps.sort(), jobs: jobs.items.length };
    },
    [Symbol.asyncDispose]: () => parts.disposeAsync(),
  };
}

async function makeSets(app: TestApp, folder: TestFolder): Promise<void> {
  async function directory(name: string): Promise<void> {
    await app.json({ method: 'POST', path: '/api/v1/directories', body: { name, path: folder.join(name) } });
  }
  async function exportTo(name: string, file_pattern: string | null): Promise<string> {
    const body = { kind: 'export', database: 'shop', mode: 'full', directory: name, file_pattern };
    const { id } = await app.json<{ id: string }>({ method: 'POST', path: '/api/v1/jobs', body });
    const job = await app.settled(id);
    assert.equal(job.state, 'completed', JSON.stringify(job.error));
    return folder.join(name, job.name);
  }
  await directory('good');
  await exportTo('good', 'GOOD%U.DMP');
  for (const name of ['cut', 'flipped', 'headless']) {
    await cp(folder.join('good'), folder.join(name), { recursive: true });
    await directory(name);
  }
  const cut = folder.join('cut', 'GOOD02.DMP');
  await truncate(cut, (await stat(cut)).size - 10);
  await flipByte(folder.join('flipped', 'GOOD02.DMP'));
  await rm(folder.join('headless', 'GOOD01.DMP'));

  await directory('whole');
  const whole = await exportTo('whole', null);
  for (const name of ['newer', 'foreign', 'unfinished']) {
    await cp(whole, folder.join(name, 'set'), { recursive: true });
    await directory(name);
  }
  await rewriteManifest(folder.join('newer', 'set', 'manifest.json'), (text) =>
    text.replace(/"version": ?\d+/, '"version":99'),
  );
  await writeFile(folder.join('foreign', 'set', 'manifest.json'), '{"name": "a web page"}\n');
  await rm(folder.join('unfinished', 'set', 'manifest.json'));
  assert.notEqual(
    await readFile(folder.join('newer', 'set', 'manifest.json'), 'utf8'),
    await readFile(path.join(whole, 'manifest.json'), 'utf8'),
  );
}

/** What must not stand in any answer. */
export function assertDiscreet(text: string): void {
  assert.doesNotMatch(text, /\bat \S+ \(|node:internal|\.(ts|js):\d+/, 'a stack trace');
  for (const secret of secrets) assert.ok(!text.includes(secret), 'a secret');
}
