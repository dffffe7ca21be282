import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/*
 * An engine or an API is a plug-in: what it needs of the rest of the house is a general mechanism that is named generally. So its words stand
 * in its own folder, in app.ts, which names all plug-ins, and in the declaration of its options.
 */

const source = path.resolve(import.meta.dirname, '../src');

interface PlugIn {
  readonly words: RegExp;
  /** Where they may stand. */
  readonly homes: readonly string[];
  /** Lines elsewhere that may name it: mostly where its options are declared. */
  readonly lines: RegExp;
}

const plugIns: Readonly<Record<string, PlugIn>> = {
  Redis: {
    words: /[Rr]edis|REDIS|[Vv]alkey|VALKEY|\brdb(?!ms)|Rdb|RDB(?!MS)/,
    homes: ['engines/redis/', 'apis/redis-enterprise/', 'app.ts'],
    // The option of the API's own port, where it is declared and where it is switched off.
    lines: /redisEnterprisePort|Redis Enterprise API/,
  },
  dbcs: {
    words: /dbcs|identity.?domain|tenant/i,
    homes: ['apis/dbcs/', 'app.ts'],
    lines: /option\('dbcs\.|the dbcs API|every identity domain/,
  },
  DataArts: {
    words:
      /dataarts|\bDLF\b|apigw|(?:RDS|DWS|Spark|Hive|DLI)SQL|CDMJob|\bRESTAPI\b|OBSManager|failPolicy|preNodeName|FAIL_CHILD|EXECUTE_ONCE/i,
    homes: ['apis/dataarts/', 'app.ts'],
    lines: /option\('dataarts\.|the DataArts API/,
  },
  // The vendors have storages too, which are plug-ins of their own.
  Huawei: { words: /huawei|dayu/i, homes: ['apis/dataarts/', 'storages/s3/', 'app.ts'], lines: /^$/ },
  Oracle: {
    words: /oracle/i,
    // The command of ORDS, with the config folder that it reads, is one too.
    homes: ['apis/dbcs/', 'apis/ords/', 'cli/ords/', 'config/ords/', 'storages/http/', 'app.ts'],
    lines: /^$/,
  },
};

const files = readdirSync(source, { recursive: true, encoding: 'utf8' })
  .map((name) => name.split(path.sep).join('/'))
  .filter((name) => name.endsWith('.ts') && !name.endsWith('.test.ts'));

for (const [title, { words, homes, lines }] of Object.entries(plugIns)) {
  test(`nothing in src/ knows of ${title} but its own folders, app.ts and its option`, () => {
    assert.ok(
      files.some((name) => homes.some((home) => name.startsWith(home))),
      'the plug-in was not found',
    );
    const found = files
      .filter((name) => !homes.some((home) => name.startsWith(home)))
      .flatMap((file) =>
        readFileSync(path.join(source, file), 'utf8')
          .split('\n')
          .flatMap((text, at) =>
            words.test(text) && !lines.test(text) ? [`src/${file}:${at + 1}: ${text.trim()}`] : [],
          ),
      );
    assert.deepEqual(found, []);
  });
}
