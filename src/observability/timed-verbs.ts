import type { ErrorKind } from '../core/error-catalogue.ts';
import { toAppError } from '../core/errors.ts';
import type { Metrics } from '../core/metrics.ts';

/** Errors that say something about the store; all others are its answers. */
const failures: readonly ErrorKind[] = ['unavailable', 'timeout', 'internal', 'corrupt'];

/**
 * The same verbs, each timed. Only for objects whose members are functions of their own and need no `this`.
 * @param part goes before the names of the verbs: `jobs` makes `jobs.claimTask`
 */
export function timedVerbs<Verbs extends object>(part: string, verbs: Verbs, metrics: Metrics): Verbs {
  const timed = Object.entries(verbs).map(([name, verb]: [string, unknown]) => {
    if (typeof verb !== 'function') return [name, verb];
    const label = { verb: `${part}.${name}` };
    const call = (...values: readonly unknown[]): unknown => {
      const startedAt = performance.now();
      const result: unknown = verb(...values);
      if (!(result instanceof Promise)) return result;
      const end = (): void =>
        metrics.observe(
          'pumphouse_store_verb_duration_seconds',
          label,
          (performance.now() - startedAt) / 1000,
        );
      result.then(end, (error: unknown) => {
        end();
        const { kind } = toAppError(error);
        if (failures.includes(kind)) metrics.count('pumphouse_store_failures_total', { ...label, kind });
      });
      return result;
    };
    return [name, call];
  });
  // What is named by a symbol (its disposal) is no verb.
  return { ...verbs, ...Object.fromEntries(timed) };
}
