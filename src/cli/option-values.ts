import { parseSize } from '../base/size-text.ts';
import { AppError } from '../core/errors.ts';
import { type Mask, maskMethods } from '../core/request.ts';

/*
 * Options whose value has parts, such as TABLE:PREDICATE, in the members of the native API. Names are passed on as they are written, with
 * their double quotes: the service looks them up. A colon or a dot within quotes parts nothing.
 */

/** `INDEX`, `INDEX:LIKE 'TMP%'` */
export function parseObjectFilter(text: string): {
  readonly type: string;
  readonly name_expression?: string;
} {
  const [type, expression] = parts(text, ':', 'first') ?? [text, undefined];
  return expression === undefined ? { type } : { type, name_expression: expression };
}

/** `hr.emp:salary > 1000` */
export function parseQuery(text: string): { readonly table: string; readonly where: string } {
  const [table, where] = parts(text, ':', 'first') ?? refuse('query', '--query', 'TABLE:PREDICATE', text);
  return { table, where };
}

/** `10`, `hr.emp:0.5` */
export function parseSample(text: string): { readonly table?: string; readonly percent: number } {
  const [table, figure] = parts(text, ':', 'last') ?? [undefined, text];
  const percent = Number(figure);
  if (figure.trim() === '' || !Number.isFinite(percent)) {
    return refuse('sample', '--sample', 'PERCENT or TABLE:PERCENT', text);
  }
  return table === undefined ? { percent } : { table, percent };
}

/** `500MB`, `5G`, `1048576`: bytes, by powers of 1024. */
export function parseFileSize(text: string): number {
  return parseSize(text) ?? refuse('file_size', '--file-size', 'a size such as 500MB or 5GB', text);
}

/** `7` */
export function parseCount(text: string, flag: string, field: string): number {
  return /^[1-9]\d{0,8}$/.test(text) ? Number(text) : refuse(field, flag, 'a whole number from 1', text);
}

/** `-5`; undefined: none was given. */
export function parsePriority(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  return /^-?\d{1,2}$/.test(text)
    ? Number(text)
    : refuse('priority', '--priority', 'a whole number from -10 to 10', text);
}

/** `hr.emp.notes` */
export function parseExcludedColumn(text: string): {
  readonly table: string;
  readonly columns: readonly string[];
} {
  const { table, column } =
    parseColumn(text) ?? refuse('exclude_columns', '--exclude-column', 'TABLE.COLUMN', text);
  return { table, columns: [column] };
}

/** `hr.emp.email:hash`, `hr.emp.phone:partial:2:3`, `hr.emp.city:constant:Anytown` */
export function parseMask(text: string): Readonly<Record<string, unknown>> {
  const [place, rule] = parts(text, ':', 'first') ?? refuseMask(text);
  const target = parseColumn(place) ?? refuseMask(text);
  const [word, argument] = parts(rule, ':', 'first') ?? [rule, undefined];
  const method = maskMethods.find((each) => each === word);
  if (method === undefined) return refuseMask(text);
  return { ...target, method, ...maskArguments(method, argument, text) };
}

function maskArguments(
  method: Mask['method'],
  argument: string | undefined,
  text: string,
): Readonly<Record<string, unknown>> {
  switch (method) {
    case 'null':
    case 'hash':
      return argument === undefined ? {} : refuseMask(text);
    case 'constant':
      return { value: argument ?? refuseMask(text) };
    case 'partial': {
      const kept = (argument ?? '').split(':').filter((part) => part !== '');
      if (kept.length > 2 || !kept.every((part) => /^\d+$/.test(part))) return refuseMask(text);
      const [first, last] = kept.map(Number);
      return {
        ...(first === undefined ? {} : { keep_first: first }),
        ...(last === undefined ? {} : { keep_last: last }),
      };
    }
    default:
      return method satisfies never;
  }
}

/** `hr:hr_test`, `"a:b":c`; names without their quotes, as the service takes them. */
export function parseRemap(
  text: string,
  field: string,
  flag: string,
): { readonly source: string; readonly target: string } {
  const [, source, target] =
    /^("(?:[^"]|"")+"|[^:]+):("(?:[^"]|"")+"|[^:]+)$/s.exec(text) ??
    refuse(field, flag, 'SOURCE:TARGET', text);
  return { source: plainName(source as string), target: plainName(target as string) };
}

/**
 * `old-:new-`, `"user:":"customer:"`, `"":"prod:"`: beginnings of keys, each in double quotes where it holds a colon or is empty.
 * More than one colon outside of quotes is refused, since nobody can tell which of them parts the two.
 */
export function parseKeyRemap(text: string): { readonly source: string; readonly target: string } {
  const [, source, target] =
    /^("(?:[^"]|"")*"|[^:"]*):("(?:[^"]|"")*"|[^:"]*)$/s.exec(text) ??
    refuse('remap_keys', '--remap-keys', 'OLD:NEW, or "OLD":"NEW" where they hold colons', text);
  return { source: plainText(source ?? ''), target: plainText(target ?? '') };
}

/** `hr.emp:emp_old` */
export function parseTableRemap(text: string): { readonly table: string; readonly target: string } {
  const [table, target] =
    parts(text, ':', 'last') ?? refuse('remap_tables', '--remap-table', 'TABLE:NAME', text);
  return { table, target: plainName(target) };
}

/** The text before and after the first or last `separator` that is not within double quotes; null where a part would be missing. */
function parts(
  text: string,
  separator: ':' | '.',
  which: 'first' | 'last',
): readonly [string, string] | null {
  let at = -1;
  let isQuoted = false;
  for (let index = 0; index < text.length; index += 1) {
    if (text[index] === '"') isQuoted = !isQuoted;
    if (isQuoted || text[index] !== separator) continue;
    at = index;
    if (which === 'first') break;
  }
  return at < 1 ? null : [text.slice(0, at), text.slice(at + 1)];
}

/** The last part of a dotted name is the column, without its quotes. */
function parseColumn(text: string): { readonly table: string; readonly column: string } | null {
  const [table, name] = parts(text, '.', 'last') ?? [];
  if (table === undefined || name === undefined || name === '') return null;
  return { table, column: plainName(name) };
}

/** The same for what may be empty within its quotes. */
const plainText = (text: string): string => (text === '""' ? '' : plainName(text));

/** Without the quotes around it, where there are any. */
function plainName(name: string): string {
  const quoted = /^"(.+)"$/s.exec(name)?.[1];
  return quoted === undefined ? name : quoted.replaceAll('""', '"');
}

const refuseMask = (text: string): never =>
  refuse(
    'mask',
    '--mask',
    'TABLE.COLUMN:null, TABLE.COLUMN:hash, TABLE.COLUMN:constant:VALUE or TABLE.COLUMN:partial:FIRST:LAST',
    text,
  );

function refuse(field: string, flag: string, form: string, text: string): never {
  throw new AppError('usage', { field, message: `${flag} takes ${form}, not ${JSON.stringify(text)}.` });
}
