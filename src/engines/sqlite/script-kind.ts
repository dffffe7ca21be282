import { foldName } from './names.ts';
import { pragmaKind } from './script-pragmas.ts';
import { pragmaOf } from './script-refusal.ts';
import { makesTrigger, type ScriptStatement } from './script-statements.ts';
import type { ReadStep } from './script-steps.ts';
import { keywordOf, nameOf, type Token } from './script-tokens.ts';

/**
 * What stays of a step when its connection is gone:
 *
 *     setting    nothing
 *     temporary  nothing, but it took something of the database into temporary tables, which may be different by now
 *     lasting    what it did
 *     alone      what it did, outside of a transaction; it can be repeated without harm
 */
export type StepKind = 'setting' | 'temporary' | 'lasting' | 'alone';

/** The temporary tables and views of a connection. */
export class TemporaryNames {
  readonly #names = new Set<string>();
  /** One of those may write anywhere when a temporary table is written. */
  #hasTriggers = false;

  get isEmpty(): boolean {
    return this.#names.size === 0;
  }

  kindOf({ statements, isTransaction }: Pick<ReadStep, 'statements' | 'isTransaction'>): StepKind {
    const inside = new TemporaryNames();
    for (const name of this.#names) inside.#names.add(name);
    inside.#hasTriggers = this.#hasTriggers;
    const kinds = statements.map((statement) => {
      const kind = inside.#kindOfOne(statement);
      inside.#learnOne(statement);
      return kind;
    });
    if (kinds.includes('lasting')) return 'lasting';
    if (kinds.includes('alone')) return isTransaction ? 'lasting' : 'alone';
    return kinds.includes('temporary') ? 'temporary' : 'setting';
  }

  /** A step went through. */
  learn({ statements, end }: Pick<ReadStep, 'statements' | 'end'>): void {
    if (end === 'COMMIT') for (const statement of statements) this.#learnOne(statement);
  }

  #kindOfOne({ tokens }: ScriptStatement): StepKind {
    switch (keywordOf(tokens[0])) {
      case 'PRAGMA':
        return { connection: 'setting', file: 'lasting', 'file-alone': 'alone' }[
          pragmaKind(pragmaOf(tokens).name) ?? 'file'
        ] as StepKind;
      case 'VACUUM':
        return 'alone';
      case 'SAVEPOINT':
      case 'RELEASE':
      case 'ROLLBACK':
        return 'setting';
      case 'CREATE':
        return madeBy(tokens) !== null || this.#isOurs(placeAfter(tokens, 'ON', 'INDEX'))
          ? 'temporary'
          : 'lasting';
      case 'DROP':
      case 'ALTER':
        return this.#isOurs(placeAfter(tokens, 'TABLE') ?? placeAfter(tokens, 'VIEW'))
          ? 'temporary'
          : 'lasting';
      default:
        return !this.#hasTriggers && this.#isOurs(writtenBy(tokens)) ? 'temporary' : 'lasting';
    }
  }

  #learnOne({ tokens }: ScriptStatement): void {
    const made = madeBy(tokens);
    if (made !== null) {
      this.#names.add(made);
      if (makesTrigger(tokens)) this.#hasTriggers = true;
    }
    const keyword = keywordOf(tokens[0]);
    const changed = placeAfter(tokens, 'TABLE') ?? placeAfter(tokens, 'VIEW');
    if (changed === null || !this.#isOurs(changed)) return;
    if (keyword === 'DROP') this.#names.delete(changed.name);
    const renamed = keyword === 'ALTER' ? renamedTo(tokens) : null;
    if (renamed === null) return;
    this.#names.delete(changed.name);
    this.#names.add(renamed);
  }

  #isOurs(place: Place | null): boolean {
    return (
      place !== null && (place.schema === null || isTemporary(place.schema)) && this.#names.has(place.name)
    );
  }
}

/** Names without regard to case. */
interface Place {
  readonly schema: string | null;
  readonly name: string;
}

