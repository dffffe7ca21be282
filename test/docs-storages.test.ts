import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import test from 'node:test';
import { storageDrivers } from '../src/app.ts';
import { withEncryption } from '../src/service/credential-types.ts';
import { credentialTypesOf } from '../src/storages/credential-types.ts';
import type { PlaceOption } from '../src/storages/storage.ts';

/*
 * The tables of docs/guides/storages.md are held equal to what the drivers declare. When a test here fails, it prints the table as it has
 * to be.
 */

const guide = await readFile(new URL('../docs/guides/storages.md', import.meta.url), 'utf8');
const code = (text: string): string => `\`${text}\``;
const row = (...cells: readonly string[]): string =>
  `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;

/** The rows of the table below a heading, without its two head lines. */
function tableBelow(heading: string): readonly string[] {
  const section = guide.split(`\n## ${heading}\n`)[1]?.split('\n## ')[0] ?? '';
  return section
    .split('\n')
    .filter((line) => line.startsWith('| '))
    .slice(1);
}

function assertTable(heading: string, rows: readonly string[]): void {
  assert.deepEqual(tableBelow(heading), rows, `The table below "${heading}" has to be:\n${rows.join('\n')}`);
}

const schemesOf = (schemes: readonly string[]): string =>
  schemes.map((scheme) => code(`${scheme}:`)).join(', ');
const sentence = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1);

test('every kind of place is there, with an example and the credentials that it takes', () => {
  assertTable(
    'Places',
    storageDrivers.map(({ schemes, example, credentialTypes }) =>
      row(schemesOf(schemes), code(example), credentialTypes.map(({ id }) => code(id)).join(', ') || 'none'),
    ),
  );
});

test('every option of a place is there', () => {
  const byText = new Map<string, { readonly option: PlaceOption; readonly schemes: string[] }>();
  for (const { schemes, options } of storageDrivers) {
    for (const option of options) {
      const known = byText.get(`${option.name} ${option.help}`) ?? { option, schemes: [] };
      byText.set(`${option.name} ${option.help}`, known);
      known.schemes.push(...schemes);
    }
  }
  assertTable(
    'Options of places',
    [...byText.values()].map(({ option, schemes }) =>
      row(schemesOf(schemes), code(option.name), sentence(option.help)),
    ),
  );
});

test('every kind of credential is there, with what is needed for it', () => {
  const needs = {
    'id-and-secret': 'both',
    secret: 'the secret',
    choice: 'the secret, or the option `keys`',
  } as const;
  assertTable(
    'Kinds of credentials',
    withEncryption(credentialTypesOf(storageDrivers)).map((type) =>
      row(code(type.id), type.idName ?? 'none', type.secretName, needs[type.needs]),
    ),
  );
  const own = new Set(storageDrivers.flatMap(({ credentialTypes }) => credentialTypes));
  const options = new Map(
    [...own].flatMap(({ id, options }) => options.map((each) => [`${id} ${each.name}`, { id, ...each }])),
  );
  assertTable(
    'Options of credentials',
    [...options.values()].map(({ id, name, help }) => row(code(id), code(name), sentence(help))),
  );
});
