import { AppError } from '../../core/errors.ts';

/** A JSON object as it came. */
export type Body = Readonly<Record<string, unknown>>;

/** The refusal of a member; its message names it. */
export const invalid = (field: string, message: string, hint?: string): AppError =>
  new AppError('field-invalid', { message, field, ...(hint === undefined ? {} : { hint }) });

/** How messages speak of a value: its type, and the value itself where it is short. */
export function spell(value: unknown): string {
  if (Array.isArray(value)) return 'an array';
  if (typeof value === 'object') return value === null ? 'null' : 'an object';
  const text = JSON.stringify(value);
  return text.length > 40 ? `a ${typeof value}` : text;
}

/** An array of objects; absent and null are empty. */
export function objects(request: Body, name: string): readonly Body[] {
  const value = request[name] ?? [];
  if (!Array.isArray(value)) throw invalid(name, `${name} must be an array of objects, not ${spell(value)}.`);
  return value.map((entry: unknown, index) => {
    if (typeof entry === 'object' && entry !== null && !Array.isArray(entry)) return entry as Body;
    throw invalid(name, `${name}[${index}] must be an object, not ${spell(entry)}.`);
  });
}

/** A text that has to be there; `where` is the path of `entry` in the request. */
export function required(entry: Body, where: string, name: string): string {
  const value = entry[name];
  const field = `${where}.${name}`;
  if (value === undefined || value === null) throw invalid(field, `${field} is missing.`);
  if (typeof value !== 'string') throw invalid(field, `${field} must be a string, not ${spell(value)}.`);
  if (value.trim() === '') throw invalid(field, `${field} is empty.`);
  return value;
}

/** A text that may be absent. */
export function text(request: Body, name: string): string | undefined {
  const value = request[name] ?? undefined;
  if (value === undefined || typeof value === 'string') return value;
  throw invalid(name, `${name} must be a string, not ${spell(value)}.`);
}

/** Refuses a member that belongs to the other operation. */
export function refuseMember(request: Body, name: string, operation: string): void {
  if (request[name] === undefined || request[name] === null) return;
  throw invalid(name, `${name} is not accepted on ${operation}.`, `Leave ${name} out.`);
}

/** One of some words, in capitals or not; undefined when absent. Gives it as `choices` spells it. */
export function word<W extends string>(
  request: Body,
  name: string,
  choices: readonly W[],
  where = name,
): W | undefined {
  const value = request[name] ?? undefined;
  if (value === undefined) return undefined;
  const found =
    typeof value === 'string' ? choices.find((choice) => choice === value.toLowerCase()) : undefined;
  if (found !== undefined) return found;
  const allowed = choices.map((choice) => choice.toUpperCase());
  throw invalid(
    where,
    `${where} must be ${allowed.slice(0, -1).join(', ')} or ${allowed.at(-1)}, not ${spell(value)}.`,
    `Correct ${where}, or leave it out.`,
  );
}

/** Yes or no; undefined when absent. */
export function flag(request: Body, name: string): boolean | undefined {
  const value = request[name] ?? undefined;
  if (value === undefined || typeof value === 'boolean') return value;
  throw invalid(name, `${name} must be true or false, not ${spell(value)}.`);
}

/** A number that may be absent; its range is the service's to check. */
export function figure(entry: Body, name: string, where = name): number | undefined {
  const value = entry[name] ?? undefined;
  if (value === undefined || typeof value === 'number') return value;
  throw invalid(where, `${where} must be a number, not ${spell(value)}.`);
}
