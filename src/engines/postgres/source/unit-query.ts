import { AppError } from '../../../core/errors.ts';
import type { ReadRules } from '../../../core/read-rules.ts';
import type { Unit } from '../../engine.ts';
import { isLargeObjects } from '../large-objects.ts';
import { columnList, quoteIdentifier, quoteQualified } from '../names.ts';
import { copyLargeObjects } from './large-objects.ts';
import type { UnitRange } from './table-details.ts';
import { writeFilter } from './write-filter.ts';
import { writeMask } from './write-mask.ts';

/** The name of the table within the query. */
const rows = quoteIdentifier('t');

/** The COPY of a unit; the table's name and columns alone where every row goes as it is. */
export function copyStatement(unit: Unit, range: UnitRange, asText: boolean): string {
  const format = asText ? '' : ' WITH (FORMAT binary)';
  if (isLargeObjects(unit.table)) return copyLargeObjects(unit, format);
  const wholeTable = range.from === 0 && range.to === null && range.condition === null;
  if (wholeTable && unit.rules === null) {
    return `COPY ${quoteQualified(unit.table)}${columnList(unit.columns)} TO STDOUT${format}`;
  }
  return `COPY (${unitQuery(unit, range)}) TO STDOUT${format}`;
}

/**
 * The query of a unit: what the rules hide is gone before anything leaves the server. A filter sees the true values, in every row of
 * the sample.
 */
export function unitQuery(unit: Unit, range: UnitRange): string {
  const { rules } = unit;
  const table = `ONLY ${quoteQualified(unit.table)}`;
  const sample = rules?.sample == null ? '' : ` ${sampleClause(rules.sample)}`;
  // An extension's condition is its own text, which may go on after the predicate.
  const from =
    range.condition === null
      ? `${table} AS ${rows}${sample}`
      : `(SELECT * FROM ${table}${sample} ${range.condition}) AS ${rows}`;
  const limits = blockLimits(range);
  if (rules?.filter != null) limits.push(writeFilter(rules.filter));
  const where = limits.length === 0 ? '' : ` WHERE ${limits.join(' AND ')}`;
  return `SELECT ${selectList(unit, range)} FROM ${from}${where}`;
}

function selectList(unit: Unit, range: UnitRange): string {
  const masks = new Map(
    unit.rules?.masks.map(({ column, mask }, i) => [column, { mask, type: range.maskTypes?.[i] }]),
  );
  return unit.columns
    .map((name) => {
      const column = `${rows}.${quoteIdentifier(name)}`;
      const masked = masks.get(name);
      if (masked === undefined) return column;
      // Rather nothing than a clear value.
      if (masked.type === undefined) {
        throw new AppError('internal', { message: `The unit has no type for the mask of ${name}.` });
      }
      return `${writeMask(column, masked.type, masked.mask)} AS ${quoteIdentifier(name)}`;
    })
    .join(', ');
}

function blockLimits(range: UnitRange): string[] {
  const limits: string[] = [];
  if (range.from > 0 || range.to !== null) limits.push(`${rows}.ctid >= '(${blockNumber(range.from)},0)'`);
  if (range.to !== null) limits.push(`${rows}.ctid < '(${blockNumber(range.to)},0)'`);
  return limits;
}

function sampleClause({ percent, seed }: NonNullable<ReadRules['sample']>): string {
  return `TABLESAMPLE BERNOULLI (${finite(percent)}) REPEATABLE (${finite(seed)})`;
}

/** Units come back from a store, so what goes into a statement is looked at. */
function blockNumber(value: number): number {
  if (Number.isSafeInteger(value) && value >= 0 && value <= 0xffff_ffff) return value;
  throw new AppError('internal', { message: `The unit has no valid range of blocks (${String(value)}).` });
}

function finite(value: number): number {
  if (Number.isFinite(value) && value >= 0) return value;
  throw new AppError('internal', { message: `The unit has no valid sample (${String(value)}).` });
}
