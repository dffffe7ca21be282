import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { describe, it } from 'node:test';
import { Compile } from 'typebox/compile';
import { NewJob } from '../src/apis/native/new-job.ts';
import { parseRowFilter } from '../src/core/row-filter-parser.ts';
import { redisEngine } from '../src/engines/redis/engine.ts';
import { withPassword } from '../src/service/database-url.ts';
import { requestOf } from './harness/example-command.ts';

/* What docs/guides/redis.md shows is understood: its commands, its URLs, its predicates. */

const guide = await readFile(new URL('../docs/guides/redis.md', import.meta.url), 'utf8');
const commands = [...guide.matchAll(/```sh\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
  block.split('\n').filter((line) => line.startsWith('pumphouse ')),
);
const urls = [
  ...guide.matchAll(/`((?:redis|rediss|valkey|valkeys)(?:-sentinel|\+unix)?:\/\/[^`]+)`/g),
].flatMap(([, url = '']) => (/\/\/$/.test(url) ? [] : [url]));

describe('the examples of redis.md', () => {
  const validator = Compile(NewJob);

  it('are there', () => {
    assert.ok(commands.length > 8 && urls.length >= 5, `${commands.length} commands, ${urls.length} URLs`);
  });

  for (const command of commands) {
    it(command, async () => {
      const input = command.includes('--password-stdin') ? 'secret' : '';
      const { path, body } = await requestOf(command, input);
      if (path === '/api/v1/databases') {
        const url = String(body.url);
        redisEngine.parseUrl(body.password === undefined ? url : withPassword(url, String(body.password)));
      }
      if (path !== '/api/v1/jobs') return;
      const query = (body.query ?? []) as readonly { readonly where: string }[];
      assert.ok(validator.Check(body), JSON.stringify(validator.Errors(body)));
      for (const { where } of query) await parseRowFilter(where, 'query');
    });
  }

  for (const url of urls) {
    it(url, () => {
      const target = redisEngine.parseUrl(url);
      assert.doesNotMatch(redisEngine.describe(target), /password/);
    });
  }
});
