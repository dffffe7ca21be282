import { setTimeout as sleep } from 'node:timers/promises';
import type { Random } from '../../harness/random.ts';
import type { Side, Stage } from './stage.ts';

/** Longest time that something stays frozen, or a server stays down, in milliseconds. */
const longestPauseMs = 2_000;
/** When the ends of a connection that fell silent find out by themselves; longer than the service's own patience of 30 s. */
export const keepAliveMs = 60_000;
/** Of a query to a server that was hit. */
const mostAttempts = 400;

/** What can happen to the parts of a stage; `sides` are the servers that the job works on. Each resolves when what was hit runs again, if it ever does by itself. */
export const blows = {
  'kill service': async (stage: Stage) => {
    await stage.service.kill();
    await stage.restartService();
  },
  'freeze service': async (stage: Stage, random: Random) => {
    await frozen(stage.service.pid, random);
  },
  'kill worker thread': async (stage: Stage) => {
    process.kill(stage.service.pid, 'SIGUSR2');
  },
  'stop server': async (_stage: Stage, random: Random, sides: readonly Side[]) => {
    const { server } = oneOf(sides, random);
    await server.stop(random.next() < 0.5 ? 'immediate' : 'fast');
    await sleep(random.between(0, longestPauseMs));
    await server.restart();
  },
  'crash backend': async (_stage: Stage, random: Random, sides: readonly Side[]) => {
    const side = oneOf(sides, random);
    const pid = await someBackend(side, random);
    // The server restarts all of itself, as after any crash of a process of its own.
    if (pid !== null) process.kill(pid, 'SIGKILL');
    await patiently(side, 'SELECT 1');
  },
  'terminate connection': async (_stage: Stage, random: Random, sides: readonly Side[]) => {
    const side = oneOf(sides, random);
    const pid = await someBackend(side, random);
    if (pid !== null) await patiently(side, `SELECT pg_terminate_backend(${pid})`);
  },
  'freeze backend': async (_stage: Stage, random: Random, sides: readonly Side[]) => {
    const pid = await someBackend(oneOf(sides, random), random);
    if (pid !== null) await frozen(pid, random);
  },
  'reset network': async (_stage: Stage, random: Random, sides: readonly Side[]) => {
    oneOf(sides, random).proxy.reset();
  },
  'silence connections': async (_stage: Stage, random: Random, sides: readonly Side[]) => {
    // Packets get lost, and nobody is told: it takes the time-out of the silence to notice, or the keep-alive where the service was killed.
    oneOf(sides, random).proxy.silenceExisting(keepAliveMs);
  },
} as const satisfies Record<string, (stage: Stage, random: Random, sides: readonly Side[]) => Promise<void>>;

export type Blow = keyof typeof blows;

/** How often each is chosen; a silence takes half a minute to be noticed, so it is rare. */
const weights: Readonly<Record<Blow, number>> = {
  'kill service': 6,
  'freeze service': 2,
  'kill worker thread': 2,
  'stop server': 3,
  'crash backend': 3,
  'terminate connection': 4,
  'freeze backend': 2,
  'reset network': 3,
  'silence connections': 1,
};

export function chooseBlow(random: Random): Blow {
  const names = Object.keys(weights) as Blow[];
  let left = random.next() * names.reduce((sum, name) => sum + weights[name], 0);
  for (const name of names) {
    left -= weights[name];
    if (left < 0) return name;
  }
  return 'kill service';
}

const oneOf = (sides: readonly Side[], random: Random): Side =>
  sides[random.between(0, sides.length - 1)] as Side;

/** The process of a connection of the service; null when it has none there now. */
async function someBackend(side: Side, random: Random): Promise<number | null> {
  const rows = await patiently(
    side,
    "SELECT pid FROM pg_stat_activity WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND datname <> 'postgres' ORDER BY backend_start",
  );
  if (rows.length === 0) return null;
  return Number(rows[random.between(0, rows.length - 1)]?.pid);
}

async function frozen(pid: number, random: Random): Promise<void> {
  try {
    process.kill(pid, 'SIGSTOP');
    await sleep(random.between(200, longestPauseMs));
    process.kill(pid, 'SIGCONT');
  } catch {
    // It ended between the choice and the blow.
  }
}

/** Runs a query as soon as the server takes one: it may still recover from the last blow. */
async function patiently({ server }: Side, sql: string): Promise<Record<string, unknown>[]> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      return await server.query('postgres', sql);
    } catch (error) {
      if (attempt === mostAttempts) throw error;
      await sleep(50);
    }
  }
}
