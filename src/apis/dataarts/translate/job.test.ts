import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import type { Definition, DefinitionNode, NodeAction } from '../../../core/definition.ts';
import { readDocument } from '../document.ts';
import { type DlfCode, Refusal } from '../refusal.ts';
import { readJob } from './job-from-json.ts';
import { jobBody } from './job-to-json.ts';

const read = (body: object): Definition => readJob(readDocument(JSON.stringify(body), 'It')).content;
const job = (more: object = {}): object => ({
  name: 'j',
  nodes: [],
  schedule: { type: 'EXECUTE_ONCE' },
  ...more,
});
const node = (type: string, properties: object = {}, more: object = {}): object => ({
  name: 'n',
  type,
  location: { x: 1, y: '2' },
  properties: Object.entries(properties).map(([name, value]) => ({ name, value })),
  ...more,
});
const nodeOf = (
  type: string,
  properties: object = {},
  more: object = {},
  top: object = {},
): DefinitionNode => {
  const [first] = read(job({ ...top, nodes: [node(type, properties, more)] })).nodes;
  return first ?? assert.fail('there is no node');
};
const actionOf = (...args: Parameters<typeof nodeOf>): NodeAction => nodeOf(...args).action;
const foreign = (word: string): NodeAction => ({ type: 'foreign', word });
const refuses = (body: object, code: DlfCode): void => {
  assert.throws(
    () => read(body),
    (error) => error instanceof Refusal && error.errorCode === code,
    JSON.stringify(body),
  );
};

describe('nodes of a job', () => {
  it('SQL of any kind is a script on a connection', () => {
    for (const type of ['RDSSQL', 'DWSSQL', 'SparkSQL', 'HiveSQL', 'DLISQL'])
      assert.deepEqual(actionOf(type, { scriptName: 's', connectionName: 'c' }), {
        type: 'sql',
        connection: 'c',
        script: { name: 's' },
      });
    const statement = { statementOrScript: 'STATEMENT', statement: 'SELECT 1' };
    assert.deepEqual(actionOf('RDSSQL', statement), {
      type: 'sql',
      connection: null,
      script: { text: 'SELECT 1' },
    });
    assert.deepEqual(actionOf('FlinkSQL', { scriptName: 's' }), foreign('FlinkSQL'));
    assert.deepEqual(actionOf('RDSSQL'), foreign('RDSSQL with no script'));
  });

  it('arguments of a script are taken where they change nothing', () => {
    // biome-ignore lint/suspicious/noTemplateCurlyInString: the form that parameters have
    const same = { scriptName: 's', scriptArgs: 'day=${day}\n x = ${x}' };
    assert.equal(actionOf('RDSSQL', same).type, 'sql');
    const other = actionOf('RDSSQL', { scriptName: 's', scriptArgs: 'day=2026' });
    assert.deepEqual(other, foreign('RDSSQL with arguments of its own for the script'));
  });

  it('RESTAPI is a request', () => {
    const properties = { url: 'https://a.example/x', method: 'post', headers: 'A=1\nB=2=3', body: '{}' };
    assert.deepEqual(actionOf('RESTAPI', properties), {
      type: 'http',
      method: 'POST',
      url: 'https://a.example/x',
      headers: { A: '1', B: '2=3' },
      body: '{}',
    });
    assert.deepEqual(actionOf('RESTAPI', { url: 'https://a.example/' }), {
      type: 'http',
      method: 'GET',
      url: 'https://a.example/',
      headers: {},
      body: null,
    });
  });

  it('a RESTAPI that cannot be sent is kept', () => {
    const url = 'https://a.example/';
    const read = actionOf('RESTAPI', { url, headers: 'A: 1:2' });
    assert.deepEqual(read.type === 'http' && read.headers, { A: '1:2' });
    for (const properties of [
      { url, headers: '{"A":"hush"}' },
      { url: 'https://ann:hush@a.example/' },
      { url: 'obs://bucket/x' },
      { url, method: 'BREW' },
    ]) {
      assert.deepEqual(
        actionOf('RESTAPI', properties),
        foreign('RESTAPI with a request that is not sent here'),
      );
    }
  });

  it('CDMJob is an export, import or copy of ours, as JSON or its text', () => {
    const own = { kind: 'export', input: { database: 'd' } };
    for (const pumphouseJob of [own, JSON.stringify(own)])
      assert.deepEqual(actionOf('CDMJob', { pumphouseJob }), { type: 'job', job: own });
    assert.deepEqual(actionOf('CDMJob', { clusterName: 'c', jobName: 'j' }), foreign('CDMJob'));
    for (const pumphouseJob of ['{', { kind: 'verify', input: {} }, { kind: 'copy' }, 1])
      assert.deepEqual(
        actionOf('CDMJob', { pumphouseJob }),
        foreign('CDMJob with an unreadable pumphouseJob'),
      );
  });

  it('Dummy and empty runs do nothing; everything else is foreign', () => {
    assert.deepEqual(actionOf('Dummy'), { type: 'none' });
    assert.deepEqual(actionOf('Shell', { emptyRunningJob: '1' }), { type: 'none' });
    assert.deepEqual(actionOf('Shell', {}, {}, { emptyRunningJob: '1' }), { type: 'none' });
    for (const type of ['Shell', 'Python', 'SMN', 'OBSManager', 'anything at all'])
      assert.deepEqual(actionOf(type, { scriptName: 's' }), foreign(type));
  });

  it('what is not computed here does not run here', () => {
    const word = 'an expression that is not computed here';
    const url = '#{Job.getParam("u")}';
    assert.deepEqual(actionOf('RESTAPI', { url }), foreign(`RESTAPI with ${word}`));
    const params = [{ name: 'd', value: '#{DateUtil.now()}' }];
    assert.deepEqual(actionOf('RDSSQL', { scriptName: 's' }, {}, { params }), foreign(`RDSSQL with ${word}`));
    const unclear = { conditions: [{ preNodeName: 'a', expression: '#{x}' }] };
    assert.deepEqual(
      actionOf('RDSSQL', { scriptName: 's' }, unclear),
      foreign('RDSSQL with a condition that is not read here'),
    );
    const realTime = actionOf('RDSSQL', { scriptName: 's' }, {}, { processType: 'REAL_TIME' });
    assert.deepEqual(realTime, foreign('RDSSQL with the life of a real-time job'));
  });

  it('what stands around the work of a node', () => {
    const around = nodeOf(
      'Dummy',
      {},
      {
        preNodeName: ['a', 'b'],
        conditions: [{ preNodeName: 'a', expression: '#{Job.getNodeStatus("a") == "fail"}' }],
        retryTimes: '3',
        retryInterval: 5,
        maxExecutionTime: 2,
        failPolicy: 'FAIL_CHILD',
      },
    );
    assert.deepEqual(around, {
      name: 'n',
      action: { type: 'none' },
      after: ['a', 'b'],
      conditions: [{ after: 'a', expression: 'failed' }],
      retries: 3,
      retryDelaySeconds: 5,
      timeoutSeconds: 120,
      onFailure: 'skip_dependents',
    });
    const { after, conditions, retries, retryDelaySeconds, timeoutSeconds, onFailure } = nodeOf('Dummy');
    assert.deepEqual(
      { after, conditions, retries, retryDelaySeconds, timeoutSeconds, onFailure },
      {
        after: [],
        conditions: [],
        retries: 0,
        retryDelaySeconds: 120,
        timeoutSeconds: null,
        onFailure: 'fail',
      },
    );
    for (const [word, policy] of [
      ['IGNORE', 'ignore'],
      ['SUSPEND', 'suspend'],
      ['FAIL', 'fail'],
    ])
      assert.equal(nodeOf('Dummy', {}, { failPolicy: word }).onFailure, policy);
  });
});

