import assert from 'node:assert/strict';
import { readdir } from 'node:fs/promises';
import net from 'node:net';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { compareDatabases } from '../../src/cli/demo/compare-databases.ts';
import { spawnCommand } from '../harness/command-line.ts';
import { makeFolder, type TestFolder } from '../harness/with-folder.ts';

/** A line of the demo that calls curl, as fetch takes it. */
interface Call {
  readonly url: string;
  readonly init: RequestInit & { readonly headers: Readonly<Record<string, string>> };
}

function callsIn(output: string): readonly Call[] {
  const pattern = /^ {2}curl -u (\S+) (?:-H 'Content-Type: (\S+)' )?'?(http[^\s']+)'?(?: -d '([^']+)')?/gm;
  return [...output.matchAll(pattern)].map(([, user = '', type, url = '', body]) => ({
    url,
    init: {
      headers: {
        authorization: `Basic ${Buffer.from(user).toString('base64')}`,
        ...(type === undefined ? {} : { 'content-type': type }),
      },
      ...(body === undefined ? {} : { method: 'POST', body }),
    },
  }));
}

interface DataPumpJob {
  readonly state: string;
  readonly failure_message: string | null;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

async function atRest(start: Call): Promise<DataPumpJob> {
  let answer = await fetch(start.url, start.init);
  assert.equal(answer.status, 201);
  for (;;) {
    const job = (await answer.json()) as DataPumpJob;
    if (!['EXECUTING', 'COMPLETING', 'STOPPING'].includes(job.state)) return job;
    await sleep(50);
    const self = job.links.find(({ rel }) => rel === 'self')?.href as string;
    answer = await fetch(self, { headers: start.init.headers });
  }
}

describe('the demo', () => {
  let folder: TestFolder;
  /** Stands in the way of the usual port, so that the demo has to take another. */
  let other: net.Server;
  let env: Readonly<Record<string, string>>;
  before(async () => {
    folder = await makeFolder();
    other = net.createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    env = { TMPDIR: folder.path, PUMPHOUSE_PORT: String((other.address() as net.AddressInfo).port) };
  });
  after(async () => {
    other.close();
    await folder[Symbol.asyncDispose]();
  });

  async function assertDone(output: string): Promise<void> {
    assert.match(output, /^ +6 tables, \d{3},\d{3} rows, [\d.]+ MB$/m);
    assert.match(output, /^ +export 100% completed \| /m);
    assert.match(output, /^ +import 100% completed \| /m);
    const items = /^order_items +([\d,]+) +([\d,]+) +0$/m.exec(output);
    assert.ok(Number(items?.[1]?.replaceAll(',', '')) >= 500_000);
    assert.equal(items?.[1], items?.[2]);
    assert.match(output, /^ +equal, row by row and object by object$/m);
    const [, dumps = '', files = ''] = /^The dump is in (.*): (.*)$/m.exec(output) ?? [];
    const written = (await readdir(dumps)).filter((name) => name.startsWith('SHOP'));
    assert.deepEqual(written.sort(), files.split(', '));
    assert.match(files, /^SHOP01\.DMP, SHOP02\.DMP/);
    const place = path.dirname(path.dirname(dumps));
    assert.equal(path.dirname(place), folder.path);
    assert.ok(compareDatabases(path.join(place, 'shop.db'), path.join(place, 'shop-copy.db')).equal);
    assert.equal(callsIn(output).length, 4);
  }

  it('exports and imports over HTTP, compares, and ends with 0', async () => {
    await using demo = spawnCommand(['demo'], { launcher: true, env });
    const { code, stdout, stderr } = await demo.ended;
    assert.deepEqual({ code, stderr }, { code: 0, stderr: '' });
    await assertDone(stdout);
  });

  it('with --keep stays for the calls that it prints, and ends with 0 at Ctrl-C', async () => {
    await using demo = spawnCommand(['demo', '--keep'], { launcher: true, env });
    await demo.printed(/^The service keeps running at http:\S+ user demo, password \S+ Ctrl-C ends it\.$/m);
    const calls = callsIn(demo.output());
    const [exporting, jobs, job, importing] = calls as [Call, Call, Call, Call];

    assert.equal((await atRest(exporting)).state, 'COMPLETED');
    const list = (await (await fetch(jobs.url, jobs.init)).json()) as {
      readonly items: readonly DataPumpJob[];
    };
    assert.deepEqual(
      list.items.map(({ state }) => state),
      ['COMPLETED', 'COMPLETED'],
    );
    assert.equal(((await (await fetch(job.url, job.init)).json()) as DataPumpJob).state, 'COMPLETED');
    const refused = await atRest(importing);
    assert.equal(refused.state, 'STOPPED');
    assert.match(refused.failure_message ?? '', /The table main\.\w+ exists already/);

    demo.child.kill('SIGINT');
    const { code, stdout } = await demo.ended;
    assert.equal(code, 0);
    await assertDone(stdout);
  });
});
