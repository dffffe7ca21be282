import assert from 'node:assert/strict';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { after, before, describe, it } from 'node:test';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { type Apache, startApache } from '../harness/apache.ts';
import { type CommandProcess, spawnCommand } from '../harness/command-line.ts';
import { filesHolding } from '../harness/files-holding.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/*
 * Secrets are planted, good ones and wrong ones that provoke errors, and used through every door against a real server. Then they are
 * looked for in every file of the data folder, whatever was printed, logged and answered, and in the command lines of all processes.
 */

const wrongSecret = 'Wr0ng+Skua/44=Secret';
const passphrase = 'Tystie?55 passphrase';
const password = 'pw of ann, a user';

/** A text as it could slip out: plain, in a URL, in JSON, in Base64, alone or behind a user name. */
function spellings(secret: string, user: string): readonly string[] {
  const base64 = (text: string): string => Buffer.from(text).toString('base64').replace(/=+$/, '');
  const all = [
    secret,
    encodeURIComponent(secret),
    encodeURI(secret),
    JSON.stringify(secret).slice(1, -1),
    base64(secret),
    // Base64 of what stands behind a user name begins within a group of three bytes.
    base64(`${user}:${secret}`),
    Buffer.from(secret).toString('hex'),
  ];
  return [...new Set(all)];
}

/** Command lines of all processes, looked at again and again until stopped: a process may live for a moment only. */
function watchCommandLines(hidden: readonly string[]): {
  readonly seen: readonly string[];
  /** Shows that command lines of commands were among those looked at. */
  readonly witnesses: readonly string[];
  stop(): void;
} {
  const seen: string[] = [];
  const witnesses: string[] = [];
  let isBusy = false;
  const look = async (): Promise<void> => {
    if (isBusy) return;
    isBusy = true;
    for (const pid of (await readdir('/proc')).filter((name) => /^\d+$/.test(name))) {
      const line = await readFile(`/proc/${pid}/cmdline`, 'latin1').catch(() => '');
      if (hidden.some((text) => line.includes(text))) seen.push(line);
      if (line.includes('--secret-file')) witnesses.push(line);
    }
    isBusy = false;
  };
  const timer = setInterval(() => void look(), 25);
  return { seen, witnesses, stop: () => clearInterval(timer) };
}

