import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { completeRequest } from './stored-request.ts';

const selection = { mode: 'full', nameExpressions: [], schemaExpressions: [], tablespaceExpressions: [] };
const location = { type: 'directory', directory: 'D' };

describe('a stored request', () => {
  it('of an export of an earlier version gets the defaults that it was run with', () => {
    const stored = {
      kind: 'export',
      database: 'd',
      selection,
      location,
      filePattern: null,
      encoding: 'text',
      threads: 2,
    };
    assert.deepEqual(completeRequest(stored), {
      ...stored,
      content: 'all',
      consistency: 'snapshot',
      include: [],
      exclude: [],
      queries: [],
      samples: [],
      excludeColumns: [],
      masks: [],
      compression: 'zstd',
      encryptionKey: null,
      fileSize: null,
      estimate: false,
    });
  });

  it('of an import of an earlier version keeps its remaps', () => {
    const remapSchemas = [{ source: 'a', target: 'b' }];
    const stored = {
      kind: 'import',
      database: 'd',
      selection: null,
      location,
      filePattern: null,
      remapSchemas,
      threads: 1,
    };
    const { remapSchemas: _, ...rest } = stored;
    assert.deepEqual(completeRequest(stored), {
      ...rest,
      ownFiles: null,
      erase: false,
      remaps: { schemas: remapSchemas, tables: [], tablespaces: [], owners: [], keyPrefixes: [] },
      tableExistsAction: null,
      globals: false,
      content: 'all',
      include: [],
      exclude: [],
      encryptionKey: null,
      dryRun: false,
    });
  });

  it('of an import or a copy of before keys could be renamed renames none', () => {
    const remaps = { schemas: [], tables: [], tablespaces: [], owners: [{ source: 'a', target: 'b' }] };
    for (const kind of ['import', 'copy']) {
      const request = completeRequest({ kind, database: 'd', target: 't', remaps, location });
      assert.deepEqual('remaps' in request && request.remaps, { ...remaps, keyPrefixes: [] }, kind);
    }
  });

  it('at a URL goes without a credential where it names none', () => {
    const at = { type: 'url', url: 's3://b' };
    for (const kind of ['export', 'import', 'verify']) {
      const request = completeRequest({ kind, database: '', location: at });
      assert.deepEqual('location' in request && request.location, { ...at, credential: null }, kind);
    }
    const named = completeRequest({ kind: 'verify', database: '', location: { ...at, credential: 'C' } });
    assert.deepEqual('location' in named && named.location, { ...at, credential: 'C' });
  });

  it('of this version is what it is', () => {
    const request = completeRequest({
      kind: 'export',
      database: 'd',
      selection,
      location,
      consistency: 'table',
    });
    assert.deepEqual(completeRequest(request), request);
    assert.equal(request.kind === 'export' && request.consistency, 'table');
    const verify = { kind: 'verify', database: '', location, filePattern: null, threads: 1 };
    assert.deepEqual(completeRequest(verify), verify);
  });
});
