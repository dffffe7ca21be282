import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createKeyedEngine } from '../../test/harness/keyed-engine.ts';
import type { ErrorCode } from '../core/error-catalogue.ts';
import type { AppError } from '../core/errors.ts';
import { type Content, noRemaps, type WriteOptions } from '../core/request.ts';
import type { Engine } from '../engines/engine.ts';
import { postgresEngine } from '../engines/postgres/engine.ts';
import { sqliteEngine } from '../engines/sqlite/engine.ts';
import { checkWriteOptions } from './check-write-options.ts';

const plain: WriteOptions = { remaps: noRemaps, tableExistsAction: null, globals: false };

const refused = (
  engine: Engine,
  options: Partial<WriteOptions>,
  content: Content,
  code: ErrorCode,
  field: string,
): void =>
  assert.throws(
    () => checkWriteOptions(engine, { ...plain, ...options }, content),
    (error: AppError) => error.code === code && error.field === field && error.hint !== '',
  );

test('what an engine can do passes', () => {
  for (const content of ['all', 'data_only', 'metadata_only'] as const) {
    checkWriteOptions(postgresEngine, { ...plain, tableExistsAction: 'truncate', globals: true }, content);
  }
  checkWriteOptions(sqliteEngine, plain, 'all');
  checkWriteOptions(sqliteEngine, plain, 'metadata_only');
});

test('where rows have keys, rows alone go by the key of each', () => {
  const { engine } = createKeyedEngine();
  const keyPrefixes = [{ source: '', target: 'a:' }];
  for (const tableExistsAction of [null, 'skip', 'replace', 'truncate'] as const) {
    const options = { ...plain, tableExistsAction, remaps: { ...noRemaps, keyPrefixes } };
    checkWriteOptions(engine, options, 'data_only');
  }
  refused(engine, { tableExistsAction: 'append' }, 'all', 'unsupported', 'table_exists_action');
  refused(engine, { globals: true }, 'all', 'unsupported', 'globals');
  refused(postgresEngine, { remaps: { ...noRemaps, keyPrefixes } }, 'all', 'unsupported', 'remap_keys');
});

test('what it cannot do is refused by its field', () => {
  refused(sqliteEngine, { tableExistsAction: 'append' }, 'all', 'unsupported', 'table_exists_action');
  refused(sqliteEngine, {}, 'data_only', 'unsupported', 'content');
  refused(sqliteEngine, { globals: true }, 'all', 'unsupported', 'globals');
  refused(
    sqliteEngine,
    { remaps: { ...noRemaps, schemas: [{ source: 'a', target: 'b' }] } },
    'all',
    'unsupported',
    'remap_schemas',
  );
});

test('what contradicts itself is refused by its field', () => {
  for (const tableExistsAction of ['skip', 'replace'] as const) {
    refused(postgresEngine, { tableExistsAction }, 'data_only', 'field-invalid', 'table_exists_action');
  }
  const tables = [{ table: 'a.b.c', target: 'x' }];
  refused(postgresEngine, { remaps: { ...noRemaps, tables } }, 'all', 'field-invalid', 'remap_tables');
});
