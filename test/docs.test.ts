import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { type OptionDeclaration, optionList } from '../src/config/options.ts';
import { errorCatalogue } from '../src/core/error-catalogue.ts';

/*
 * docs/options.md and docs/errors.md are held equal to the code, both ways: each declaration has its row, each row its declaration.
 * When a test here fails, it says which line to add, change or remove.
 */

const cell = (text: string): string => text.replaceAll('|', '\\|');
const row = (...cells: string[]): string => `| ${cells.map(cell).join(' | ')} |`;

/** The rows of the first table of a page, without its two head lines. */
async function tableOf(page: string): Promise<readonly string[]> {
  const text = await readFile(new URL(`../docs/${page}`, import.meta.url), 'utf8');
  const lines = text.split('\n');
  const head = lines.findIndex((line) => line.startsWith('| '));
  const end = lines.findIndex((line, index) => index > head && !line.startsWith('|'));
  return lines.slice(head + 2, end < 0 ? undefined : end);
}

function assertSameRows(page: string, written: readonly string[], declared: readonly string[]): void {
  const missing = declared.filter((line) => !written.includes(line));
  const extra = written.filter((line) => !declared.includes(line));
  assert.ok(
    missing.length === 0 && extra.length === 0,
    [
      `docs/${page} differs from the code.`,
      ...missing.map((line) => `add:    ${line}`),
      ...extra.map((line) => `remove: ${line}`),
    ].join('\n'),
  );
  assert.deepEqual(written, declared, `The rows of docs/${page} stand in another order than in the code.`);
}

const readers = {
  all: 'all commands',
  serve: 'serve',
  jobs: 'commands that run jobs',
  places: 'commands that go to places of dump files',
} as const;

/** Whether an option can stand in the config folder. */
function inFolder({
  settable,
  secret,
  perDatabase,
}: Pick<OptionDeclaration, 'settable' | 'secret' | 'perDatabase'>): string {
  if (!settable) return 'no';
  if (secret) return 'sealed';
  return perDatabase ? 'yes, also per database' : 'yes';
}

test('docs/options.md has exactly the declared options', async () => {
  const declared = optionList.map(
    ([, { name, flag, env, type, defaultText, help, readBy, settable, secret, perDatabase }]) =>
      row(
        `\`${name}\``,
        flag === null ? '-' : `\`${flag}\``,
        `\`${env}\``,
        inFolder({ settable, secret, perDatabase }),
        type.describe,
        defaultText,
        readers[readBy],
        help,
      ),
  );
  assertSameRows('options.md', await tableOf('options.md'), declared);
});

test('docs/errors.md has exactly the declared errors', async () => {
  const declared = Object.entries(errorCatalogue).map(([code, { kind, when, hint }]) =>
    row(`\`${code}\``, kind, when, hint),
  );
  assertSameRows('errors.md', await tableOf('errors.md'), declared);
});

test('no retired error code is in use again', async () => {
  const text = await readFile(new URL('../docs/errors.md', import.meta.url), 'utf8');
  const retired = text.split('\n## Retired codes\n')[1];
  assert.ok(retired !== undefined, 'docs/errors.md has no section "Retired codes".');
  for (const [, code = ''] of retired.matchAll(/^- `([a-z-]+)`/gm)) {
    assert.ok(!(code in errorCatalogue), `The code ${code} was retired and must not be used again.`);
  }
});
