import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { extensionMembers } from './start-options.ts';
import { decodeStart, type Operation } from './start-request.ts';

const decode = (operation: Operation, body: object) =>
  decodeStart(operation, body, { database: 'orcl', alias: null });
const refused =
  (field: string, says: RegExp) =>
  (error: unknown): boolean =>
    error instanceof AppError &&
    error.code === 'field-invalid' &&
    error.field === field &&
    error.message.includes(field) &&
    says.test(error.message);

describe('the options of an export that ORDS does not have', () => {
  it('become those of the service', () => {
    const { input, apiData } = decode('EXPORT', {
      content: 'DATA_ONLY',
      consistency: 'table',
      include: [{ type: 'TABLE' }, { type: 'INDEX', expression: "LIKE 'EMP%'" }],
      exclude: [{ type: 'TRIGGER', expression: null }],
      query: [{ table: 'HR.EMP', where: 'salary > 1000' }],
      sample: [{ percent: 10 }, { table: 'HR.LOG', percent: 0.5 }],
      exclude_columns: [{ table: 'HR.EMP', columns: ['NOTES'] }],
      mask: [
        { table: 'HR.EMP', column: 'EMAIL', method: 'HASH' },
        { table: 'HR.EMP', column: 'PHONE', method: 'partial', keep_first: 2 },
        { table: 'HR.EMP', column: 'CITY', method: 'CONSTANT', value: '' },
      ],
      encoding: 'BINARY',
      compression: 'ZSTD',
      encryption_key: 'VAULT',
      file_size: 5368709120,
      estimate: true,
    });
    assert.deepEqual(input, {
      database: 'orcl',
      content: 'data_only',
      consistency: 'table',
      include: [
        { type: 'TABLE', nameExpression: null },
        { type: 'INDEX', nameExpression: "LIKE 'EMP%'" },
      ],
      exclude: [{ type: 'TRIGGER', nameExpression: null }],
      queries: [{ table: 'HR.EMP', where: 'salary > 1000' }],
      samples: [
        { table: null, percent: 10 },
        { table: 'HR.LOG', percent: 0.5 },
      ],
      excludeColumns: [{ table: 'HR.EMP', columns: ['NOTES'] }],
      masks: [
        { table: 'HR.EMP', column: 'EMAIL', method: 'hash' },
        { table: 'HR.EMP', column: 'PHONE', method: 'partial', keepFirst: 2 },
        { table: 'HR.EMP', column: 'CITY', method: 'constant', value: '' },
      ],
      encoding: 'binary',
      compression: 'zstd',
      encryptionKey: 'VAULT',
      fileSize: 5368709120,
      estimate: true,
    });
    assert.deepEqual(apiData.ignoredMembers, []);
  });

  it("take Data Pump's words for compression", () => {
    const compression = (word: string) => {
      const { input } = decode('EXPORT', { compression: word });
      return 'compression' in input ? input.compression : undefined;
    };
    assert.deepEqual(['ALL', 'DATA_ONLY', 'zstd'].map(compression), ['zstd', 'zstd', 'zstd']);
  });

  const wrong: readonly (readonly [body: object, field: string, says: RegExp])[] = [
    [{ content: 'ROWS' }, 'content', /ALL, DATA_ONLY or METADATA_ONLY, not "ROWS"/],
    [{ consistency: 7 }, 'consistency', /SNAPSHOT or TABLE, not 7/],
    [{ include: 'TABLE' }, 'include', /array of objects, not "TABLE"/],
    [{ include: ['TABLE'] }, 'include', /include\[0\] must be an object/],
    [{ exclude: [{}] }, 'exclude[0].type', /missing/],
    [{ include: [{ type: 'INDEX', expression: ' ' }] }, 'include[0].expression', /empty/],
    [{ query: [{ table: 'EMP' }] }, 'query[0].where', /missing/],
    [{ query: [{ where: 'a = 1' }] }, 'query[0].table', /missing/],
    [{ sample: [{}] }, 'sample[0].percent', /missing/],
    [{ sample: [{ percent: '5' }] }, 'sample[0].percent', /number, not "5"/],
    [{ exclude_columns: [{ table: 'EMP', columns: 'A' }] }, 'exclude_columns[0].columns', /array of strings/],
    [{ exclude_columns: [{ table: 'EMP', columns: [7] }] }, 'exclude_columns[0].columns', /array of strings/],
    [{ mask: [{ table: 'EMP', column: 'A' }] }, 'mask[0].method', /missing/],
    [
      { mask: [{ table: 'EMP', column: 'A', method: 'ROT13' }] },
      'mask[0].method',
      /NULL, CONSTANT, HASH or PARTIAL/,
    ],
    [
      { mask: [{ table: 'E', column: 'A', method: 'PARTIAL', keep_last: '4' }] },
      'mask[0].keep_last',
      /number/,
    ],
    [{ compression: 'NONE' }, 'compression', /NONE is not possible/],
    [{ compression: 'METADATA_ONLY' }, 'compression', /METADATA_ONLY is not possible/],
    [{ compression: 'GZIP' }, 'compression', /ZSTD, ALL/],
    [{ file_size: '5GB' }, 'file_size', /must be a number/],
    [{ encryption_key: 7 }, 'encryption_key', /must be a string/],
    [{ encoding: 7 }, 'encoding', /must be a string, not 7/],
    [{ estimate: 'YES' }, 'estimate', /true or false, not "YES"/],
    [{ table_exists_action: 'SKIP' }, 'table_exists_action', /not accepted on an export/],
    [{ dry_run: true }, 'dry_run', /not accepted on an export/],
  ];
  for (const [body, field, says] of wrong) {
    it(`are refused by name: ${JSON.stringify(body)}`, () => {
      assert.throws(() => decode('EXPORT', body), refused(field, says));
    });
  }
});

