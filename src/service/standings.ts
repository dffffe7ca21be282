import { type Gate, gate } from '../base/gate.ts';
import { AppError, toAppError } from '../core/errors.ts';
import { isAllowed } from '../core/permission.ts';
import type { DatabaseRecord } from '../registry/registry.ts';
import { authorise } from './authorise.ts';
import type { ServiceDependencies } from './dependencies.ts';
import type { CallContext, Service, Standing } from './service.ts';

/** A server that does not answer within this time counts as away; nobody waits longer for a check. */
const checkLimitMs = 5_000;
/** A request to a database that was away looks again itself when the last look is older than this. */
const freshMs = 2_000;
/** Checks at once: each is a connection. */
const mostChecks = 32;

/** Standings, and their end. */
export interface Standings extends Pick<Service, 'listStandings' | 'refuseAway'> {
  /** Looks no more at those that are away. */
  stop(): void;
}

interface Known {
  readonly problem: string | null;
  readonly checkedAt: number;
  /** Of the target that was tried: a database of the same name elsewhere is another one. */
  readonly sealedTarget: string;
}

/**
 * Which databases and directories can be reached. A finding is a hint of the moment that it was made at: jobs start whatever it says, and an API that
 * refuses requests to a database that is away looks again before it does.
 */
export function createStandings(parts: ServiceDependencies): Standings {
  const { registry, environment, clock, log, options } = parts;
  const known = new Map<string, Known>();
  const running = new Map<string, Promise<Known>>();
  const timers = new Map<string, NodeJS.Timeout>();
  const checks: Gate = gate(mostChecks);
  const stopped = new AbortController();

  /** Null: it answers. The sentence else. */
  async function problemOf(work: (signal: AbortSignal) => Promise<unknown>): Promise<string | null> {
    const leave = await checks.enter(stopped.signal);
    const late = AbortSignal.timeout(checkLimitMs);
    try {
      await work(AbortSignal.any([late, stopped.signal]));
      return null;
    } catch (error) {
      return late.aborted ? `It does not answer within ${checkLimitMs / 1000} s.` : toAppError(error).message;
    } finally {
      leave();
    }
  }

  const open = async (name: string, signal: AbortSignal): Promise<void> => {
    const { engine, target } = await environment.database(name);
    try {
      await using _session = await engine.openSource(target, { signal, log });
    } catch (error) {
      // The file of an embedded database is made by its first import.
      if (engine.capabilities.localFiles && toAppError(error).code === 'database-missing') return;
      throw error;
    }
  };

  async function look({ name, sealedTarget }: DatabaseRecord): Promise<Known> {
    const problem = await problemOf((signal) => open(name, signal));
    const before = known.get(name);
    const found = { problem, checkedAt: clock.now(), sealedTarget };
    known.set(name, found);
    clearTimeout(timers.get(name));
    timers.delete(name);
    if (problem === null) {
      if (before !== undefined && before.problem !== null) log.info('a database is back', { database: name });
    } else if (!stopped.signal.aborted) {
      if (before?.problem !== problem) log.warn('a database is away', { database: name, problem });
      timers.set(name, setTimeout(() => void lookAgain(name), options.databaseRetryMs(name)).unref());
    }
    return found;
  }

  /** One check at a time of each; whoever asks meanwhile gets its finding. */
  function check(record: DatabaseRecord): Promise<Known> {
    const key = `${record.name} ${record.sealedTarget}`;
    let result = running.get(key);
    if (result === undefined) {
      result = look(record).finally(() => running.delete(key));
      running.set(key, result);
    }
    return result;
  }

  async function lookAgain(name: string): Promise<void> {
    try {
      const record = await registry.getDatabase(name);
      if (record === null) known.delete(name);
      else await check(record);
    } catch (error) {
      if (!stopped.signal.aborted) log.error('a database could not be looked at', { database: name, error });
    }
  }

  const standingOf = async (record: DatabaseRecord): Promise<Standing> => {
    const { problem, checkedAt } = await check(record);
    const { name, engine, description } = record;
    return { kind: 'database', name, engine, description, problem, checkedAt };
  };

  return {
    async listStandings(context: CallContext) {
      authorise(context, 'database:manage');
      const [databases, directories] = await Promise.all([
        registry.listDatabases(),
        registry.listDirectories(),
      ]);
      return await Promise.all([
        ...databases.map(standingOf),
        ...directories.map(async ({ name, url }): Promise<Standing> => {
          const problem = await problemOf(async (signal) => {
            const storage = await environment.storage({ type: 'directory', directory: name });
            await storage.stat('pumphouse-standing', { signal, log });
          });
          return { kind: 'directory', name, engine: null, description: url, problem, checkedAt: clock.now() };
        }),
      ]);
    },

    async refuseAway({ caller }, name) {
      if (!isAllowed(caller, 'database:read', { database: name })) return;
      const last = known.get(name);
      if (last === undefined || last.problem === null) return;
      const record = await registry.getDatabase(name);
      if (record === null) return;
      const isFresh = last.sealedTarget === record.sealedTarget && clock.now() - last.checkedAt < freshMs;
      const { problem } = isFresh ? last : await check(record);
      if (problem === null) return;
      throw new AppError('database-away', {
        field: 'database',
        message: `The database ${name} cannot be used now: ${problem}`,
      });
    },

    stop() {
      stopped.abort();
      for (const timer of timers.values()) clearTimeout(timer);
    },
  };
}
