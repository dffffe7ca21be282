import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import fc from 'fast-check';
import type { TestApp } from '../harness/app.ts';
import { type DataArtsCall, signIn, startDataArts } from '../harness/dataarts-stage.ts';

/*
 * Script and job -> export -> look into the file -> import into another workspace, with SKIP and with OVERWRITE -> what is read there is
 * what was given, to the last character, members that nobody knows included.
 */

const runs = Number(process.env.PUMPHOUSE_ROUND_TRIPS ?? 6);

let app: TestApp;
let call: DataArtsCall;
before(async () => {
  app = await startDataArts();
  call = await signIn(app.origin);
  await app.json({ method: 'POST', path: '/api/v1/workspaces', body: { name: 'other' } });
});
after(() => app[Symbol.asyncDispose]());

async function ok(answer: Promise<Response>): Promise<Response> {
  const response = await answer;
  if (!response.ok) assert.fail(`${response.url}: ${response.status} ${await response.text()}`);
  return response;
}

/** What the task of an import came to, once it has ended. */
async function imported(bytes: Uint8Array, policy: string): Promise<string> {
  const where = `/jobs/import?sameNamePolicy=${policy}`;
  const answer = await ok(call('POST', where, bytes, { workspace: 'other' }));
  const { taskId } = (await answer.json()) as { taskId: string };
  for (;;) {
    const task = (await (await ok(call('GET', `/system-tasks/${taskId}`))).json()) as { status: string };
    if (task.status !== 'RUNNING') return task.status;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

const textAt = async (where: string, workspace: string): Promise<string> =>
  (await ok(call('GET', where, undefined, { workspace }))).text();

/** What is read has the text that was given, and behind it what only the service knows. */
function assertHolds(read: string, given: string): void {
  const body = given.trim().replace(/\s*\}$/, '');
  assert.equal(read.slice(0, body.length), body);
}

/** JSON in a spelling that a machine would not choose, so that nothing that parses it can hide. */
const oddJson: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(
    '1.50',
    '1e400',
    '-0',
    '12345678901234567890',
    '"\\u0041\\/"',
    '[ 1 ,2.0 ]',
    'null',
    '{ "b":2 , "a":1 }',
  ),
  // The parser refuses what could reach an object's prototype.
  fc.json({ maxDepth: 2 }).filter((text) => !/__proto__|constructor/.test(text)),
);
const member = fc.tuple(fc.stringMatching(/^x[A-Za-z_]{1,12}$/), oddJson);
const members = fc.uniqueArray(member, { maxLength: 4, selector: ([name]) => name });
const spelled = (all: readonly (readonly [string, string])[]): string =>
  `{ ${all.map(([name, value]) => `${JSON.stringify(name)} : ${value}`).join(' ,\n')} }`;

const node = fc
  .tuple(
    fc.constantFrom('RDSSQL', 'SparkSQL', 'Shell', 'Dummy', 'SMN', 'CDMJob'),
    members,
    fc.constantFrom('"FAIL"', '"IGNORE"', '"SUSPEND"', '"FAIL_CHILD"'),
    fc.constantFrom('{"x":1,"y":-2}', '{"x":"-45.5","y":"-134.5"}'),
    fc.constantFrom('0', '3', '"2"'),
  )
  .map(
    ([type, more, failPolicy, location, retryTimes]) =>
      (name: string, scriptName: string): string =>
        spelled([
          ['name', JSON.stringify(name)],
          ['type', JSON.stringify(type)],
          ['location', location],
          ['failPolicy', failPolicy],
          ['retryTimes', retryTimes],
          [
            'properties',
            `[{"name":"scriptName","value":"${scriptName}"},{"name":"connectionName","value":"c"}]`,
          ],
          ...more,
        ]),
  );
const job = fc
  .tuple(
    fc.array(node, { maxLength: 3 }),
    members,
    fc.constantFrom(
      '{"type":"EXECUTE_ONCE"}',
      '{"type":"CRON","cron":{"startTime":"2026-02-14T00:00:00+08","expression":"0 20 1 * * ?","intervalType":"days"}}',
      '{"type":"EVENT","event":{"eventType":"KAFKA"}}',
    ),
    fc.constantFrom('"BATCH"', '"REAL_TIME"'),
  )
  .map(
    ([nodes, more, schedule, processType]) =>
      (name: string, scriptName: string): string =>
        spelled([
          ['name', JSON.stringify(name)],
          ['nodes', `[${nodes.map((each, index) => each(`n${index}`, scriptName)).join(',')}]`],
          ['schedule', schedule],
          ['processType', processType],
          ['version', '"7"'],
          ...more,
        ]),
  );
const script = members.map(
  (more) =>
    (name: string, content: string): string =>
      spelled([
        ['name', JSON.stringify(name)],
        ['type', '"RDSSQL"'],
        ['content', JSON.stringify(content)],
        ...more,
      ]),
);

describe('a job on its way to another workspace', () => {
  it('arrives as it was', async () => {
    let number = 0;
    await fc.assert(
      fc.asyncProperty(job, job, script, fc.string(), async (first, second, scriptText, content) => {
        number += 1;
        const [name, scriptName] = [`订单_${number}`, `s-${number}`];
        const [where, scriptWhere] = [`/jobs/${encodeURIComponent(name)}`, `/scripts/${scriptName}`];
        const given = first(name, scriptName);
        const givenScript = scriptText(scriptName, content);
        await ok(call('POST', '/scripts', givenScript));
        await ok(call('POST', '/jobs', given));
        const file = await (await ok(call('POST', `${where}/export`))).bytes();

        const looked = (await (await ok(call('POST', '/jobs/check-file', file))).json()) as {
          jobs: readonly { name: string }[];
        };
        assert.deepEqual(
          looked.jobs.map((each) => each.name),
          [name],
        );
        assert.equal(await imported(file, 'SKIP'), 'SUCCESSFUL');
        const hasScript = given.includes(scriptName);
        assertHolds(await textAt(where, 'other'), given);
        if (hasScript) assertHolds(await textAt(scriptWhere, 'other'), givenScript);

        const changed = second(name, scriptName);
        await ok(call('PUT', where, changed));
        const later = await (await ok(call('POST', '/jobs/batch-export', { jobList: [name] }))).bytes();
        assert.equal(await imported(later, 'SKIP'), 'SUCCESSFUL');
        assertHolds(await textAt(where, 'other'), given);
        assert.equal(await imported(later, 'OVERWRITE'), 'SUCCESSFUL');
        assertHolds(await textAt(where, 'other'), changed);
        assertHolds(await textAt(where, 'main'), changed);
      }),
      { numRuns: runs },
    );
  });
});
