import type { Definition } from '../core/definition.ts';
import { definitionLimits } from '../core/definition-limits.ts';
import { parameterName, type RunParams } from '../core/run-parameters.ts';
import { fieldInvalid, readPossiblyEmpty, spell } from './input.ts';

/** Values of parameters as given; none when absent. Throws `field-invalid`; values are not repeated, since they may be secrets. */
export function readParams(value: unknown, field = 'params'): RunParams {
  if (value === undefined || value === null) return {};
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw fieldInvalid(field, `must be an object, not ${spell(value)}`, 'Give {name: value}.');
  }
  const entries = Object.entries(value);
  if (entries.length > definitionLimits.params) {
    throw fieldInvalid(field, `has more than ${definitionLimits.params} members`, 'Give less.');
  }
  return Object.fromEntries(
    entries.map(([name, given]) => {
      if (!parameterName.test(name)) {
        throw fieldInvalid(
          field,
          `has ${spell(name)}, which is no name of a parameter`,
          'Use letters, digits, _, - and ., beginning with a letter or _.',
        );
      }
      return [name, readPossiblyEmpty(given, `${field}.${name}`, 'Give a text.', definitionLimits.value)];
    }),
  );
}

/**
 * Parameters that every run has where nobody gives them other values: `run.name`, the name of its job; `run.date` (`2026-11-21`, in the time zone of
 * the schedule) and `run.time` (ISO 8601, UTC), when it was planned, or asked for where it was not.
 * @param at milliseconds since the epoch
 */
export function ownParams(
  jobName: string,
  at: number,
  { schedule }: Pick<Definition, 'schedule'>,
): RunParams {
  const timeZone = schedule?.timeZone ?? 'UTC';
  return {
    'run.name': jobName,
    // The Canadian way to write a date is that of ISO 8601.
    'run.date': new Intl.DateTimeFormat('en-CA', { timeZone, dateStyle: 'short' }).format(at),
    'run.time': new Date(at).toISOString(),
  };
}
