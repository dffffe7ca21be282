import { foldName, receiptTable } from './names.ts';
import { pragmaKind } from './script-pragmas.ts';
import { type ScriptStatement, scriptInvalid } from './script-statements.ts';
import { keywordOf, nameOf, type Token } from './script-tokens.ts';

/** Throws `script-invalid` for what leaves the database file, or takes from under a script what it stands on. */
export function refuseStatement({ tokens, line }: ScriptStatement): void {
  const refuse = (what: string, hint?: string): never => {
    throw scriptInvalid(line, what, hint);
  };
  const [first] = tokens;
  const keyword = keywordOf(first);
  if (first?.text === '.')
    refuse('commands that begin with a dot are those of the program sqlite3', 'Leave it out.');
  if (keyword === 'ATTACH' || keyword === 'DETACH')
    refuse(`${keyword} is about other files than the database`);
  if (keyword === 'VACUUM' && tokens.some((token) => keywordOf(token) === 'INTO')) {
    refuse('VACUUM INTO writes another file');
  }
  if (keyword === 'PRAGMA') {
    const { name, value } = pragmaOf(tokens);
    if (pragmaKind(name) === null) refuse(`PRAGMA ${name} is not for scripts`);
    if (name === 'journal_mode' && /^(?:off|memory)$/i.test(value)) {
      refuse('without a journal on the disk a crash would damage the database');
    }
  }
  for (const [at, token] of tokens.entries()) {
    if (token.kind === 'parameter') refuse('a script has no values for parameters');
    if (token.kind === 'number' || token.kind === 'symbol') continue;
    const name = foldName(nameOf(token));
    if (name === 'load_extension' && tokens[at + 1]?.text === '(')
      refuse('load_extension brings a library into the process');
    if (name.includes(receiptTable)) refuse(`the table ${receiptTable} belongs to the jobs that run`);
  }
}

/** `PRAGMA [schema.]name [= value | (value)]`; '' for what is not there. */
export function pragmaOf(tokens: readonly Token[]): { readonly name: string; readonly value: string } {
  const named = tokens[2]?.text === '.' ? tokens[3] : tokens[1];
  const behind = named === undefined ? undefined : tokens[tokens.indexOf(named) + 2];
  const wordOf = (token: Token | undefined): string =>
    token === undefined || token.kind === 'symbol'
      ? ''
      : token.kind === 'number'
        ? token.text
        : nameOf(token);
  return { name: wordOf(named).toLowerCase(), value: wordOf(behind) };
}
