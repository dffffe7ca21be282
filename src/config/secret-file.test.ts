import assert from 'node:assert/strict';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import { withFolder } from '../../test/harness/with-folder.ts';
import { loadOptions } from './load-options.ts';

const refused = (words: RegExp) => (error: Error & { code?: string }) =>
  error.code === 'option-invalid' && words.test(error.message) && !/tide-and-moon/.test(error.message);

test('a secret can be told from a file, and from nowhere else at once', () =>
  withFolder(async (folder) => {
    const file = join(folder, 'secret');
    const env = { PUMPHOUSE_DATA: folder, PUMPHOUSE_WEBHOOK_SECRET_FILE: file };
    await assert.rejects(loadOptions({ env }), refused(/cannot be read/));
    await writeFile(file, '\n');
    await assert.rejects(loadOptions({ env }), refused(/is empty/));
    await writeFile(file, 'tide-and-moon\n');
    const { values, reports } = await loadOptions({ env });
    assert.equal(values.webhookSecret?.reveal(), 'tide-and-moon');
    const report = reports.find(({ name }) => name === 'webhook-secret');
    assert.deepEqual([report?.value, report?.source], ['[secret]', 'environment']);
    await assert.rejects(
      loadOptions({ env: { ...env, PUMPHOUSE_WEBHOOK_SECRET: 'tide-and-moon' } }),
      refused(/PUMPHOUSE_WEBHOOK_SECRET is set too/),
    );
    await assert.rejects(
      loadOptions({
        env: { PUMPHOUSE_DATA: folder, PUMPHOUSE_WALLET_KEY_FILE: file },
      }),
      refused(/PUMPHOUSE_WALLET_KEY_FILE takes/),
    );
  }));

test('what is no secret is not told from a file', () =>
  withFolder(async (folder) => {
    const { values } = await loadOptions({
      env: { PUMPHOUSE_DATA: folder, PUMPHOUSE_PORT_FILE: '/nowhere' },
    });
    assert.equal(values.port, 8080);
  }));
