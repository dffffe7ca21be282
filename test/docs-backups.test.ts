import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { Compile } from 'typebox/compile';
import { NewPolicy } from '../src/apis/native/backup-policies.ts';
import { NewJob } from '../src/apis/native/new-job.ts';
import { firstTime } from '../src/core/cron.ts';
import { requestOf } from './harness/example-command.ts';

/* What docs/guides/backups.md shows is understood: its commands, and its bodies of requests. */

const guide = await readFile(new URL('../docs/guides/backups.md', import.meta.url), 'utf8');
const blocks = (language: string): readonly string[] =>
  [...guide.matchAll(new RegExp(`\`\`\`${language}\\n([\\s\\S]*?)\`\`\``, 'g'))].map(([, text = '']) => text);
const commands = blocks('sh').flatMap((block) => block.split('\n').filter((line) => line !== ''));

type Body = Readonly<Record<string, unknown>>;
const job = Compile(NewJob);
const policy = Compile(NewPolicy);

function assertUnderstood(body: Body, isPolicy: boolean): void {
  const validator = isPolicy ? policy : job;
  assert.ok(validator.Check(body), JSON.stringify(validator.Errors(body)));
  const { schedule } = body as { schedule?: { cron: string; time_zone?: string } };
  if (schedule === undefined) return;
  const rule = { cron: schedule.cron, timeZone: schedule.time_zone ?? 'UTC', startAt: null, endAt: null };
  firstTime({ ...rule, missed: 'once', overlap: 'skip' }, Date.now());
}

describe('the examples of backups.md', () => {
  it('are there', () => {
    assert.ok(commands.length > 20 && blocks('json').length === 5, `${commands.length} commands`);
  });

  for (const command of commands) {
    it(command, async () => {
      const { method, path, body } = await requestOf(command);
      if (method === 'PUT') assertUnderstood(body, true);
      else if (path === '/api/v1/jobs') assertUnderstood(body, false);
      else
        assert.ok(
          /^\/api\/v1\/(backups|events|schedules|directories|databases\/\w+\/(backup-policy|retention))/.test(
            path,
          ),
          path,
        );
    });
  }

  for (const block of blocks('json')) {
    it(block.trim(), () => {
      const body = JSON.parse(block) as Body;
      assertUnderstood(body, body.kind === undefined);
    });
  }
});
