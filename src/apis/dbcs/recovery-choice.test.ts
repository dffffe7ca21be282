import assert from 'node:assert/strict';
import { test } from 'node:test';
import { readRecovery } from './recovery-choice.ts';

test('each field chooses in its way, and is kept as lists print it', () => {
  for (const latest of ['yes', true])
    assert.deepEqual(readRecovery({ latest }), { choice: { type: 'latest' }, parameters: { latest: 'yes' } });
  assert.deepEqual(readRecovery({ tag: 'TAG20260213T021840', keepForever: true, other: 1 }), {
    choice: { type: 'tag', tag: 'TAG20260213T021840' },
    parameters: { tag: 'TAG20260213T021840' },
  });
  assert.deepEqual(readRecovery({ scn: '0/1A2B3C4' }), {
    choice: { type: 'position', position: '0/1A2B3C4' },
    parameters: { scn: '0/1A2B3C4' },
  });
});

test('a timestamp means its whole second, which is what lists print', () => {
  const { choice } = readRecovery({ timestamp: '13-Feb-2026 02:18:40' });
  assert.deepEqual(choice, { type: 'time', notAfter: Date.UTC(2026, 1, 13, 2, 18, 40, 999) });
});

test('two fields, none, and values of another form are refused by the name of the field', () => {
  const refused: readonly (readonly [body: Record<string, unknown>, field: string])[] = [
    [{}, 'body'],
    [{ keepForever: false }, 'body'],
    [{ latest: 'yes', scn: '1' }, 'body'],
    [{ latest: false }, 'latest'],
    [{ latest: null }, 'latest'],
    [{ tag: ['TAG'] }, 'tag'],
    [{ tag: ' ' }, 'tag'],
    [{ timestamp: 1_455_000_000 }, 'timestamp'],
    [{ timestamp: 'yesterday' }, 'timestamp'],
    [{ scn: 12 }, 'scn'],
    [{ latest: 'yes', keepForever: 'no' }, 'keepForever'],
  ];
  for (const [body, field] of refused)
    assert.throws(() => readRecovery(body), { code: 'field-invalid', field }, JSON.stringify(body));
});