describe('a job around its nodes', () => {
  const cron = { startTime: '2026-02-14T00:00:00+08', expression: '0 20 1 * * ?' };
  const scheduled = (more: object): object => job({ schedule: { type: 'CRON', cron: { ...cron, ...more } } });

  it('schedules by cron', () => {
    assert.deepEqual(
      read(scheduled({ expressionTimeZone: 'GMT+2', endTime: '2027-01-01T00:00:00+00' })).schedule,
      {
        cron: '0 20 1 * * ?',
        timeZone: 'Etc/GMT-2',
        startAt: Date.UTC(2026, 1, 13, 16),
        endAt: Date.UTC(2027, 0, 1),
        missed: 'once',
        overlap: 'queue',
      },
    );
    assert.equal(read(scheduled({})).schedule?.timeZone, 'Etc/GMT-8');
  });

  it('schedules that are not followed here are none', () => {
    for (const schedule of [undefined, null, { type: 'EXECUTE_ONCE' }, { type: 'EVENT', event: {} }])
      assert.equal(read(job({ schedule })).schedule, null);
    assert.equal(read(scheduled({ dependJobs: { jobs: ['a'] } })).schedule, null);
    assert.notEqual(read(scheduled({ dependJobs: { jobs: [] } })).schedule, null);
  });

  it('parameters, description, longest time', () => {
    const { params, description, timeoutSeconds } = read(
      job({
        params: [
          { name: 'a', value: 'x', type: 'constants' },
          { name: 'n', value: 5 },
        ],
        description: 'd',
        basicConfig: { instanceTimeout: 60 },
      }),
    );
    assert.deepEqual(params, [
      { name: 'a', value: 'x' },
      { name: 'n', value: '5' },
    ]);
    assert.deepEqual([description, timeoutSeconds], ['d', 3600]);
    assert.equal(read(job({ basicConfig: { instanceTimeout: 0 } })).timeoutSeconds, null);
  });

  it('is refused by the codes of the contract', () => {
    for (const name of [undefined, '', '  ']) refuses(job({ name }), 'DLF.3004');
    for (const name of ['a b', 'a/b', '..', 'x'.repeat(129)]) refuses(job({ name }), 'DLF.3018');
    for (const schedule of [
      { type: 'X' },
      { type: 'CRON' },
      'x',
      { type: 'CRON', cron: { ...cron, expression: '* * *' } },
    ])
      refuses(job({ schedule }), 'DLF.3025');
    refuses(scheduled({ startTime: 'today' }), 'DLF.3025');
    refuses(job({ description: 'x'.repeat(1025) }), 'DLF.3050');
    refuses(job({ description: 1 }), 'DLF.3050');
    const wrong = [
      { name: 1 },
      { nodes: {} },
      { nodes: [1] },
      { nodes: [{ type: 'Dummy' }] },
      { nodes: [node('Dummy', {}, { failPolicy: 'constructor' })] },
      { nodes: [node('Dummy', {}, { retryTimes: -1 })] },
      { nodes: [node('Dummy', {}, { preNodeName: [1] })] },
      { params: [{ name: 'x'.repeat(65), value: '' }] },
      { params: [{ name: 'x', value: 'x'.repeat(1025) }] },
      { processType: 'X' },
    ];
    for (const more of wrong) refuses(job(more), 'DLF.3051');
  });

  it('takes any letters in a name', () => {
    assert.equal(readJob(readDocument('{"name":"订单_Ä.1-x"}', 'It')).name, '订单_Ä.1-x');
  });
});

