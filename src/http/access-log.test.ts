import assert from 'node:assert/strict';
import { mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import test, { after, before } from 'node:test';
import { type AccessEntry, openAccessLog } from './access-log.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'pumphouse-access-'));
});
after(() => rm(folder, { recursive: true }));

const told: unknown[] = [];
const quiet = () => undefined;
const log = { debug: quiet, info: quiet, warn: quiet, error: (...said: unknown[]) => void told.push(said) };

const entry: AccessEntry = {
  client: '10.0.0.7',
  user: 'harbor',
  method: 'GET',
  url: '/ords/wharf/_/db-api/stable/database/datapump/jobs/?token=Lantern7',
  httpVersion: '1.1',
  status: 200,
  bytes: 512,
  referer: 'https://pump.example.net/page?key=Lantern7#x',
  agent: 'curl/8.5.0',
  ms: 12.4,
  host: 'pump.example.net',
};

test('a line for each request, a file for each day, and none that is too old', async () => {
  let now = Date.parse('2026-11-20T23:59:58Z');
  const at = path.join(folder, 'days');
  const options = { folder: at, name: 'ords', keepDays: 2, log, now: () => now };
  {
    await using access = openAccessLog(options);
    access.write(entry);
    now += 5_000;
    access.write({ ...entry, user: null, bytes: null, referer: undefined, agent: 'a "b"\n\\c', status: 404 });
    access.write({ ...entry, host: undefined });
  }
  assert.deepEqual((await readdir(at)).sort(), ['ords_2026_11_20.log', 'ords_2026_11_21.log']);
  assert.equal(
    await readFile(path.join(at, 'ords_2026_11_20.log'), 'utf8'),
    '10.0.0.7 - harbor [20/Nov/2026:23:59:58 +0000] "GET /ords/wharf/_/db-api/stable/database/datapump/jobs/ HTTP/1.1" 200 512 "https://pump.example.net/page" "curl/8.5.0" 12 pump.example.net\n',
  );
  const [first, second] = (await readFile(path.join(at, 'ords_2026_11_21.log'), 'utf8')).split('\n');
  assert.match(
    first ?? '',
    / - - \[21\/Nov\/2026:00:00:03 \+0000\] .* 404 - "-" "a \\x22b\\x22\\x0a\\x5cc" 12 /,
  );
  assert.match(second ?? '', / 12 -$/);
  assert.equal((await stat(path.join(at, 'ords_2026_11_21.log'))).mode & 0o777, 0o600);

  await writeFile(path.join(at, 'ords_notes.log'), '');
  now = Date.parse('2026-11-23T10:00:00Z');
  {
    await using access = openAccessLog(options);
    access.write(entry);
  }
  assert.deepEqual((await readdir(at)).sort(), [
    'ords_2026_11_21.log',
    'ords_2026_11_23.log',
    'ords_notes.log',
  ]);
});

test('a folder that cannot be made is told of once, and stops nothing', async () => {
  await writeFile(path.join(folder, 'file'), '');
  {
    await using access = openAccessLog({ folder: path.join(folder, 'file'), name: 'x', keepDays: 1, log });
    access.write(entry);
    access.write(entry);
  }
  assert.equal(told.length, 1);
});
