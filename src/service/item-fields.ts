import { definitionLimits } from '../core/definition-limits.ts';
import { readPossiblyEmpty, readText } from './input.ts';

/* Fields that several things of a workspace have. */

/** Longest content of a script, in characters. */
export const longestScript = definitionLimits.script;
const longestDescription = 1024;

/** The name of another thing of the workspace; null when absent. */
export function readItemName(value: unknown, field: string): string | null {
  if (value === undefined || value === null) return null;
  return readText(value, field, 'Give its name, or null.', 128);
}

/** What people say about a thing; empty when absent. */
export function readDescription(value: unknown): string {
  if (value === undefined || value === null) return '';
  return readPossiblyEmpty(value, 'description', 'Give a text.', longestDescription);
}
