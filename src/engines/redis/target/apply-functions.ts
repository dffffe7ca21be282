import type { DdlObject } from '../../../core/catalogue.ts';
import type { ApplyFailure, ApplyOutcome } from '../../engine.ts';
import { loadLibrary } from './functions.ts';
import { applyField } from './receipts.ts';
import type { TargetState } from './target-state.ts';

/** Loads libraries, and the receipt of them. */
export async function applyFunctions(
  { masters, receipts }: TargetState,
  key: string,
  objects: readonly DdlObject[],
  signal: AbortSignal,
): Promise<ApplyOutcome> {
  const field = applyField(key);
  const known = await receipts.get(field, signal);
  if (known !== null) return { alreadyApplied: true, failures: JSON.parse(known) as readonly ApplyFailure[] };
  const failures: ApplyFailure[] = [];
  for (const { type, schema, name, sql } of objects) {
    const { failure } = await loadLibrary(masters, sql, true, signal);
    if (failure !== null) failures.push({ object: { type, schema, name }, message: failure });
  }
  await receipts.set(field, JSON.stringify(failures), signal);
  return { alreadyApplied: false, failures };
}
