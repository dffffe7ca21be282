import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { createSampleDatabase } from '../../src/cli/demo/sample-database.ts';
import { startApp, type TestApp } from '../harness/app.ts';
import { type CommandResult, runCommand } from '../harness/command-line.ts';
import { flipByte } from '../harness/damage.ts';
import { startWebhookReceiver, type WebhookReceiver } from '../harness/webhook-receiver.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/* The life of backups as people have it: the commands, beside a service that tells a webhook what happens. */

const secret = 'Lantern7-harbour';

describe('backups on the command line', () => {
  let folder: TestFolder;
  let receiver: WebhookReceiver;
  let app: TestApp;
  let serves = false;

  before(async () => {
    folder = await makeFolder();
    receiver = await startWebhookReceiver();
    createSampleDatabase(folder.join('shop.db'), { orderItems: 500 });
    app = await startApp({
      data: folder.join('data'),
      databases: {
        shop: `sqlite:${folder.join('shop.db')}`,
        copy: `sqlite:${folder.join('copy.db')}`,
      },
      flags: { webhookUrl: receiver.url, webhookSecret: secret, urlAllow: '127.0.0.1' },
    });
    serves = true;
  });
  const stopService = async (): Promise<void> => {
    if (serves) await app[Symbol.asyncDispose]();
    serves = false;
  };
  after(async () => {
    await stopService();
    await receiver?.[Symbol.asyncDispose]();
    await folder?.[Symbol.asyncDispose]();
  });

  const run = (...args: readonly string[]): Promise<CommandResult> =>
    runCommand([...args, '--data', app.data]);
  async function ok(...args: readonly string[]): Promise<string> {
    const { code, stdout, stderr } = await run(...args);
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' }, `${args.join(' ')}: ${stdout}`);
    return stdout;
  }
  const json = async <T>(...args: readonly string[]): Promise<T> =>
    JSON.parse(await ok(...args, '--json')) as T;
  async function refused(args: readonly string[], code: number, says: RegExp): Promise<void> {
    const result = await run(...args);
    assert.equal(result.code, code, `${args.join(' ')}: ${result.stdout}${result.stderr}`);
    assert.match(result.stdout + result.stderr, says);
  }

  it('a policy is set, shown and listed, with its schedule', async () => {
    await refused(['backup', 'start', 'shop'], 5, /has no backup policy[\s\S]*policy set shop --to/);
    const keep = ['--keep-last', '2', '--keep-days', '1'];
    // On the next leap day: nothing starts while this test runs.
    const every = ['--every', '30 2 29 2 *', '--time-zone', 'Europe/Zurich', '--missed', 'skip'];
    const set = await ok('backup', 'policy', 'set', 'shop', '--to', 'DATA_PUMP_DIR', ...keep, ...every);
    assert.match(set, /^shop is backed up to DATA_PUMP_DIR, 30 2 29 2 \* \(Europe\/Zurich; missed: skip/);
    assert.match(await ok('backup', 'policy', 'show', 'shop'), /^keeps: keep-last 2, keep-days 1$/m);
    assert.match(await ok('backup', 'policy', 'list'), /^shop +DATA_PUMP_DIR +30 2 .* digest$/m);
    assert.match(await ok('schedule', 'list'), /^backup +shop +30 2 .* local$/m);
    await refused(
      ['backup', 'policy', 'set', 'shop', '--to', 'DATA_PUMP_DIR', '--missed', 'all'],
      2,
      /--missed is about a schedule/,
    );
    await refused(
      ['backup', 'policy', 'set', 'shop', '--to', 'DATA_PUMP_DIR', '--every', '61 * * * *'],
      2,
      /cannot be read: Invalid value for minute/,
    );
  });

  it('a backup is made, proved, shown, and restored into another database', async () => {
    const made = await ok('backup', 'start', 'shop', '--keep-forever');
    assert.match(made, /BACKUP_\d+ completed: backup 1 \(TAG\d{8}T\d{6}\), [\d,]+ rows, [\d.]+ KB/);
    assert.match(await ok('backup', 'list', 'shop'), /^ *1 +shop +TAG\S+ +completed +digest +for ever/m);
    assert.match(await ok('backup', 'show', '1'), /^proved by digest at .*: All \d+ files match/m);
    const proved = await ok('backup', 'verify', '1', '--method', 'restore');
    assert.match(proved, /completed: backup 1\nRestored: \d+ tables? with \d+ rows, as many as were saved\./);
    assert.match(await ok('backup', 'restore', 'copy', '--from', 'shop'), /completed: backup 1 \(TAG/);
    assert.ok(compareDatabases(folder.join('shop.db'), folder.join('copy.db')).equal);
    assert.equal((await json<readonly unknown[]>('jobs', 'list')).length, 3);
    assert.ok((await json<readonly unknown[]>('jobs', 'list', '--all')).length > 3);
  });

  it('a restore in place keeps what was there, where that is asked for', async () => {
    const restored = await ok('backup', 'restore', 'copy', '--id', '1', '--in-place', '--keep-old');
    const [, old = ''] = /^What was there before is kept as sqlite:(.*)\.$/m.exec(restored) ?? [];
    assert.equal(path.dirname(old), path.dirname(folder.join('copy.db')), restored);
    assert.ok(compareDatabases(folder.join('shop.db'), folder.join('copy.db')).equal);
    assert.ok(compareDatabases(folder.join('shop.db'), old).equal);
  });

  it('a damaged backup is found, told of, not restored, and not the one that is kept', async () => {
    await ok('backup', 'start', 'shop');
    const [set = ''] = (await readdir(app.dumps)).sort().reverse();
    const data = path.join(app.dumps, set, 'data');
    const [name = ''] = await readdir(data);
    await flipByte(path.join(data, name));

    await refused(['backup', 'verify', '2'], 9, /Backup 2 of shop .* is damaged: 1 of \d+ files/);
    assert.match(await ok('backup', 'list'), /^ *2 +shop +TAG\S+ +completed +damaged/m);
    await refused(['backup', 'restore', 'copy', '--id', '2', '--in-place'], 5, /backup 2 of shop is damaged/);
    const chosen = await ok('backup', 'restore', 'copy', '--from', 'shop', '--in-place');
    assert.match(chosen, /completed: backup 1 /);
  });

  it('backups are kept, pruned and deleted', async () => {
    await ok('backup', 'keep', '1', '--off');
    await ok('backup', 'policy', 'set', 'shop', '--to', 'DATA_PUMP_DIR', '--keep-last', '1');
    await ok('backup', 'start', 'shop');
    const left = async () => (await json<readonly { id: number }[]>('backup', 'list')).map(({ id }) => id);
    // Each new backup has the policy applied: the damaged one and the old one went.
    assert.deepEqual(await left(), [3]);
    assert.match(await ok('backup', 'list', '--all'), /^ *2 +shop +TAG\S+ +deleted +damaged/m);
    assert.match(
      await ok('backup', 'prune', 'shop', '--dry-run'),
      /^keep +3 .*\nDry run, nothing was removed\. 1 would stay, 0/m,
    );
    assert.match(await ok('backup', 'prune', 'shop'), /nothing to remove/);
    await refused(
      ['backup', 'delete', '3', '--yes'],
      5,
      /Nothing that shop could be restored from would be left/,
    );
    await refused(['backup', 'delete', '3'], 2, /There is no terminal[\s\S]*--yes/);
    assert.match(await ok('backup', 'delete', '3', '--yes', '--force'), /completed[\s\S]*Removed: 3\./);
    assert.deepEqual(await readdir(app.dumps), []);
    await ok('backup', 'policy', 'remove', 'shop');
    assert.match(await ok('schedule', 'list'), /Nothing starts by itself/);
  });

  it('events are followed until Ctrl-C', async () => {
    const { code, stdout } = await runCommand(['events', '--follow', '--data', app.data], {
      interrupt: true,
    });
    assert.equal(code, 0);
    assert.match(stdout, /^\S+ backup\.completed +Backup 1 of shop/);
  });

  it('what happened is told to whoever asks, and to the webhook, signed', async () => {
    const lines = (await ok('events', '--json')).trimEnd().split('\n');
    const events = lines.map((line) => JSON.parse(line) as { seq: number; type: string });
    assert.deepEqual(
      events.map(({ type }) => type),
      [
        ...[
          'backup.completed',
          'backup.verified',
          'backup.verified',
          'restore.completed',
          'restore.completed',
        ],
        ...['backup.completed', 'backup.verified', 'backup.damaged', 'restore.completed'],
        ...['backup.completed', 'backup.verified', 'backup.deleted', 'backup.deleted', 'backup.deleted'],
      ],
    );
    assert.match(
      await ok('events', '--after', '13'),
      /^\S+ backup\.deleted +Backup 3 of shop .*asked for by local/,
    );
    const calls = await receiver.received(events.length);
    assert.deepEqual(
      calls.map(({ body }) => (JSON.parse(body) as { seq: number }).seq),
      events.map(({ seq }) => seq),
    );
    for (const { headers, body } of calls) {
      const signed = `${headers['webhook-id']}.${headers['webhook-timestamp']}.${body}`;
      const mac = createHmac('sha256', secret).update(signed).digest('base64');
      assert.equal(headers['webhook-signature'], `v1,${mac}`);
    }
  });

  it('without a service the command itself does all of it', async () => {
    await stopService();
    await refused(['events', '--follow'], 2, /There is no service/);
    await refused(['backup', 'start', 'shop', '--detach'], 2, /no service/);
    await ok('backup', 'policy', 'set', 'shop', '--to', folder.join('aside'), '--verify', 'restore');
    assert.match(await ok('backup', 'start', 'shop'), /completed: backup 4 \(TAG/);
    assert.match(await ok('backup', 'list'), /^ *4 +shop +TAG\S+ +completed +restore/m);
  });
});
