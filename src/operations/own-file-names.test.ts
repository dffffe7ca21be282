import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { LocationRequest, OwnFileRequest } from '../core/request.ts';
import { checkOwnFileNames } from './own-file-names.ts';

const dumps: LocationRequest = { type: 'directory', directory: 'DUMPS' };
const named = (names: readonly string[], location: LocationRequest = dumps): readonly OwnFileRequest[] =>
  names.map((file) => ({ location, file }));
const parts = (of: number, name = (part: number) => `cache-${part}_of_${of}.rdb.gz`): readonly string[] =>
  Array.from({ length: of }, (_, index) => name(index + 1));

const refused = (files: readonly OwnFileRequest[], says: RegExp): void =>
  assert.throws(() => checkOwnFileNames(files), { code: 'field-invalid', field: 'own_files', message: says });

test('names that say nothing of parts may be alone, and so may numbers that are none', () => {
  const alone = ['dump.rdb', 'a_of_b.rdb', '0_of_3.rdb', '4_of_3.rdb', '7_of_9999.rdb', 'x/1_of_1.rdb'];
  for (const name of alone) checkOwnFileNames(named([name]));
});

test('all parts in any order are whole', () => {
  for (const count of [1, 2, 3, 12, 1000]) checkOwnFileNames(named(parts(count).toReversed()));
  checkOwnFileNames(named([...parts(2), ...parts(3), 'dump.rdb']));
  checkOwnFileNames(named(parts(12, (part) => `deep/cache_${String(part).padStart(2, '0')}_of_12`)));
});

test('folders are no parts', () => {
  refused(named(['1_of_2/3_of_4/x2_of_2.rdb']), /lacks 1_of_2\/3_of_4\/x1_of_2\.rdb\.$/);
});

test('whatever part is missing is named', () => {
  for (const count of [2, 3, 11]) {
    for (const missing of parts(count)) {
      const rest = parts(count).filter((name) => name !== missing);
      refused(named(rest), new RegExp(`^own_files lacks ${missing.replaceAll('.', '\\.')}\\.$`));
    }
  }
  refused(named(['a-01_of_03.rdb']), /^own_files lacks a-02_of_03\.rdb, a-03_of_03\.rdb\.$/);
  refused(named(parts(20).slice(0, 2)), / and 13 more\.$/);
});

test('parts belong together where place and name are the same', () => {
  const elsewhere = { type: 'url', url: 's3://b', credential: null } as const;
  const [first = '', second = ''] = parts(2);
  refused([...named([first]), ...named([second], elsewhere)], /lacks cache-2_of_2/);
  refused(named([first, 'other-2_of_2.rdb.gz']), /lacks cache-2_of_2/);
  checkOwnFileNames([
    ...named([first], elsewhere),
    ...named([second], { ...elsewhere, credential: 'MINIO' }),
  ]);
});

test('a file that is named twice would be read twice', () => {
  refused(named(['a.rdb', 'b.rdb', 'a.rdb']), /^own_files names a\.rdb twice\.$/);
});