const isTemporary = (schema: string): boolean => schema === 'temp';

/** `[schema.]name` at that token. */
function placeAt(tokens: readonly Token[], at: number): Place | null {
  const [first, dot, second] = tokens.slice(at, at + 3);
  if (first === undefined || first.kind === 'symbol' || first.kind === 'number') return null;
  if (dot?.text !== '.' || second === undefined) return { schema: null, name: foldName(nameOf(first)) };
  return { schema: foldName(nameOf(first)), name: foldName(nameOf(second)) };
}

/** What follows the first `keyword`, and IF [NOT] EXISTS behind it; `among`: only in statements that have that word before. */
function placeAfter(tokens: readonly Token[], keyword: string, among?: string): Place | null {
  const at = tokens.findIndex((token) => keywordOf(token) === keyword);
  if (at === -1) return null;
  if (among !== undefined && !tokens.slice(0, at).some((token) => keywordOf(token) === among)) return null;
  let next = at + 1;
  while (/^(?:IF|NOT|EXISTS)$/.test(keywordOf(tokens[next]))) next++;
  return placeAt(tokens, next);
}

/** The temporary table, view or trigger that a statement makes; null: none. */
function madeBy(tokens: readonly Token[]): string | null {
  if (keywordOf(tokens[0]) !== 'CREATE') return null;
  const isTemp = /^TEMP(?:ORARY)?$/.test(keywordOf(tokens[1]));
  const word = keywordOf(tokens[isTemp ? 2 : 1]);
  if (!/^(?:TABLE|VIEW|TRIGGER|VIRTUAL)$/.test(word)) return null;
  const place = placeAfter(tokens, word === 'VIRTUAL' ? 'TABLE' : word);
  return place !== null && (isTemp || (place.schema !== null && isTemporary(place.schema)))
    ? place.name
    : null;
}

/** The table that INSERT, REPLACE, UPDATE or DELETE writes, a WITH before it or not; null: none. */
function writtenBy(tokens: readonly Token[]): Place | null {
  let depth = 0;
  for (const [at, token] of tokens.entries()) {
    if (token.text === '(') depth++;
    else if (token.text === ')') depth--;
    if (depth > 0) continue;
    const keyword = keywordOf(token);
    if (keyword === 'INSERT' || keyword === 'REPLACE') return placeAfter(tokens.slice(at), 'INTO');
    if (keyword === 'DELETE') return placeAfter(tokens.slice(at), 'FROM');
    if (keyword === 'UPDATE') return placeAt(tokens, keywordOf(tokens[at + 1]) === 'OR' ? at + 3 : at + 1);
    if (keyword === 'SELECT' || keyword === 'VALUES') return null;
  }
  return null;
}

/** `ALTER TABLE t RENAME TO u`. */
function renamedTo(tokens: readonly Token[]): string | null {
  const at = tokens.findIndex(
    (token, place) => keywordOf(token) === 'RENAME' && keywordOf(tokens[place + 1]) === 'TO',
  );
  return at === -1 ? null : (placeAt(tokens, at + 2)?.name ?? null);
}

const rowWords: ReadonlySet<string> = new Set([
  'INSERT',
  'REPLACE',
  'UPDATE',
  'DELETE',
  'SELECT',
  'VALUES',
  'WITH',
  'EXPLAIN',
]);

/** Whether a statement tells of rows; the others change none. */
export const tellsRows = ({ tokens }: ScriptStatement): boolean => rowWords.has(keywordOf(tokens[0]));

/** The settings among the statements of a step that went through: what a new connection lacks of it. */
export const settingsOf = ({ statements, end }: ReadStep): readonly ScriptStatement[] =>
  end === 'ROLLBACK'
    ? []
    : statements.filter(
        ({ tokens }) =>
          keywordOf(tokens[0]) === 'PRAGMA' && pragmaKind(pragmaOf(tokens).name) === 'connection',
      );
