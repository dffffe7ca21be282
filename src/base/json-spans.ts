/** A value of a JSON text, with its place in it: for changes that leave every other character as it is. */
export interface JsonSpan {
  /** Of its first character. */
  readonly start: number;
  /** After its last character. */
  readonly end: number;
  /** Of an object, in order; names that come twice are there twice. */
  readonly members?: readonly JsonMember[];
  /** Of an array. */
  readonly elements?: readonly JsonSpan[];
}

export interface JsonMember {
  readonly name: string;
  /** Of the quotation mark before its name. */
  readonly start: number;
  readonly value: JsonSpan;
}

/** A piece of a text and what takes its place. */
export interface TextChange {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

/** Deeper values are nobody's documents. */
const deepest = 100;

/**
 * The spans of a text that JSON.parse has taken.
 * @throws RangeError where values are nested deeper than 100
 */
export function jsonSpans(text: string): JsonSpan {
  let at = 0;

  const skipSpace = (): void => {
    while (/[ \t\n\r]/.test(text.charAt(at))) at += 1;
  };
  const skipText = (): void => {
    do {
      at = text.indexOf('"', at + 1);
    } while (isEscaped(text, at));
    at += 1;
  };
  /** Goes over the entries of an object or array; `entry` reads one. */
  const entries = (close: string, entry: () => void): void => {
    at += 1;
    skipSpace();
    while (text.charAt(at) !== close) {
      entry();
      skipSpace();
      if (text.charAt(at) === ',') at += 1;
      skipSpace();
    }
    at += 1;
  };

  function read(depth: number): JsonSpan {
    if (depth > deepest) throw new RangeError(`Values are nested deeper than ${deepest}.`);
    const start = at;
    const first = text.charAt(at);
    if (first === '{') {
      const members: JsonMember[] = [];
      entries('}', () => {
        const begin = at;
        skipText();
        const name = JSON.parse(text.slice(begin, at)) as string;
        skipSpace();
        at += 1;
        skipSpace();
        members.push({ name, start: begin, value: read(depth + 1) });
      });
      return { start, end: at, members };
    }
    if (first === '[') {
      const elements: JsonSpan[] = [];
      entries(']', () => elements.push(read(depth + 1)));
      return { start, end: at, elements };
    }
    if (first === '"') skipText();
    else while (at < text.length && !/[\s,\]}]/.test(text.charAt(at))) at += 1;
    return { start, end: at };
  }

  skipSpace();
  return read(1);
}

/** Whether the character at a place has an odd number of backslashes before it. */
function isEscaped(text: string, at: number): boolean {
  let before = at - 1;
  while (text.charAt(before) === '\\') before -= 1;
  return (at - before) % 2 === 0;
}

/** The changes that take the members out of an object that `isOut` says it of, with as many commas. */
export function memberRemovals(
  { members = [] }: JsonSpan,
  isOut: (member: JsonMember) => boolean,
): readonly TextChange[] {
  const changes: TextChange[] = [];
  let lastKept: JsonMember | undefined;
  let firstOut: JsonMember | undefined;
  for (const member of members) {
    if (isOut(member)) {
      firstOut ??= member;
      continue;
    }
    if (firstOut !== undefined) changes.push({ start: firstOut.start, end: member.start, text: '' });
    [lastKept, firstOut] = [member, undefined];
  }
  const last = members.at(-1);
  if (firstOut === undefined || last === undefined) return changes;
  return [...changes, { start: lastKept?.value.end ?? firstOut.start, end: last.value.end, text: '' }];
}

/** The text with the changes made, which do not overlap. */
export function applyChanges(text: string, changes: readonly TextChange[]): string {
  const parts: string[] = [];
  let at = 0;
  for (const change of changes.toSorted((a, b) => a.start - b.start)) {
    parts.push(text.slice(at, change.start), change.text);
    at = change.end;
  }
  return [...parts, text.slice(at)].join('');
}
