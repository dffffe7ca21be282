import type { Engine } from '../../src/engines/engine.ts';

/** When a process dies, as far as what it was built of can tell: from one call on, nothing that it tries takes place any more. */
export interface Mortality {
  /** The same object, whose calls that change something can be the last. */
  of<T extends object>(thing: T): T;
  /** The same for the databases that an engine makes, drops and swaps. */
  engine(engine: Engine): Engine;
  isDead(): boolean;
}

export const aliveForEver: Mortality = {
  of: (thing) => thing,
  engine: (engine) => engine,
  isDead: () => false,
};

/** Where a process dies: at that change, from 1, before it takes place or right after, so that nobody hears of it any more. */
export interface DeathPoint {
  readonly change: number;
  readonly when: 'before' | 'after';
}

/** What changes nothing that anybody would miss. */
const readingVerbs =
  /^(get|find|list|read|tasks|stat|probe|next|count|childJob|backupOf|tableProgress|due|audit|freeBytes|reportProgress|recover|claim|confirm|uses|snapshotTokens)/;

/** A process that dies at one point. Point null: never; the changes are counted, to know which points there are. */
export function createMortality(point: DeathPoint | null): Mortality & { changes(): readonly string[] } {
  const changes: string[] = [];
  let dead = false;
  const die = (): never => {
    dead = true;
    throw new Error('The process is dead.');
  };

  async function call(verb: string, work: () => unknown): Promise<unknown> {
    if (dead) return die();
    changes.push(verb);
    const isPoint = point?.change === changes.length;
    if (isPoint && point.when === 'before') return die();
    const result = await work();
    return isPoint || dead ? die() : result;
  }

  function of<T extends object>(thing: T): T {
    return new Proxy(thing, {
      get(target, name, receiver) {
        const value: unknown = Reflect.get(target, name, receiver);
        if (typeof value !== 'function' || typeof name !== 'string') return value;
        if (readingVerbs.test(name)) {
          return (...args: readonly unknown[]) => (dead ? die() : Reflect.apply(value, target, args));
        }
        return (...args: readonly unknown[]) => call(name, () => Reflect.apply(value, target, args));
      },
    });
  }

  return {
    of,
    engine: (engine) => (engine.scratch === undefined ? engine : { ...engine, scratch: of(engine.scratch) }),
    isDead: () => dead,
    changes: () => changes,
  };
}
