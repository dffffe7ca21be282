import { test } from 'node:test';
import fc from 'fast-check';
import { AppError } from '../../core/errors.ts';
import { readChanges } from './bdb-changes.ts';
import { bdbView } from './bdb-view.ts';
import { readSources } from './import-routes.ts';
import { locationTypes } from './location-fields.ts';
import { readDestination, readSource } from './locations.ts';

/* Whatever a body holds, it is read or refused, and never a defect. */

const words = fc.constantFrom(
  ...locationTypes,
  'swift',
  'ftp://a:b@host/c/d.rdb',
  'sftp://%zz@host',
  'https://h/?q',
  'redis://h',
  '/a/b',
  '..',
  '',
);
const names = fc.constantFrom(
  'type',
  'url',
  'sftp_url',
  'key',
  'bucket_name',
  'subdir',
  'filename',
  'container',
  'account_key',
  'path',
  'tags',
  'backup',
  'dataset_import_sources',
  'skip_import_analyze',
  'uid',
);
const json = fc.letrec((tie) => ({
  value: fc.oneof(
    { maxDepth: 3 },
    words,
    fc.jsonValue({ maxDepth: 1 }),
    tie('object'),
    fc.array(tie('value'), { maxLength: 3 }),
  ),
  object: fc.dictionary(names, tie('value'), { maxKeys: 6 }),
})).value;

const now = bdbView(
  { name: 'harbor', uid: 7, engine: 'redis', url: '', shared: false, createdAt: 0 },
  {},
  { newestExport: null, newestImport: null, lastExport: null, running: null },
  null,
);

const readers: readonly (readonly [string, (value: unknown) => unknown])[] = [
  ['a destination', (value) => readDestination(value, 'x')],
  ['a source', (value) => readSource(value, 'x')],
  ['a list of sources', readSources],
  ['the changes of a database', (value) => readChanges({ ...(value as object) }, now)],
];

for (const [what, read] of readers) {
  test(`${what} is read or refused`, () => {
    fc.assert(
      fc.property(json, (value) => {
        try {
          read(value);
        } catch (error) {
          if (!(error instanceof AppError) || error.kind === 'internal') throw error;
        }
      }),
      { numRuns: 500 },
    );
  });
}
