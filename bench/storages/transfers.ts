import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { inTurns } from '../in-turns.ts';
import type { Cost } from '../measure.ts';
import { type BenchResult, compare, memoryResult } from '../report.ts';
import { runCommand } from '../run-command.ts';
import type { StorageArena } from './storages.ts';

/** Uploads and downloads at once: of ours, and of the peers that can. */
const parallel = 8;
/** One object beyond what a single request may hold. */
const largeMb = 5500;

interface Place {
  readonly url: string;
  readonly credential: StorageArena['s3']['credential'] | null;
}

/** Files to a folder and to S3 and back, against `cp` with a sync and against rclone. */
export async function benchTransfers(arena: StorageArena): Promise<readonly BenchResult[]> {
  const { files, settings, s3 } = arena;
  const rounds = { rounds: settings.rounds, warmUp: true };
  const copied = async (from: string, to: string): Promise<Cost> =>
    // Ours comes back when the bytes are on the disk; so must theirs.
    runCommand('sh', ['-c', 'cp -r "$1" "$2" && sync "$2"/* "$2"', 'peer', from, to]);
  const ours = await arena.fresh('ours');
  const theirs = await arena.fresh('theirs');
  const folder: Place = { url: pathToFileURL(ours).href, credential: null };
  const bucket: Place = { url: s3.locationOf('ours'), credential: s3.credential };
  const local = await inTurns('local', rounds, {
    up: async () => {
      await arena.fresh('ours');
      return transfer('up', files, folder);
    },
    upPeer: async () => copied(files, await arena.fresh('theirs')),
    down: async () => transfer('down', await madeFresh(arena, 'back'), folder),
    downPeer: async () => copied(theirs, await arena.fresh('back')),
  });
  const rclone = (...args: readonly string[]): Promise<Cost> =>
    runCommand('rclone', ['copy', '--transfers', String(parallel), ...args], rcloneSettings(s3));
  const remote = `bench:${s3.bucket}/theirs`;
  const object = await inTurns('S3', rounds, {
    up: () => transfer('up', files, bucket),
    upPeer: () => rclone('--ignore-times', '--s3-no-check-bucket', files, remote),
    down: async () => transfer('down', await madeFresh(arena, 'back'), bucket),
    downPeer: async () => rclone(remote, await arena.fresh('back')),
  });
  const memory = [...local.up, ...local.down, ...object.up, ...object.down].map(({ rss_mb }) => rss_mb);
  return [
    compare('upload, local', 'cp and sync', 0.9, local.up, local.upPeer),
    compare('download, local', 'cp and sync', null, local.down, local.downPeer),
    compare('upload, S3', `rclone --transfers ${parallel}`, 0.9, object.up, object.upPeer),
    compare('download, S3', `rclone --transfers ${parallel}`, 0.9, object.down, object.downPeer),
    memoryResult(`${parallel} transfers at once`, Math.max(...memory), 300),
  ];
}

/** An upload whose size nobody knows, of more than 5 GB: parts must grow, and memory must not. */
export async function benchLargeObject(arena: StorageArena): Promise<readonly BenchResult[]> {
  const { s3 } = arena;
  const folder = await madeFresh(arena, 'large');
  await runCommand('truncate', ['-s', `${largeMb}M`, path.join(folder, 'large.bin')]);
  const place: Place = { url: s3.locationOf('large'), credential: s3.credential };
  const up = await transfer('up', folder, place, 1);
  const again = await madeFresh(arena, 'large-back');
  const down = await transfer('down', again, place, 1);
  await runCommand('cmp', [path.join(folder, 'large.bin'), path.join(again, 'large.bin')]);
  return [
    memoryResult(`upload of one object of ${largeMb} MB`, up.rss_mb, 300),
    memoryResult(`download of one object of ${largeMb} MB`, down.rss_mb, 300),
  ];
}

async function madeFresh(arena: StorageArena, name: string): Promise<string> {
  const folder = await arena.fresh(name);
  await mkdir(folder);
  return folder;
}

/** By a process of its own; see transfer.ts. */
function transfer(direction: 'up' | 'down', folder: string, place: Place, lanes = parallel): Promise<Cost> {
  const script = path.resolve(import.meta.dirname, 'transfer.ts');
  // What of the launcher's options counts here: how V8 collects what lies outside of its heap.
  const memory = ['--max-semi-space-size=4', '--heap-growing-percent=100', '--initial-old-space-size=128'];
  const args = [...memory, '--disable-warning=ExperimentalWarning', script, direction, folder, String(lanes)];
  return runCommand(process.execPath, args, { TRANSFER_PLACE: JSON.stringify(place) });
}

/** A remote `bench` for rclone, from the environment. */
const rcloneSettings = ({ endpoint, credential }: StorageArena['s3']): Readonly<Record<string, string>> => ({
  RCLONE_CONFIG: '/dev/null',
  // Of the machine's own settings none may count.
  AWS_CA_BUNDLE: '',
  RCLONE_CONFIG_BENCH_TYPE: 's3',
  RCLONE_CONFIG_BENCH_PROVIDER: 'Ceph',
  RCLONE_CONFIG_BENCH_ENDPOINT: endpoint,
  RCLONE_CONFIG_BENCH_ACCESS_KEY_ID: credential.id,
  RCLONE_CONFIG_BENCH_SECRET_ACCESS_KEY: credential.secret,
});
