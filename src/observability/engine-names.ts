import type { Clock } from '../base/clock.ts';
import type { EngineOf } from './task-metrics.ts';

/** A database of the same name may have another engine one day. */
const believedMs = 60_000;
const most = 1_000;

/** Remembers which engine a database has, since it is asked for every unit. */
export function rememberEngines(
  find: (database: string) => Promise<{ readonly engine: string } | null>,
  clock: Clock,
): EngineOf {
  const known = new Map<string, { readonly engine: Promise<string | null>; readonly until: number }>();
  return (database) => {
    const found = known.get(database);
    if (found !== undefined && clock.now() < found.until) return found.engine;
    if (known.size >= most) known.clear();
    const engine = find(database).then((record) => record?.engine ?? null);
    known.set(database, { engine, until: clock.now() + believedMs });
    engine.catch(() => known.delete(database));
    return engine;
  };
}
