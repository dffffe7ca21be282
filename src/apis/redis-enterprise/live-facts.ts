import type { Clock } from '../../base/clock.ts';
import type { CallContext, DatabaseView, Service } from '../../service/service.ts';

/** What only the database itself can tell. */
export interface LiveFacts {
  /** `8.0.0`; '' where the database was never reached. */
  readonly version: string;
  /** Estimated bytes of its data. */
  readonly bytes: number;
}

/** Remembers what databases told, so that polling costs them nothing. */
export interface LiveFactsBook {
  /**
   * The facts as they were a minute ago at most, where the database answers before `deadline` ends; else as they were last. A database that
   * a job works on (`isBusy`) is left in peace.
   */
  of(
    context: CallContext,
    database: DatabaseView,
    isBusy: boolean,
    deadline: AbortSignal,
  ): Promise<LiveFacts>;
}

const unknown: LiveFacts = { version: '', bytes: 0 };
/** How long an answer, or a silence, is good for. */
const freshMs = 60_000;
/** Most databases remembered; the one asked longest ago makes room. */
const mostKept = 10_000;

export function createLiveFacts(service: Service, clock: Clock): LiveFactsBook {
  const kept = new Map<number, { readonly facts: LiveFacts; readonly until: number }>();

  function keep(uid: number, facts: LiveFacts): LiveFacts {
    kept.delete(uid);
    kept.set(uid, { facts, until: clock.now() + freshMs });
    const oldest = kept.keys().next();
    if (kept.size > mostKept && oldest.done !== true) kept.delete(oldest.value);
    return facts;
  }

  async function look(context: CallContext, { name }: DatabaseView): Promise<LiveFacts> {
    const { serverVersion } = await service.testDatabase(context, name, { purpose: 'export' });
    const { tables } = await service.inspectDatabase(context, name);
    return {
      version: /\d+(?:\.\d+)*/.exec(serverVersion)?.[0] ?? serverVersion,
      bytes: Math.round(tables.reduce((total, { estimate }) => total + estimate.bytes, 0)),
    };
  }

  return {
    async of(context, database, isBusy, deadline) {
      const known = kept.get(database.uid);
      if (known !== undefined && clock.now() < known.until) return known.facts;
      const last = known?.facts ?? unknown;
      if (isBusy || deadline.aborted) return last;
      const signal = AbortSignal.any([context.signal, deadline]);
      try {
        return keep(database.uid, await look({ ...context, signal }, database));
      } catch {
        // How the database is, is another question than what it is: its exports say that.
        context.signal.throwIfAborted();
        return keep(database.uid, last);
      }
    },
  };
}
