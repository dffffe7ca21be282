import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { filterExpression } from './filter-text.ts';
import { decodeStart, type Operation } from './start-request.ts';

const address = { database: 'orcl', alias: 'pdbadmin' };
const decode = (operation: Operation | null, body: unknown) => decodeStart(operation, body, address);

describe('the published requests', () => {
  it('P1: tables of one schema', () => {
    const { operation, input, apiData } = decode('EXPORT', {
      job_mode: 'TABLE',
      name_expressions: [{ expression: "!='EMP'" }, { expression: "LIKE 'EMP%'" }],
      schema_expressions: [{ expression: "IN ('SCOTT')" }],
    });
    assert.equal(operation, 'EXPORT');
    assert.deepEqual(input, {
      database: 'orcl',
      mode: 'table',
      nameExpressions: ["!='EMP'", "LIKE 'EMP%'"],
      schemaExpressions: ["IN ('SCOTT')"],
      ownSchemaOf: 'pdbadmin',
    });
    assert.deepEqual(apiData, { jobMode: 'TABLE', keepMaster: 1, ignoredMembers: [] });
  });

  it('P2: the older form of an export', () => {
    const command = decode(null, {
      operation: 'EXPORT',
      schema_expressions: [{ expression: "IN ( 'HR' )" }],
    });
    assert.equal(command.operation, 'EXPORT');
    assert.deepEqual(command.input, {
      database: 'orcl',
      schemaExpressions: ["IN ( 'HR' )"],
      ownSchemaOf: 'pdbadmin',
    });
  });

  it('P3: the older form of an import', () => {
    const command = decode(null, {
      operation: 'IMPORT',
      job_mode: 'FULL',
      file_name: 'EXPDAT%U2019-03-25-12_55_03.DMP',
      remap_schemas: [{ source: 'HR', target: 'BLAKE' }],
    });
    assert.equal(command.operation, 'IMPORT');
    assert.deepEqual(command.input, {
      database: 'orcl',
      mode: 'full',
      filePattern: 'EXPDAT%U2019-03-25-12_55_03.DMP',
      remapSchemas: [{ source: 'HR', target: 'BLAKE' }],
    });
  });

  it('P5: a bucket, by a credential and the URI of the dump files', () => {
    const place = {
      credential_name: 'DATAPUMP_CRED_NAME',
      file_name: 'https://objectstorage.example.net/n/space/b/DataPumpBucket/o/EXPDAT%U-DBTST.DMP',
    };
    const where = {
      location: {
        type: 'url',
        url: 'https://objectstorage.example.net/n/space/b/DataPumpBucket/o',
        credential: 'DATAPUMP_CRED_NAME',
      },
      filePattern: 'EXPDAT%U-DBTST.DMP',
    };
    const exported = decode('EXPORT', {
      ...place,
      job_mode: 'SCHEMA',
      name_expressions: [{ expression: "!='JOB_HISTORY'" }],
      datapump_dir: 'HAS_NO_PART_IN_IT',
    });
    assert.deepEqual(exported.input, {
      database: 'orcl',
      mode: 'schema',
      nameExpressions: ["!='JOB_HISTORY'"],
      ownSchemaOf: 'pdbadmin',
      ...where,
    });
    const imported = decode(null, { ...place, operation: 'IMPORT' });
    assert.deepEqual(imported.input, { database: 'orcl', remapSchemas: [], ...where });
  });

  it('P4: an import', () => {
    const { input } = decode('IMPORT', {
      job_mode: 'SCHEMA',
      file_name: 'EXPDAT%U-13_12_45.DMP',
      tablespace_expressions: [{ expression: "= 'USERS'" }],
      remap_schemas: [{ source: 'SCOTT', target: 'HR' }],
    });
    assert.deepEqual(input, {
      database: 'orcl',
      mode: 'schema',
      filePattern: 'EXPDAT%U-13_12_45.DMP',
      tablespaceExpressions: ["= 'USERS'"],
      remapSchemas: [{ source: 'SCOTT', target: 'HR' }],
    });
  });
});

