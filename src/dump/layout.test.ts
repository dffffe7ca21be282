import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { checkFileName } from '../storages/file-name.ts';
import { fileOfBare, fileOfPattern, isBareName, prefixOfPattern } from './file-pattern.ts';
import {
  checkCompression,
  checkFileSize,
  defaultCompression,
  layoutForExport,
  layoutForSet,
  layoutOfSet,
  masterName,
} from './layout.ts';

describe('file patterns', () => {
  it('give the forms', () => {
    assert.deepEqual(layoutForExport(null, 'EXPORT_1'), { form: 'folder', folder: 'EXPORT_1' });
    assert.deepEqual(layoutForExport('EXPDAT%U.DMP', 'j'), { form: 'pattern', pattern: 'EXPDAT%U.DMP' });
    assert.deepEqual(layoutForExport('one.dmp', 'j'), { form: 'file', file: 'one.dmp' });
    assert.deepEqual(layoutForExport('100%%.dmp', 'j'), { form: 'file', file: '100%.dmp' });
    assert.deepEqual(layoutForExport('c-%I_of_%n.rdb', 'j'), { form: 'bare', pattern: 'c-%I_of_%n.rdb' });
    assert.deepEqual(layoutForExport('%%I%%N', 'j'), { form: 'file', file: '%I%N' });
  });

  it('name the master', () => {
    assert.equal(masterName(layoutForSet(null, 'EXPORT_1')), 'EXPORT_1/manifest.json');
    assert.equal(masterName(layoutForSet('EXPDAT%U.DMP', 'j')), 'EXPDAT01.DMP');
    assert.equal(masterName(layoutForSet('one.dmp', 'j')), 'one.dmp');
  });

  it('step all numbers together, and keep percent signs', () => {
    assert.equal(fileOfPattern('a%u-%U.dmp', 7), 'a07-07.dmp');
    assert.equal(fileOfPattern('%%U%U%%', 42), '%U42%');
    assert.equal(prefixOfPattern('100%%_%U.dmp'), '100%_');
    assert.equal(prefixOfPattern('%U'), '');
  });

  it('number files without a manifest, and know their names again', () => {
    const pattern = '100%%I.+%I_of_%N.rdb';
    assert.equal(fileOfBare(pattern, 2, 12), '100%I.+2_of_12.rdb');
    assert.equal(prefixOfPattern(pattern), '100%I.+');
    for (const name of ['100%I.+1_of_1.rdb', '100%I.+12_of_7.rdb'])
      assert.ok(isBareName(pattern, name), name);
    for (const name of ['100%I.+1_of_1.rdb.gz', '100%I.+0_of_1.rdb', '100%I..1_of_1.rdb', '1_of_1.rdb'])
      assert.ok(!isBareName(pattern, name), name);
    assert.ok(isBareName('%I/%i_%N', '7/7_12'));
    assert.ok(!isBareName('%I/%i_%N', '7/8_12'));
    // This one would never end if each number were tried by itself.
    assert.ok(!isBareName(`${'%I'.repeat(98)}%N`, `${'1'.repeat(250)}x`));
  });

  it('of files without a manifest name no dump set', () => {
    assert.throws(() => layoutOfSet('c-%I_of_%N.rdb'), {
      code: 'file-name-invalid',
      field: 'file_pattern',
      message: /no dump set/,
    });
  });

  it('refuse names that leave the directory, by name of the field', () => {
    const faults: Readonly<Record<string, RegExp>> = {
      '': /is empty/,
      ' ': /is empty/,
      '../x.dmp': /leaves its directory/,
      'a/b.dmp': /leaves its directory/,
      'a\\b.dmp': /leaves its directory/,
      '/etc/x': /absolute/,
      'C:x': /absolute/,
      '..': /no file name/,
      '.': /no file name/,
      'a\nb': /no file name/,
      '.x%U.part': /no file name/,
      'manifest.json': /kept for the manifest/,
      '%X.dmp': /unknown substitution "%X"/,
      'x%': /unknown substitution "%"/,
      'x%%%': /unknown substitution "%"/,
      '%I.rdb': /has %I without %N/,
      'a%n': /has %N without %I/,
      '%U-%I-%N': /mixes %U with %I and %N/,
      '../%I_%N': /leaves its directory/,
      ['n'.repeat(201)]: /longer than 200 characters/,
      ['漢'.repeat(81)]: /longer than 240 bytes/,
    };
    for (const [pattern, message] of Object.entries(faults)) {
      assert.throws(() => layoutForExport(pattern, 'j'), {
        code: 'file-name-invalid',
        field: 'file_pattern',
        message,
      });
    }
  });

  it('a job of any name gets a folder below the base', () => {
    for (const name of ['..', 'a/b', 'ä', '.part']) {
      const layout = layoutForSet(null, name);
      checkFileName(masterName(layout));
      assert.ok(layout.form === 'folder' && !layout.folder.includes('/'));
    }
  });
});

const folder = { form: 'folder', folder: 'job' } as const;
const file = { form: 'file', file: 'x' } as const;
const pattern = { form: 'pattern', pattern: 'E%U' } as const;
const bare = { form: 'bare', pattern: 'E%I_%N' } as const;

describe('what a layout goes with', () => {
  it('a folder takes every compression, packed files zstd, files without a manifest the others', () => {
    const refused = { code: 'field-invalid', field: 'compression' };
    for (const compression of ['zstd', 'gzip', 'none'] as const) {
      checkCompression(folder, compression);
      for (const layout of [file, pattern, bare]) {
        if ((layout === bare) !== (compression === 'zstd')) checkCompression(layout, compression);
        else assert.throws(() => checkCompression(layout, compression), refused);
      }
    }
  });

  it('the compression of files without a manifest goes by their names', () => {
    assert.deepEqual(
      [folder, file, pattern, bare, { form: 'bare', pattern: 'E%I_%N.GZ' } as const].map(defaultCompression),
      ['zstd', 'zstd', 'zstd', 'none', 'gzip'],
    );
  });

  it('only numbered files have a size', () => {
    for (const layout of [folder, file, bare]) {
      checkFileSize(layout, null);
      assert.throws(() => checkFileSize(layout, 2 ** 20), { code: 'field-invalid', field: 'file_size' });
    }
    checkFileSize(pattern, 2 ** 20);
  });
});