describe('secrets of credentials', () => {
  let folder: TestFolder;
  let apache: Apache;
  let service: CommandProcess;
  let origin = '';
  let watch: ReturnType<typeof watchCommandLines>;
  let hidden: readonly string[];
  /** All that came out: of commands, of the service, of its answers. */
  const told: string[] = [];

  before(async () => {
    folder = await makeFolder();
    apache = await startApache();
    createSampleDatabase(folder.join('shop.db'), { orderItems: 2000 });
    hidden = [
      ...spellings(apache.user.password, apache.user.name),
      ...spellings(wrongSecret, apache.user.name),
      ...spellings(passphrase, ''),
      ...spellings(password, 'ann'),
    ];
    watch = watchCommandLines(hidden);
    service = spawnCommand(['serve', '--data', folder.join('data'), '--port', '0', '--log-level', 'debug'], {
      env: { PUMPHOUSE_URL_ALLOW: '127.0.0.1' },
    });
    origin = await service.printed(/http:\/\/127\.0\.0\.1:\d+/);
  });
  after(async () => {
    watch.stop();
    await service[Symbol.asyncDispose]();
    await apache[Symbol.asyncDispose]();
    await folder[Symbol.asyncDispose]();
  });

  async function command(args: readonly string[], stdin = ''): Promise<number> {
    await using started = spawnCommand([...args, '--data', folder.join('data')]);
    started.child.stdin?.end(stdin);
    const { code, stdout, stderr } = await started.ended;
    told.push(stdout, stderr);
    return code;
  }

  async function asAnn<T>(method: string, path: string, body?: unknown): Promise<T> {
    const answer = await fetch(path.startsWith('http') ? path : origin + path, {
      method,
      headers: {
        authorization: `Basic ${Buffer.from(`ann:${password}`).toString('base64')}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    const text = await answer.text();
    told.push(text, JSON.stringify([...answer.headers]));
    return (text.startsWith('{') ? JSON.parse(text) : text) as T;
  }

  const place = (): string => `webdav://127.0.0.1:${apache.port}/dav`;

  it('are taken by file, standard input and request', async () => {
    await writeFile(folder.join('secret'), apache.user.password);
    const { name } = apache.user;
    const credential = (credentialName: string): string[] => [
      'credential',
      'add',
      credentialName,
      '--type',
      'http',
      '--id',
      name,
    ];
    const database = ['database', 'add', 'shop', `sqlite:${folder.join('shop.db')}`];
    assert.equal(await command(database), 0);
    assert.equal(await command([...credential('good'), '--secret-file', folder.join('secret')]), 0);
    assert.equal(await command([...credential('wrong'), '--secret-stdin'], wrongSecret), 0);
    const key = ['credential', 'add', 'key', '--type', 'encryption', '--secret-stdin'];
    assert.equal(await command(key, passphrase), 0);
    assert.equal(
      await command(['user', 'add', 'ann', '--role', 'SQL Developer', '--password-stdin'], `${password}\n`),
      0,
    );
    for (const [own, secret] of [
      ['own', apache.user.password],
      ['own-wrong', wrongSecret],
    ]) {
      const body = { name: own, type: 'http', id: name, secret };
      const added = await asAnn<{ owner: string }>('POST', '/api/v1/credentials', body);
      assert.equal(added.owner, 'ann');
    }
    // Refused for something else, with the secret in it.
    await asAnn('POST', '/api/v1/credentials', { name: 'x', type: wrongSecret, secret: wrongSecret });
    await asAnn('POST', '/api/v1/credentials', { name: 'x', type: 's3', options: { [wrongSecret]: 'x' } });
  });

  it('are used by commands', async () => {
    const at = (name: string): string[] => ['--credential', name];
    assert.equal(await command(['location', 'test', place(), ...at('good')]), 0);
    assert.equal(await command(['location', 'test', place(), ...at('wrong')]), 6);
    const exported = ['export', 'shop', '--to', place(), '--file', 'CLI%U.DMP'];
    assert.equal(await command([...exported, ...at('good'), '--encrypt', 'key']), 0);
    assert.notEqual(await command(['export', 'shop', '--to', place(), ...at('wrong')]), 0);
    assert.equal(await command(['dump', 'list', place(), ...at('good')]), 0);
    assert.notEqual(await command(['dump', 'list', place(), ...at('wrong')]), 0);
    assert.equal(await command(['dump', 'verify', place(), '--file', 'CLI%U.DMP', ...at('good')]), 0);
    assert.equal(await command(['directory', 'add', 'REMOTE', place(), ...at('good')]), 0);
    assert.notEqual(await command(['directory', 'add', 'BAD', place(), ...at('wrong')]), 0);
    assert.equal(await command(['export', 'shop', '--to', 'REMOTE']), 0);
    assert.equal(await command(['wallet', 'rotate']), 0);
    assert.equal(await command(['export', 'shop', '--to', 'REMOTE']), 0);
    assert.equal(await command(['credential', 'list', '--json']), 0);
    assert.equal(await command(['directory', 'list']), 0);
  });

  it('are used by the native API and by ORDS', async () => {
    const test = (credential: string) =>
      asAnn<{ ok: boolean }>('POST', '/api/v1/locations/test', { location: place(), credential });
    assert.equal((await test('own')).ok, true);
    assert.equal((await test('own-wrong')).ok, false);
    await asAnn('POST', '/api/v1/jobs', {
      kind: 'export',
      database: 'shop',
      location: place(),
      credential: 'own-wrong',
      file_pattern: 'BAD.DMP',
    });
    const start = (credential_name: string, file: string) =>
      asAnn<{ links?: { rel: string; href: string }[]; state?: string }>(
        'POST',
        '/ords/shop/ann/_/db-api/stable/database/datapump/export',
        { job_mode: 'FULL', credential_name, file_name: `${place()}/${file}` },
      );
    await start('own-wrong', 'WRONG%U.DMP');
    const { links = [] } = await start('own', 'ORDS%U.DMP');
    const self = links.find(({ rel }) => rel === 'self')?.href ?? '';
    for (;;) {
      const { state } = await asAnn<{ state: string }>('GET', self);
      if (state === 'COMPLETED' || state === 'STOPPED') {
        assert.equal(state, 'COMPLETED');
        break;
      }
    }
    for (const { rel, href } of links) if (rel === 'related') await asAnn('GET', href);
    await asAnn('GET', '/api/v1/jobs');
    await asAnn('GET', '/api/v1/credentials');
    assert.ok((await readdir(apache.root)).includes('ORDS01.DMP'));
  });

  it('are nowhere to be seen afterwards', async () => {
    // What the service had in memory only is in its files and its log by the time that it has ended.
    service.child.kill('SIGTERM');
    const { stdout, stderr } = await service.ended;
    told.push(stdout, stderr);
    watch.stop();
    const output = told.join('\n');
    assert.match(output, /storage-denied/, 'the wrong secret led to errors');
    assert.match(stderr + stdout, /put|stat/, 'the log tells of calls to the storage');
    for (const text of hidden) {
      assert.ok(!output.includes(text), `printed, logged or answered: ${text}`);
      assert.deepEqual(await filesHolding(folder.join('data'), text), [], text);
      assert.deepEqual(await filesHolding(apache.root, text), [], text);
    }
    assert.notEqual(watch.witnesses.length, 0);
    assert.deepEqual(watch.seen, []);
  });
});