describe('a start request', () => {
  it('takes the defaults of an empty object', () => {
    const { input, apiData } = decodeStart('EXPORT', {}, { database: 'orcl', alias: null });
    assert.deepEqual(input, { database: 'orcl' });
    assert.deepEqual(apiData, { jobMode: null, keepMaster: 1, ignoredMembers: [] });
  });

  it('takes null members for absent ones', () => {
    const { input } = decode('EXPORT', {
      job_mode: null,
      threads: null,
      name_expressions: null,
      filter: null,
    });
    assert.deepEqual(input, { database: 'orcl', ownSchemaOf: 'pdbadmin' });
  });

  it('ignores unknown members, and keeps their names but not their values', () => {
    const { apiData } = decode('EXPORT', { encryption_password: 'hush', logtime: 'ALL' });
    assert.deepEqual(apiData.ignoredMembers, ['encryption_password', 'logtime']);
    assert.doesNotMatch(JSON.stringify(apiData), /hush/);
  });

  it('carries directory, threads and keep_master', () => {
    const { input, apiData } = decode('EXPORT', {
      datapump_dir: 'TIDES',
      threads: 2,
      keep_master: 0,
      file_name: 'TIDE%U.DMP',
    });
    assert.deepEqual(input.location, { type: 'directory', directory: 'TIDES' });
    assert.equal(input.threads, 2);
    assert.equal(input.filePattern, 'TIDE%U.DMP');
    assert.equal(apiData.keepMaster, 0);
  });

  it('puts filter on the kind of object that the mode is made of', () => {
    assert.deepEqual(decode('EXPORT', { filter: 'HR' }).input.schemaExpressions, ["IN ('HR')"]);
    assert.deepEqual(decode('EXPORT', { job_mode: 'TABLE', filter: 'EMP' }).input.nameExpressions, [
      "IN ('EMP')",
    ]);
    assert.deepEqual(
      decode('EXPORT', { job_mode: 'TABLESPACE', filter: 'USERS' }).input.tablespaceExpressions,
      ["IN ('USERS')"],
    );
  });
});

