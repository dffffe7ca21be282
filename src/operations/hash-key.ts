import type { Unit } from '../engines/engine.ts';
import type { RuleBase } from './plan-types.ts';

/**
 * The key of `hash` masks is in one place, the plan of its job, so that it can be forgotten there when the job is over: whoever has it can
 * try values against the masked ones.
 */

/** A unit as payloads hold it. */
export const withoutHashKey = (unit: Unit): Unit => withKey(unit, '');

/** The unit as an engine reads it, for a task of the job with this plan. */
export const withHashKey = (unit: Unit, plan: unknown): Unit => withKey(unit, (plan as RuleBase).hashKey);

const withKey = (unit: Unit, hashKey: string): Unit =>
  unit.rules === null ? unit : { ...unit, rules: { ...unit.rules, hashKey } };

/** For the outcome of a job's last task that needs no rows: its plan without the key. */
export const forgetHashKey = (plan: unknown): { readonly plan?: RuleBase } =>
  plan === null ? {} : { plan: { ...(plan as RuleBase), hashKey: '' } };
