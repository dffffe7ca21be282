import { AppError } from './errors.ts';
import { type SqlPlace, sqlPlaces } from './sql-places.ts';
import { isNameForSql } from './sql-words.ts';

/** Values of a run's parameters by name. */
export type RunParams = Readonly<Record<string, string>>;

/** What a parameter may be called. */
export const parameterName = /^[\p{L}_][\p{L}\p{N}_.-]{0,127}$/u;

/** `${name}` where it may stand in a text. */
const placeholder = /\$\{([\p{L}_][\p{L}\p{N}_.-]{0,127})\}/gu;

/** Names of the parameters that a text asks for, each once. */
export const namesInText = (text: string): readonly string[] => [
  ...new Set([...text.matchAll(placeholder)].map(([, name = '']) => name)),
];

/**
 * The text with values in place of `${name}`.
 * @param write how a value is written where it stands; absent: as it is
 * @throws AppError definition-invalid for a parameter without a value
 */
export function substitute(
  text: string,
  params: RunParams,
  write: (value: string, at: number) => string = (value) => value,
): string {
  return text.replace(placeholder, (_, name: string, at: number) =>
    write(valueOfParameter(params, name), at),
  );
}

/** The same in every text within a JSON value; keys stay. */
export function substituteWithin(value: unknown, params: RunParams): unknown {
  if (typeof value === 'string') return substitute(value, params);
  if (Array.isArray(value)) return value.map((each) => substituteWithin(each, params));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, each]) => [key, substituteWithin(each, params)]),
  );
}

/** A URL, whose values are percent-encoded: all but one that it begins with, which may be an address of its own. */
export const substituteUrl = (text: string, params: RunParams): string =>
  substitute(text, params, (value, at) => (at === 0 ? value : encodeURIComponent(value)));

/** A body, whose values are escaped as its media type wants it: JSON's strings, forms. In other types they stand as they are. */
export function substituteBody(text: string, params: RunParams, mediaType: string): string {
  if (/[/+]json\b/i.test(mediaType)) {
    return substitute(text, params, (value) => JSON.stringify(value).slice(1, -1));
  }
  const isForm = /^application\/x-www-form-urlencoded\b/i.test(mediaType);
  return isForm ? substitute(text, params, encodeURIComponent) : substitute(text, params);
}

/**
 * An SQL script. A value goes into a quoted literal, where its quotes are doubled, or stands by itself as a plain number or a plain name; in
 * comments nothing is replaced. Whatever else it is, and wherever else it stands, is refused, so that no value can change a statement: it does not
 * matter which of the databases reads the script.
 * @throws AppError definition-invalid, naming the parameter and the line; the value is not repeated, since it may be a secret
 */
export function substituteSql(script: string, params: RunParams): string {
  const words = wordsOf(script);
  const places = sqlPlaces(script, words);
  let done = 0;
  let written = '';
  words.forEach(({ text, from, to }, position) => {
    const spot: Spot = { script, names: namesInText(text), from, to };
    written += script.slice(done, from) + wordWithValues(text, places[position] ?? 'unclear', params, spot);
    done = to;
  });
  return written + script.slice(done);
}

/** Names of the parameters that an SQL script asks for: those in comments are left out, as they are not replaced. */
export function namesInSql(script: string): readonly string[] {
  const words = wordsOf(script);
  const places = sqlPlaces(script, words);
  return [
    ...new Set(
      words.flatMap(({ text }, position) => (places[position] === 'comment' ? [] : namesInText(text))),
    ),
  ];
}

/** The words of a script that hold parameters, as the language cuts words: `${day}`, `orders_${year}`. */
function wordsOf(
  script: string,
): readonly { readonly text: string; readonly from: number; readonly to: number }[] {
  const found = [...script.matchAll(placeholder)];
  const words: { from: number; to: number }[] = [];
  found.forEach(({ index, 0: whole }, position) => {
    const next = found[position + 1]?.index ?? script.length;
    let to = index + whole.length;
    while (to < next && isOfWord(script[to])) to += 1;
    const last = words.at(-1);
    if (last?.to === index) {
      last.to = to;
      return;
    }
    let from = index;
    while (from > 0 && isOfWord(script[from - 1])) from -= 1;
    words.push({ from, to });
  });
  return words.map(({ from, to }) => ({ text: script.slice(from, to), from, to }));
}