describe('a malformed start request is refused by name', () => {
  const cases: readonly [Operation | null, unknown, string, RegExp][] = [
    ['EXPORT', undefined, 'request-malformed', /must be a JSON object, not empty/],
    ['EXPORT', [], 'request-malformed', /not an array/],
    ['EXPORT', 'FULL', 'request-malformed', /not "FULL"/],
    [
      'EXPORT',
      { job_mode: 'EVERYTHING' },
      'mode-invalid',
      /job_mode must be FULL, SCHEMA, TABLE or TABLESPACE/,
    ],
    ['EXPORT', { job_mode: 1 }, 'field-invalid', /job_mode must be a string, not 1/],
    ['EXPORT', { threads: 0 }, 'field-invalid', /threads must be a whole number of 1 or more, not 0/],
    ['EXPORT', { threads: -1 }, 'field-invalid', /threads .* not -1/],
    ['EXPORT', { threads: 1.5 }, 'field-invalid', /threads .* not 1\.5/],
    ['EXPORT', { threads: '2' }, 'field-invalid', /threads .* not "2"/],
    ['EXPORT', { threads: 1e300 }, 'field-invalid', /threads/],
    ['EXPORT', { keep_master: 2 }, 'field-invalid', /keep_master must be 0 or 1, not 2/],
    ['EXPORT', { keep_master: true }, 'field-invalid', /keep_master must be 0 or 1, not true/],
    [
      'EXPORT',
      { name_expressions: "LIKE 'A'" },
      'field-invalid',
      /name_expressions must be an array of objects/,
    ],
    [
      'EXPORT',
      { name_expressions: ["LIKE 'A'"] },
      'field-invalid',
      /name_expressions\[0\] must be an object/,
    ],
    [
      'EXPORT',
      { schema_expressions: [{}] },
      'field-invalid',
      /schema_expressions\[0\]\.expression is missing/,
    ],
    [
      'EXPORT',
      { schema_expressions: [{ expression: 1 }] },
      'field-invalid',
      /expression must be a string, not 1/,
    ],
    ['EXPORT', { tablespace_expressions: [{ expression: ' ' }] }, 'field-invalid', /expression is empty/],
    ['EXPORT', { file_name: 'a/b.dmp' }, 'file-name-invalid', /file_name holds a slash/],
    ['EXPORT', { file_name: '/etc/passwd' }, 'file-name-invalid', /file_name holds a slash/],
    ['EXPORT', { file_name: 'a\\b.dmp' }, 'file-name-invalid', /file_name holds a slash/],
    ['EXPORT', { file_name: '..' }, 'file-name-invalid', /file_name holds \.\./],
    ['EXPORT', { file_name: '' }, 'file-name-invalid', /file_name is empty/],
    ['EXPORT', { file_name: 5 }, 'field-invalid', /file_name must be a string/],
    ['EXPORT', { datapump_dir: {} }, 'field-invalid', /datapump_dir must be a string, not an object/],
    ['EXPORT', { credential_name: 'C' }, 'field-invalid', /file_name is missing: with credential_name/],
    ['EXPORT', { credential_name: 'C', file_name: 'A.DMP' }, 'field-invalid', /file_name must be a URI/],
    [
      'EXPORT',
      { credential_name: 'C', file_name: 'https://ann:secret@h/' },
      'field-invalid',
      /^(?!.*secret).*file_name must be a URI that ends in the name of the dump file/,
    ],
    ['IMPORT', { credential_name: 'C' }, 'field-invalid', /file_name is missing: with credential_name/],
    [
      'IMPORT',
      { credential_name: 5, file_name: 's3://b/a' },
      'field-invalid',
      /credential_name must be a string/,
    ],
    ['EXPORT', { job_mode: 'FULL', filter: 'HR' }, 'field-invalid', /filter has no meaning in job_mode FULL/],
    ['EXPORT', { filter: 'HR,' }, 'expression-invalid', /filter cannot be read at character 4/],
    ['EXPORT', { filter: '' }, 'expression-invalid', /filter cannot be read at character 1/],
    ['EXPORT', { remap_schemas: [] }, 'field-invalid', /remap_schemas is not accepted on an export/],
    ['IMPORT', {}, 'field-invalid', /file_name is missing: an import/],
    ['IMPORT', { file_name: 'A.DMP', filter: 'HR' }, 'field-invalid', /filter is not accepted on an import/],
    ['IMPORT', { file_name: 'A.DMP', remap_schemas: {} }, 'field-invalid', /remap_schemas must be an array/],
    [
      'IMPORT',
      { file_name: 'A.DMP', remap_schemas: [{ source: 'A' }] },
      'field-invalid',
      /remap_schemas\[0\]\.target is missing/,
    ],
    [
      'IMPORT',
      {
        file_name: 'A.DMP',
        remap_schemas: [
          { source: 'A', target: 'B' },
          { source: 'A', target: 'C' },
        ],
      },
      'field-invalid',
      /remap_schemas gives "A" more than one target/,
    ],
    [null, {}, 'field-invalid', /operation is missing/],
    [null, { operation: 'COPY' }, 'field-invalid', /operation must be EXPORT or IMPORT, not "COPY"/],
  ];
  for (const [operation, body, code, message] of cases) {
    it(`${operation} ${JSON.stringify(body)}`, () => {
      assert.throws(
        () => decode(operation, body),
        (error) => error instanceof AppError && error.code === code && message.test(error.message),
      );
    });
  }
});

describe('filter text', () => {
  const cases: readonly [string, string][] = [
    ['HR', "IN ('HR')"],
    ['HR, SCOTT', "IN ('HR', 'SCOTT')"],
    ["'HR','O''Neil'", "IN ('HR', 'O''Neil')"],
    ['"Mixed ""Case""",b', `IN ('Mixed "Case"', 'b')`],
    ["IN ('HR')", "IN ('HR')"],
    ["not in ('HR')", "not in ('HR')"],
    ["LIKE 'E%'", "LIKE 'E%'"],
    ["!='EMP'", "!='EMP'"],
    ['INVOICES', "IN ('INVOICES')"],
    ['LIKES', "IN ('LIKES')"],
  ];
  for (const [filter, expected] of cases) {
    it(filter, () => assert.equal(filterExpression(filter), expected));
  }
});
