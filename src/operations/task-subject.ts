import { tableKey } from '../core/catalogue.ts';
import type { TaskSpec } from '../jobs/job-store.ts';
import type { ApplyPayload, ExportDataPayload, VerifyPayload } from './plan-types.ts';
import { displayName } from './target-lines.ts';
import { type BatchPayload, isBatch } from './task-batches.ts';

/** `JobHandler.subject` of exports: the tables of a file. */
export function exportSubject({ kind, payload }: TaskSpec): string | null {
  if (kind === 'ddl') return 'The definitions';
  if (kind !== 'data' && kind !== 'bare') return null;
  const keys = [...new Set((payload as ExportDataPayload).units.map(({ table }) => tableKey(table)))];
  return andMore(keys, 'tables');
}

/** `JobHandler.subject` of imports and copies: objects and files by name; units of data have their table's. */
export function applySubject({ kind, payload }: TaskSpec): string | null {
  if (isBatch(kind)) {
    const subjects = (payload as BatchPayload).tasks.flatMap((task) => applySubject(task) ?? []);
    return andMore(subjects, 'tasks');
  }
  switch (kind) {
    case 'verify':
      return `File ${(payload as VerifyPayload).file.name}`;
    case 'prepare':
      return 'The definitions before the data';
    case 'index':
    case 'constraints':
    case 'after':
      return andMore((payload as ApplyPayload).objects.map(objectTitle), 'objects');
    default:
      return null;
  }
}

/** `Index hr.emp_name` */
const objectTitle = (object: ApplyPayload['objects'][number]): string =>
  `${object.type.charAt(0)}${object.type.slice(1).toLowerCase()} ${displayName(object)}`;

const andMore = ([first, ...more]: readonly string[], what: string): string | null =>
  first === undefined || more.length === 0 ? (first ?? null) : `${first} and ${more.length} more ${what}`;
