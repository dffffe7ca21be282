import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { errorCatalogue } from '../core/error-catalogue.ts';
import { exitCodeOfKind, exitCodes } from './exit-codes.ts';

test('the guide shows the same exit codes', () => {
  const guide = readFileSync(new URL('../../docs/guides/command-line.md', import.meta.url), 'utf8');
  const rows = [...guide.matchAll(/^\| (\d+) \| (.+) \|$/gm)].map(([, code, meaning]) => [
    Number(code),
    meaning,
  ]);
  assert.deepEqual(
    rows,
    Object.values(exitCodes).map(({ code, meaning }) => [code, meaning]),
  );
});

test('no error gives exit code 0', () => {
  for (const { kind } of Object.values(errorCatalogue))
    assert.notEqual(exitCodes[exitCodeOfKind[kind]].code, 0);
});
