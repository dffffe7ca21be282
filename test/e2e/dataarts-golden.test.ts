import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import type { TestApp } from '../harness/app.ts';
import { dataArtsStage, listing, project } from '../harness/dataarts-stage.ts';
import { checkTranscript, type Stage } from '../harness/transcript.ts';

describe('the published cases of DataArts Factory', () => {
  let stage: TestApp & Stage;
  before(async () => {
    stage = await dataArtsStage();
  });
  after(() => stage[Symbol.asyncDispose]());

  for (const name of ['p1-export', 'p3-export-to-bucket', 'p5-batch-export', 'refusals', 'p4-import'])
    it(name, () => checkTranscript(`dataarts/${name}`, stage));

  it('curl takes the file, under its name', async () => {
    const url = `${stage.origin}/v1/${project}/jobs/myJob/export`;
    const args = ['-sS', '-f', '-u', 'ann:Lantern44', '-X', 'POST', '-OJ', url];
    await promisify(execFile)('curl', args, { cwd: stage.data });
    const file = await readFile(path.join(stage.data, 'DLF_myJob.zip'));
    assert.match(await listing(file), /^jobs\/myJob\.job\n/);
  });
});