const isOfWord = (character: string | undefined): boolean => /^[\w$\u0080-\uffff]$/.test(character ?? '');

/** Where values are to stand: a word of a script. */
interface Spot {
  readonly script: string;
  readonly names: readonly string[];
  readonly from: number;
  readonly to: number;
}

function wordWithValues(text: string, place: SqlPlace, params: RunParams, spot: Spot): string {
  switch (place) {
    case 'comment':
      return text;
    case 'literal':
      return substitute(text, params, (value) => {
        // A backslash escapes the quote after it in some literals, and in others by a setting of the session.
        if (!/[\\\0]/.test(value)) return value.replaceAll("'", "''");
        throw refused(spot, 'has a value with a backslash or a NUL character, which must not stand in SQL');
      });
    case 'identifier':
      return substitute(text, params, (value) => {
        if (/^\w{1,128}$/.test(value)) return value;
        throw refused(
          spot,
          'stands within a quoted name, and its value is not made of letters, digits and _',
        );
      });
    case 'plain':
      return plainWord(text, params, spot);
    case 'unclear':
      throw refused(
        spot,
        'stands where values must not stand (a body in dollar quotes, brackets), or where databases would read the script differently',
      );
  }
}

/** A word outside of all quotes: the parameter alone, or a name that it is a part of, such as `orders_${year}`. */
function plainWord(text: string, params: RunParams, spot: Spot): string {
  const before = spot.script.slice(Math.max(0, spot.from - 2), spot.from);
  const after = spot.script.slice(spot.to, spot.to + 2);
  if (/['"`]$/.test(before) || /^&?['"`]/.test(after)) {
    throw refused(
      spot,
      'stands right beside a quote',
      'Put a space between, or the parameter into the quotes.',
    );
  }
  if (/[?@#]$|(?:^|[^:]):$/.test(before)) {
    throw refused(spot, 'stands right behind a sign that gives it another meaning', 'Put a space between.');
  }
  const isQualified = before.endsWith('.') || after.startsWith('.');
  const word = substitute(text, params, (value) => {
    if (/^\w{1,128}$/.test(value) || isPlainNumber(value)) return value;
    throw refused(spot, 'stands outside of quotes, and its value is neither a plain number nor a plain name');
  });
  if (/^[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*$/.test(word)) {
    if (isNameForSql(word)) return word;
    throw refused(spot, `makes ${word.toUpperCase()} of it, a word of the SQL language`);
  }
  // The space keeps `5 -${n}` from becoming a comment.
  if (!isQualified && isPlainNumber(word)) return word.startsWith('-') ? ` ${word}` : word;
  throw refused(
    spot,
    'stands outside of quotes, and what becomes of it is neither a plain number nor a plain name',
  );
}

const isPlainNumber = (text: string): boolean => /^-?\d{1,300}(\.\d{1,300})?$/.test(text);

function valueOfParameter(params: RunParams, name: string): string {
  const value = Object.hasOwn(params, name) ? params[name] : undefined;
  if (value !== undefined) return value;
  throw new AppError('definition-invalid', {
    message: `There is no parameter ${name}.`,
    hint: `Give the definition a parameter ${name}, or the run a value for it.`,
  });
}

function refused({ script, names, from }: Spot, problem: string, hint?: string): AppError {
  const line = script.slice(0, from).split('\n').length;
  return new AppError('definition-invalid', {
    message: `The parameter ${names.join(', ')} in line ${line} of the script ${problem}.`,
    hint:
      hint ??
      // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that parameters have
      "Write '${name}' where a text is meant; what stands outside of quotes must be a number or a name.",
  });
}
