import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import * as fc from 'fast-check';
import { Compile } from 'typebox/compile';
import { definitionJson, itemName, scriptText } from '../../../test/harness/arbitrary-definition.ts';
import { type NativeFixture, openNativeFixture } from '../../../test/harness/native-fixture.ts';
import { fileNames, readFolder, writeFolder } from '../../cli/definition-folder.ts';
import { decodeDefinition, encodeDefinition } from './definition-json.ts';
import { DefinitionSchema } from './definition-schema.ts';

const validator = Compile(DefinitionSchema);

/** What was given must be there again; members that were not given may be, with their defaults. */
function assertHolds(full: unknown, given: unknown, at: string): void {
  if (Array.isArray(given)) {
    assert.ok(Array.isArray(full) && full.length === given.length, at);
    for (const [index, item] of given.entries()) assertHolds(full[index], item, `${at}[${index}]`);
  } else if (typeof given === 'object' && given !== null) {
    for (const [name, value] of Object.entries(given)) {
      assertHolds((full as Record<string, unknown>)[name], value, `${at}.${name}`);
    }
  } else {
    assert.equal(full, given, at);
  }
}

describe('definitions in JSON', () => {
  it('come back with all that was given, and the same whenever they are read again', () => {
    fc.assert(
      fc.property(definitionJson, (given) => {
        assert.ok(validator.Check(given), JSON.stringify(validator.Errors(given).slice(0, 3)));
        const definition = decodeDefinition(given);
        const full = encodeDefinition(definition);
        assert.ok(validator.Check(full), JSON.stringify(validator.Errors(full).slice(0, 3)));
        assertHolds(full, given, 'definition');
        assert.deepEqual(decodeDefinition(full), definition);
        assert.equal(JSON.stringify(encodeDefinition(decodeDefinition(full))), JSON.stringify(full));
      }),
      { numRuns: 300 },
    );
  });
});

describe('definitions that are stored and written to a folder', () => {
  let fixture: NativeFixture;
  let folder: string;
  before(async () => {
    fixture = await openNativeFixture();
    folder = await mkdtemp(path.join(tmpdir(), 'pumphouse-definitions-'));
    await fixture.call({ method: 'POST', url: '/api/v1/workspaces', body: { name: 'main' } });
  });
  after(async () => {
    await fixture[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  it('are equal after the store, and after the folder', async () => {
    let round = 0;
    await fc.assert(
      fc.asyncProperty(definitionJson, itemName, scriptText, async (definition, name, content) => {
        round += 1;
        const dir = path.join(folder, String(round));
        const items = [
          { kind: 'definition' as const, name, body: { definition } },
          {
            kind: 'script' as const,
            name,
            body: { type: 'sql', content, connection: null, description: '' },
          },
        ];
        const stored: { kind: 'definition' | 'script'; name: string; body: Record<string, unknown> }[] = [];
        for (const { kind, body } of items) {
          const base = `/api/v1/workspaces/main/${kind}s`;
          const added = await fixture.call({ method: 'POST', url: base, body: { name, ...body } });
          assert.equal(added.statusCode, 201, added.body);
          const shown = await fixture.call(`${base}/${encodeURIComponent(name)}`);
          assert.equal(shown.body, added.body);
          assertHolds(shown.json(), body, kind);
          stored.push({ kind, name, body: shown.json() });
          await fixture.call({ method: 'DELETE', url: `${base}/${encodeURIComponent(name)}` });
        }
        const { written } = await writeFolder(dir, stored);
        const texts = await Promise.all(written.map((file) => readFile(path.join(dir, file), 'utf8')));
        assert.ok(texts.every((text) => text.endsWith('}\n')));
        const read = await readFolder(dir);
        for (const [index, { kind, body }] of read.entries()) {
          assert.deepEqual([kind, read[index]?.name], [stored[index]?.kind, name]);
          assertHolds(stored[index]?.body, body, kind);
        }
        await writeFolder(dir, read);
        const again = await Promise.all(written.map((file) => readFile(path.join(dir, file), 'utf8')));
        assert.deepEqual(again, texts);
      }),
      { numRuns: 40 },
    );
  });

  it('have files that no file system takes for each other, or for a path', () => {
    fc.assert(
      fc.property(fc.uniqueArray(itemName, { minLength: 1, maxLength: 12 }), (names) => {
        const more = [
          ...new Set([
            ...names,
            ...names.map((name) => name.toUpperCase()),
            'x'.repeat(128),
            '订'.repeat(128),
          ]),
        ];
        const files = [...fileNames(more).values()];
        assert.equal(new Set(files.map((file) => file.normalize('NFC').toLowerCase())).size, more.length);
        for (const file of files) {
          assert.equal(path.basename(file), file);
          assert.ok(Buffer.byteLength(file) <= 255);
          assert.ok(!['.', '..'].includes(file));
        }
      }),
    );
    assert.throws(() => fileNames(['../escape']), { code: 'name-invalid' });
    assert.throws(() => fileNames(['a/b']), { code: 'name-invalid' });
  });
});
