import { AppError } from '../../../core/errors.ts';
import type { Mask } from '../../../core/request.ts';
import type { TableToRead } from '../../engine.ts';
import { hashBits, type MaskType, maskTypeOf, takesMask } from './mask-type.ts';
import type { TableDetails } from './table-details.ts';

/** A unique key is not hashed when the chance that two of its values become equal is greater. */
const acceptedChance = 0.01;

/**
 * Of each mask of the table's rules, in order, the type of its values: the column's own for null and constants, what a domain is made of
 * for the rest. Throws `field-invalid` for masks that the type does not have.
 */
export function maskTypesOf(table: TableToRead): readonly string[] {
  const { domains = [] } = table.details as TableDetails;
  return (table.rules?.masks ?? []).map(({ column, mask, field = 'mask' }) => {
    const own = table.columns.find(({ name }) => name === column)?.type;
    if (own === undefined) {
      throw new AppError('internal', {
        message: `The table ${titleOf(table)} has no column ${column} to mask.`,
      });
    }
    const domain = domains.find((each) => each.column === column);
    const derived = mask.method === 'hash' || mask.method === 'partial';
    const type = derived ? (domain?.type ?? own) : own;
    const maskType = maskTypeOf(domain?.type ?? own);
    const problem = problemOf(table, column, type, maskType, mask, derived && domain?.limited === true);
    if (problem === null) return type;
    throw new AppError('field-invalid', {
      field,
      message: `The column ${column} of ${titleOf(table)} cannot be masked with ${mask.method}: ${problem}.`,
      hint: 'Use another mask (null, constant, hash, partial), or leave the column out with exclude_columns.',
    });
  });
}

const titleOf = ({ schema, name }: TableToRead): string => `${schema}.${name}`;

/** What is wrong with the mask, as the end of a sentence; null when nothing is. */
function problemOf(
  table: TableToRead,
  column: string,
  type: string,
  maskType: MaskType,
  mask: Mask,
  limited: boolean,
): string | null {
  if (!takesMask(maskType, mask)) return `its type ${type} has no such values`;
  if (limited) return 'its type is a domain with a CHECK, which the values could break';
  if (mask.method === 'constant') return constantProblem(maskType, type, mask.value);
  if (mask.method !== 'hash' || !isKey(table, column)) return null;
  const bits = hashBits(maskType);
  if (bits === null) return null;
  const chance = table.estimate.rows ** 2 / 2 ** (bits + 1);
  return chance <= acceptedChance
    ? null
    : `it is a unique key, and among about ${table.estimate.rows} values of type ${type} two could become equal`;
}

const isKey = (table: TableToRead, column: string): boolean =>
  table.keys?.some((columns) => columns.length === 1 && columns[0] === column) === true;

/** A cast would cut the constant off in silence. */
function constantProblem(maskType: MaskType, type: string, value: string): string | null {
  const bits = /^bit( varying)?\((\d+)\)$/.exec(type);
  if (bits !== null) {
    const fits = bits[1] === undefined ? value.length === Number(bits[2]) : value.length <= Number(bits[2]);
    return fits ? null : `the constant is no value of type ${type}`;
  }
  if (maskType.family !== 'text' || maskType.limit === null) return null;
  return [...value].length <= maskType.limit ? null : `the constant is too long for its type ${type}`;
}