describe('the options of an import that ORDS does not have', () => {
  const file_name = 'TIDE%U.DMP';

  it('become those of the service', () => {
    const { input } = decode('IMPORT', {
      file_name,
      content: 'ALL',
      exclude: [{ type: 'REF_CONSTRAINT' }],
      remap_tables: [{ table: 'HR.EMP', target: 'EMP_OLD' }],
      remap_tablespaces: [{ source: 'USERS', target: 'FAST' }],
      remap_owner: [{ source: 'HR', target: 'BLAKE' }],
      remap_keys: [{ source: '', target: 'old:' }],
      erase: false,
      table_exists_action: 'TRUNCATE',
      globals: true,
      encryption_key: 'VAULT',
      dry_run: true,
    });
    assert.deepEqual(input, {
      database: 'orcl',
      filePattern: file_name,
      remapSchemas: [],
      content: 'all',
      exclude: [{ type: 'REF_CONSTRAINT', nameExpression: null }],
      remapTables: [{ table: 'HR.EMP', target: 'EMP_OLD' }],
      remapTablespaces: [{ source: 'USERS', target: 'FAST' }],
      remapOwners: [{ source: 'HR', target: 'BLAKE' }],
      remapKeys: [{ source: '', target: 'old:' }],
      erase: false,
      tableExistsAction: 'truncate',
      globals: true,
      encryptionKey: 'VAULT',
      dryRun: true,
    });
  });

  it('name files of the own format of a database instead of a dump file', () => {
    const own_files = [
      { file_name: 'dump.rdb' },
      { datapump_dir: 'BACKUPS', file_name: 'dump.rdb.gz' },
      { credential_name: 'MINIO', file_name: 's3://b/p/dump.rdb?region=r' },
    ];
    const { input } = decode('IMPORT', { own_files, erase: true });
    assert.deepEqual(input, {
      database: 'orcl',
      ownFiles: [
        { file: 'dump.rdb' },
        { location: { type: 'directory', directory: 'BACKUPS' }, file: 'dump.rdb.gz' },
        { location: { type: 'url', url: 's3://b/p?region=r', credential: 'MINIO' }, file: 'dump.rdb' },
      ],
      remapSchemas: [],
      erase: true,
    });
  });

  it('name them as dump files are named', () => {
    const wrong: readonly (readonly [entry: object, code: string, says: RegExp])[] = [
      [{ file_name: '../dump.rdb' }, 'file-name-invalid', /slash/],
      [{ credential_name: 'C', file_name: 'dump.rdb' }, 'field-invalid', /must be a URI/],
    ];
    for (const [entry, code, message] of wrong) {
      const own_files = [{ file_name: 'one.rdb' }, entry];
      assert.throws(() => decode('IMPORT', { own_files }), {
        code,
        message,
        field: 'own_files[1].file_name',
      });
    }
  });

  const wrong: readonly (readonly [body: object, field: string, says: RegExp])[] = [
    [{ own_files: ['dump.rdb'] }, 'own_files', /must be an object/],
    [{ own_files: [{ datapump_dir: 'D' }] }, 'own_files[0].file_name', /missing/],
    [{ remap_keys: [{ source: 'A' }] }, 'remap_keys[0].target', /missing/],
    [{ erase: 'yes' }, 'erase', /true or false/],
    [{ remap_tables: [{ table: 'EMP' }] }, 'remap_tables[0].target', /missing/],
    [{ remap_tablespaces: [{ source: 'A' }] }, 'remap_tablespaces[0].target', /missing/],
    [{ remap_owner: [{ target: 'A' }] }, 'remap_owner[0].source', /missing/],
    [{ remap_owner: { source: 'A', target: 'B' } }, 'remap_owner', /array of objects/],
    [{ table_exists_action: 'DROP' }, 'table_exists_action', /SKIP, APPEND, TRUNCATE or REPLACE/],
    [{ globals: 1 }, 'globals', /true or false, not 1/],
    [{ query: [] }, 'query', /not accepted on an import/],
    [{ file_size: 5368709120 }, 'file_size', /not accepted on an import/],
    [{ estimate: true }, 'estimate', /not accepted on an import/],
  ];
  for (const [body, field, says] of wrong) {
    it(`are refused by name: ${JSON.stringify(body)}`, () => {
      assert.throws(() => decode('IMPORT', { file_name, ...body }), refused(field, says));
    });
  }
});

it('null members are absent', () => {
  const body = Object.fromEntries(extensionMembers.map((name) => [name, null]));
  assert.deepEqual(decode('EXPORT', body).input, { database: 'orcl' });
  assert.deepEqual(decode('IMPORT', { file_name: 'A.DMP', ...body }).input, {
    database: 'orcl',
    filePattern: 'A.DMP',
    remapSchemas: [],
  });
});