describe('the priority of a job', () => {
  it('goes down from 0, and what is no priority stays in the text alone', () => {
    const priorityOf = (priority: unknown) => read(job({ basicConfig: { priority } })).priority;
    assert.deepEqual([0, 1, '2', 3, -1, 'high', null].map(priorityOf), [
      undefined,
      -1,
      -2,
      ...Array.from({ length: 4 }, () => undefined),
    ]);
    const body = (priority: number) => jobBody('j', { ...read(job()), priority }, 0).basicConfig;
    assert.deepEqual([5, -1, -9].map(body), [undefined, { priority: 1 }, { priority: 2 }]);
  });
});

describe('definitions that were made elsewhere', () => {
  const text = fc.stringMatching(/^[A-Za-z][\w ]{0,10}$/);
  const action: fc.Arbitrary<NodeAction> = fc.oneof(
    fc.record({
      type: fc.constant('sql' as const),
      connection: fc.option(text, { nil: null }),
      script: fc.oneof(fc.record({ name: text }), fc.record({ text })),
    }),
    fc.record({
      type: fc.constant('job' as const),
      job: fc.record({
        kind: fc.constantFrom('export' as const, 'import' as const, 'copy' as const),
        input: fc.dictionary(text, fc.oneof(text, fc.integer(), fc.boolean())),
      }),
    }),
    fc.record({
      type: fc.constant('http' as const),
      method: fc.constantFrom('GET', 'POST'),
      url: fc.webUrl(),
      headers: fc.dictionary(fc.stringMatching(/^[A-Z][a-z]{0,5}$/), fc.stringMatching(/^\w{1,9}$/)),
      body: fc.option(text, { nil: null }),
    }),
    fc.constant({ type: 'none' as const }),
    fc.record({ type: fc.constant('foreign' as const), word: fc.constantFrom('Shell', 'SMN') }),
  );
  const definition: fc.Arbitrary<Definition> = fc.record({
    description: fc.string({ maxLength: 50 }),
    params: fc.array(fc.record({ name: text, value: text }), { maxLength: 3 }),
    nodes: fc.array(
      fc.record({
        name: text,
        action,
        after: fc.array(text, { maxLength: 2 }),
        conditions: fc.array(
          fc.record({ after: text, expression: fc.constantFrom('succeeded', 'failed', 'always') }),
          { maxLength: 2 },
        ),
        retries: fc.nat(5),
        retryDelaySeconds: fc.nat(100),
        timeoutSeconds: fc.option(
          fc.integer({ min: 1, max: 99 }).map((minutes) => minutes * 60),
          { nil: null },
        ),
        onFailure: fc.constantFrom(
          'fail' as const,
          'ignore' as const,
          'suspend' as const,
          'skip_dependents' as const,
        ),
      }),
      { maxLength: 3 },
    ),
    schedule: fc.constant(null),
    timeoutSeconds: fc.option(fc.constant(3600), { nil: null }),
  });

  it('are told as jobs, and are the same when those are read', () => {
    fc.assert(
      fc.property(definition, (own) => {
        assert.deepEqual(read(jobBody('j', own, 0)), JSON.parse(JSON.stringify(own)));
      }),
      { numRuns: 60 },
    );
  });

  it('so are their schedules', () => {
    const schedule = {
      cron: '0 20 1 ? * 1-5',
      timeZone: 'Europe/Zurich',
      startAt: Date.UTC(2026, 1, 1),
      endAt: null,
      missed: 'once',
      overlap: 'queue',
    } as const;
    const own: Definition = { description: '', params: [], nodes: [], schedule, timeoutSeconds: null };
    assert.deepEqual(read(jobBody('j', own, 0)).schedule, schedule);
  });
});
