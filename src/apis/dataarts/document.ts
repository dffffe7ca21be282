import { applyChanges, type JsonSpan, jsonSpans } from '../../base/json-spans.ts';
import type { SourceDocument } from '../../core/definition.ts';
import type { ApiRequest } from '../api.ts';
import { type Body, objectAt } from './members.ts';
import { apiId } from './operation.ts';
import { badRequest } from './refusal.ts';

/** A JSON object of a client's, to be kept as it came: numbers, order and unknown members are in the text alone. */
export interface JsonDocument {
  readonly text: string;
  readonly body: Body;
}

/** Throws DLF.3051 for what is no JSON object; `name` says what it is in the message. */
export function readDocument(text: string, name: string): JsonDocument {
  let value: unknown;
  try {
    value = JSON.parse(text);
    jsonSpans(text);
  } catch (error) {
    throw badRequest(`${name} is ${error instanceof RangeError ? 'nested too deeply' : 'not valid JSON'}.`);
  }
  return { text: text.trim(), body: objectAt(value, name) };
}

/** The body of a request that has to be a JSON object. */
export function bodyDocument({ rawBody = new Uint8Array() }: ApiRequest): JsonDocument {
  return readDocument(utf8Text(rawBody, 'The request body'), 'The request body');
}

/** Throws DLF.3051 for bytes that are not UTF-8. */
export function utf8Text(bytes: Uint8Array, name: string): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    throw badRequest(`${name} is not UTF-8.`);
  }
}

/** How the store keeps the text. */
export const sourceDocument = ({ text }: JsonDocument): SourceDocument => ({ api: apiId, text });

/** The text of an object with the members added, behind its own, that it does not have yet. */
export function withMembers(text: string, members: Readonly<Record<string, unknown>>): string {
  const object = jsonSpans(text);
  const own = new Set(object.members?.map(({ name }) => name));
  const absent = Object.entries(members).filter(([name]) => !own.has(name));
  return insertMembers(
    text,
    object,
    absent.map(([name, value]) => [name, JSON.stringify(value)]),
  );
}

/** The value of an object's member; of two of one name it is the last, as for JSON.parse. */
export const memberSpan = (object: JsonSpan | undefined, name: string): JsonSpan | undefined =>
  object?.members?.findLast((member) => member.name === name)?.value;

/** The text with members, whose values are JSON, added to the object at `object`, behind all others. */
export function insertMembers(
  text: string,
  object: JsonSpan,
  members: readonly (readonly [string, string])[],
): string {
  const last = object.members?.at(-1);
  const at = last?.value.end ?? object.start + 1;
  const added = members.map(([name, value]) => `${JSON.stringify(name)}:${value}`).join(',');
  const comma = last === undefined || added === '' ? '' : ',';
  return applyChanges(text, [{ start: at, end: at, text: `${comma}${added}` }]);
}
