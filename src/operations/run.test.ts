// biome-ignore-all lint/suspicious/noTemplateCurlyInString: the form that parameters have
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { stuck } from '../../test/harness/jobs-fixture.ts';
import {
  definitionOf,
  httpAction,
  jobAction,
  nodeOf,
  openRunFixture,
  type RunFixture,
  type RunFixtureOptions,
} from '../../test/harness/run-fixture.ts';
import { AppError } from '../core/errors.ts';
import type { Job } from '../core/job.ts';
import type { RunResult } from './run-tasks.ts';

/**
 * Requests to /fail fail, those to /hang are never answered, those to /once/X fail the first time, and those to /cut/X lose their connection then;
 * all others go well.
 */
const answer: RunFixtureOptions['answer'] = ({ path }, before) => {
  if (path === '/hang') return null;
  const isFirst = !before.some((each) => each.path === path);
  if (path.startsWith('/cut/') && isFirst) return 'cut';
  return { status: path === '/fail' || (path.startsWith('/once/') && isFirst) ? 503 : 200 };
};

const open = (options: RunFixtureOptions = {}) => openRunFixture({ answer, ...options });
const ask = ({ origin }: RunFixture, path: string) => httpAction(`${origin}${path}`);
const states = async ({ nodes }: RunFixture, id: string) =>
  Object.fromEntries((await nodes(id)).map(({ name, state }) => [name, state]));
const paths = ({ seen }: RunFixture) => seen.map(({ path }) => path);

test('nodes run in the order of the graph, and the result counts them', async () => {
  await using fixture = await open();
  const job = await fixture.run(
    definitionOf([
      nodeOf('last', ask(fixture, '/last'), { after: ['left', 'right'] }),
      nodeOf('right', ask(fixture, '/right'), { after: ['first'] }),
      nodeOf('left', { type: 'none' }, { after: ['first'] }),
      nodeOf('first', ask(fixture, '/first')),
    ]),
  );
  assert.equal(job.state, 'completed');
  assert.deepEqual(paths(fixture), ['/first', '/right', '/last']);
  assert.deepEqual(job.result, {
    nodes: 4,
    completed: 4,
    failed: 0,
    ignored: 0,
    skipped: 0,
  } satisfies RunResult);
  for (const { state, tries, error, startedAt, finishedAt } of await fixture.nodes(job.id)) {
    assert.deepEqual([state, tries, error], ['completed', 1, null]);
    assert.ok(startedAt !== null && finishedAt !== null && startedAt <= finishedAt);
  }
  const log = await fixture.log(job.id);
  assert.ok(
    log.includes(`Node last completed: GET to ${fixture.origin} was answered with 200, 0 bytes.`),
    log.join('\n'),
  );
});

test('conditions decide, and what no way leads to is skipped', async () => {
  await using fixture = await open();
  const after = (name: string, expression: string) => ({
    after: [name],
    conditions: [{ after: name, expression }],
  });
  const definition = definitionOf(
    [
      nodeOf('start', ask(fixture, '/fail'), { onFailure: 'skip_dependents' }),
      nodeOf('repair', ask(fixture, '/repair'), after('start', 'failed')),
      nodeOf('go on', ask(fixture, '/on'), { after: ['start'] }),
      nodeOf('further', ask(fixture, '/further'), { after: ['go on', 'repair'] }),
      nodeOf('big', ask(fixture, '/big'), after('repair', '${n} > 10')),
      nodeOf('small', ask(fixture, '/small'), after('repair', '${n} <= 10')),
      nodeOf('join', ask(fixture, '/join'), { after: ['big', 'small'] }),
    ],
    { params: [{ name: 'n', value: '5' }] },
  );
  const job = await fixture.run(definition, { n: '11' });
  assert.equal(job.state, 'completed');
  assert.equal(job.errorCount, 1);
  assert.deepEqual(await states(fixture, job.id), {
    start: 'failed',
    repair: 'completed',
    'go on': 'skipped',
    further: 'skipped',
    big: 'completed',
    small: 'skipped',
    join: 'completed',
  });
  assert.deepEqual(paths(fixture), ['/fail', '/repair', '/big', '/join']);
});

test('a failure that is ignored means nothing', async () => {
  await using fixture = await open();
  const job = await fixture.run(
    definitionOf([
      nodeOf('a', ask(fixture, '/fail'), { onFailure: 'ignore' }),
      nodeOf('b', ask(fixture, '/b'), { after: ['a'] }),
    ]),
  );
  assert.deepEqual([job.state, job.errorCount], ['completed', 0]);
  const [a, b] = await fixture.nodes(job.id);
  assert.deepEqual([a?.state, b?.state], ['ignored', 'completed']);
  assert.match(a?.error ?? '', /of the node a was answered with 503/);
});

test('a failure ends the run, which goes on at that node when it is resumed', async () => {
  await using fixture = await open();
  const job = await fixture.run(
    definitionOf([
      nodeOf('a', ask(fixture, '/a')),
      nodeOf('b', ask(fixture, '/once/b'), { after: ['a'] }),
      nodeOf('c', ask(fixture, '/c'), { after: ['b'] }),
    ]),
  );
  assert.equal(job.state, 'failed');
  assert.equal(job.error?.code, 'request-failed');
  assert.match(job.error?.message ?? '', /node b was answered with 503/);
  assert.deepEqual(await states(fixture, job.id), { a: 'completed', b: 'failed', c: 'waiting' });
  await fixture.resume(job.id);
  assert.equal((await fixture.reached(job.id)).state, 'completed');
  assert.deepEqual(paths(fixture), ['/a', '/once/b', '/once/b', '/c']);
  const [, b] = await fixture.nodes(job.id);
  assert.deepEqual([b?.state, b?.tries, b?.error], ['completed', 2, null]);
});

test('retries are tries of their own, and a node says when they are at their end', async () => {
  await using fixture = await open();
  const retries = { retries: 2 };
  const job = await fixture.run(
    definitionOf([
      nodeOf('a', ask(fixture, '/once/a'), retries),
      nodeOf('b', ask(fixture, '/fail'), { ...retries, after: ['a'] }),
    ]),
  );
  assert.equal(job.state, 'failed');
  assert.deepEqual(paths(fixture), ['/once/a', '/once/a', '/fail', '/fail', '/fail']);
  assert.deepEqual(
    (await fixture.nodes(job.id)).map(({ state, tries }) => [state, tries]),
    [
      ['completed', 2],
      ['failed', 3],
    ],
  );
  const keys = fixture.seen.map(({ headers }) => headers['idempotency-key']);
  assert.deepEqual(
    keys,
    [0, 0, 1, 1, 1].map((node) => `${job.id}-${['a', 'b'][node]}`),
  );
});

test('a node can suspend the run instead', async () => {
  await using fixture = await open();
  const job = await fixture.run(
    definitionOf([
      nodeOf('a', ask(fixture, '/once/a'), { onFailure: 'suspend' }),
      nodeOf('b', ask(fixture, '/b'), { after: ['a'] }),
    ]),
  );
  assert.equal(job.state, 'stopped');
  assert.deepEqual(await states(fixture, job.id), { a: 'failed', b: 'waiting' });
  assert.ok((await fixture.log(job.id)).some((line) => line.includes('The run stops, as the node says')));
  await fixture.resume(job.id);
  assert.equal((await fixture.reached(job.id)).state, 'completed');
  assert.deepEqual(paths(fixture), ['/once/a', '/once/a', '/b']);
});

test('a node that takes too long fails, and a run that does ends whatever its nodes say', async () => {
  await using fixture = await open();
  const slow = (changes: object) =>
    fixture.run(definitionOf([nodeOf('slow', ask(fixture, '/hang'), { onFailure: 'ignore', ...changes })]));
  const hangs = nodeOf('slow', ask(fixture, '/hang'), { onFailure: 'ignore', retries: 3 });
  const [ofNode, ofRun] = await Promise.all([
    slow({ timeoutSeconds: 1 }),
    fixture.run(definitionOf([hangs], { timeoutSeconds: 1 })),
  ]);
  assert.equal(ofNode.state, 'completed');
  assert.equal((await fixture.nodes(ofNode.id))[0]?.error, 'The node slow took longer than 1 s.');
  assert.equal(ofRun.state, 'failed');
  assert.deepEqual(
    [ofRun.error?.code, ofRun.error?.message],
    ['run-timeout', 'The run took longer than 1 s.'],
  );
});

test('requests carry what the node says, with values escaped, and tell no secret', async () => {
  await using fixture = await open();
  const action = httpAction('${base}/items/${name}?key=${secret}', {
    method: 'POST',
    headers: { 'Content-Type': 'application/json', Authorization: 'Bearer ${secret}' },
    body: '{"name":"${name}"}',
  });
  const params = { base: fixture.origin, name: 'a "b"/c', secret: 'geheim' };
  const job = await fixture.run(definitionOf([nodeOf('größe', action)]), params);
  assert.equal(job.state, 'completed', job.error?.message);
  const [request] = fixture.seen;
  assert.equal(request?.path, '/items/a%20%22b%22%2Fc?key=geheim');
  assert.deepEqual(JSON.parse(request?.body ?? ''), { name: 'a "b"/c' });
  assert.equal(request?.headers.authorization, 'Bearer geheim');
  assert.equal(request?.headers['idempotency-key'], `${job.id}-gr%C3%B6%C3%9Fe`);
  assert.ok(!(await fixture.log(job.id)).join('\n').includes('geheim'));
});

test('an address that the policy refuses is not asked, and a value cannot add a header', async () => {
  await using fixture = await open();
  const refused = await fixture.run(definitionOf([nodeOf('a', httpAction('http://10.1.2.3/'))]));
  assert.equal(refused.error?.code, 'address-refused');
  const action = httpAction(fixture.origin, { headers: { 'X-Name': '${name}' } });
  const injected = await fixture.run(definitionOf([nodeOf('a', action)]), { name: 'x\r\nX-Admin: yes' });
  assert.equal(injected.error?.code, 'definition-invalid');
  assert.deepEqual(paths(fixture), []);
});

test('a request without an answer is sent again by itself when that does no harm', async () => {
  await using fixture = await open();
  const cut = (name: string, method: string) =>
    nodeOf(name, httpAction(`${fixture.origin}/cut/${name}`, { method }), { onFailure: 'ignore' });
  const nobody = httpAction('http://127.0.0.1:1/', { method: 'POST' });
  const job = await fixture.run(
    definitionOf([cut('get', 'GET'), cut('post', 'POST'), nodeOf('nobody', nobody, { onFailure: 'ignore' })]),
  );
  assert.equal(job.state, 'completed');
  assert.deepEqual(paths(fixture).sort(), ['/cut/get', '/cut/get', '/cut/post']);
  const [get, post, none] = await fixture.nodes(job.id);
  assert.deepEqual([get?.state, get?.tries], ['completed', 1]);
  assert.match(post?.error ?? '', /POST to .* of the node post may have been received, and was not answered/);
  assert.match(none?.error ?? '', /of the node nobody did not go through: 127\.0\.0\.1:1 cannot be reached/);
  assert.ok((await fixture.log(job.id)).some((line) => /^Node \w+: The .* The job waits/.test(line)));
});

test('definitions that cannot run are refused by name', async () => {
  await using fixture = await open();
  const job = await fixture.run(definitionOf([nodeOf('sh', { type: 'foreign', word: 'Shell' })]));
  assert.deepEqual(
    [job.error?.code, job.error?.message],
    ['definition-invalid', 'Nothing here runs the node sh (Shell).'],
  );
  assert.deepEqual(await states(fixture, job.id), { sh: 'waiting' });
});

test('a job node waits for its job, and a retry goes on with the same job', async () => {
  let tries = 0;
  const child = async (): Promise<void> => {
    tries += 1;
    if (tries < 3) throw new AppError('file-missing', { message: `The file is missing (${tries}).` });
  };
  await using fixture = await open({ child });
  const job = await fixture.run(
    definitionOf([
      nodeOf('move', jobAction, { retries: 1 }),
      nodeOf('tell', ask(fixture, '/tell'), { after: ['move'] }),
    ]),
  );
  assert.equal(job.state, 'failed');
  assert.equal(job.error?.code, 'child-failed');
  assert.match(
    job.error?.message ?? '',
    /^Node move: The job JOB_\d+_0 .* failed: The file is missing \(2\)/,
  );
  assert.deepEqual(await states(fixture, job.id), { move: 'failed', tell: 'waiting' });
  await fixture.resume(job.id);
  assert.equal((await fixture.reached(job.id)).state, 'completed');
  assert.equal(tries, 3);
  const children = await fixture.store.childJobs(job.id);
  assert.equal(children.length, 1, 'the job is resumed, not made again');
  const [move] = await fixture.nodes(job.id);
  assert.deepEqual([move?.state, move?.tries, move?.jobId], ['completed', 3, children[0]?.id]);
});

test('a job that was cancelled is not tried again by itself; a resumed run starts another', async () => {
  let tries = 0;
  const child = async (_job: unknown, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    tries += 1;
    if (tries === 1) await stuck(signal);
  };
  await using fixture = await open({ child });
  const { id } = await fixture.start(definitionOf([nodeOf('move', jobAction, { retries: 5 })]));
  await fixture.until(() => tries === 1);
  assert.deepEqual(await states(fixture, id), { move: 'running' });
  const [first] = await fixture.store.childJobs(id);
  await fixture.cancel(first?.id ?? '');
  assert.equal((await fixture.reached(id)).state, 'failed');
  await fixture.resume(id);
  assert.equal((await fixture.reached(id)).state, 'completed');
  const children = await fixture.store.childJobs(id);
  assert.deepEqual(
    children.map(({ state }) => state),
    ['cancelled', 'completed'],
  );
  assert.equal((await fixture.nodes(id))[0]?.jobId, children[1]?.id);
});

test('a run that is stopped stops its jobs, and goes on with them; a cancel cancels both', async () => {
  let tries = 0;
  let isFree = false;
  const child = async (_job: unknown, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    tries += 1;
    if (!isFree) await stuck(signal);
  };
  await using fixture = await open({ child });
  const definition = definitionOf([nodeOf('move', jobAction), nodeOf('tell', ask(fixture, '/hang'))]);
  const { id } = await fixture.start(definition);
  await fixture.until(() => tries === 1 && fixture.seen.length === 1);
  await fixture.stop(id);
  await fixture.reached(id, 'stopped');
  const [stopped] = await fixture.store.childJobs(id);
  assert.equal(stopped?.state, 'stopped');
  assert.deepEqual(await states(fixture, id), { move: 'waiting', tell: 'waiting' });
  isFree = true;
  await fixture.resume(id);
  await fixture.until(() => tries === 2 && fixture.seen.length === 2);
  await fixture.until(async () => (await states(fixture, id)).move === 'completed');
  await fixture.cancel(id);
  await fixture.reached(id, 'cancelled');
  assert.deepEqual(await states(fixture, id), { move: 'completed', tell: 'skipped' });
  assert.equal((await fixture.store.childJobs(id)).length, 1);

  isFree = false;
  const other = await fixture.start(definitionOf([nodeOf('move', jobAction)]));
  await fixture.until(() => tries === 3);
  await fixture.cancel(other.id);
  await fixture.reached(other.id, 'cancelled');
  assert.equal((await fixture.store.childJobs(other.id))[0]?.state, 'cancelled');
});

test('a job that takes too long is stopped, and a further try goes on with it', async () => {
  const tries = new Map<string, number>();
  const child = async ({ id }: Job, { signal }: { readonly signal: AbortSignal }): Promise<void> => {
    tries.set(id, (tries.get(id) ?? 0) + 1);
    if (tries.get(id) === 1) await stuck(signal);
  };
  await using fixture = await open({ child });
  const [job, over] = await Promise.all([
    fixture.run(definitionOf([nodeOf('move', jobAction, { timeoutSeconds: 1, retries: 1 })])),
    fixture.run(
      definitionOf([nodeOf('one', jobAction), nodeOf('two', jobAction, { onFailure: 'ignore' })], {
        timeoutSeconds: 1,
      }),
    ),
  ]);
  assert.equal(job.state, 'completed', job.error?.message);
  const [only, ...others] = await fixture.store.childJobs(job.id);
  assert.deepEqual([others, tries.get(only?.id ?? '')], [[], 2]);
  const log = await fixture.log(job.id);
  const line =
    'Node move failed: The node move took longer than 1 s. Trying again; 0 further tries are left.';
  assert.ok(log.includes(line), log.join('\n'));

  assert.deepEqual([over.state, over.error?.code], ['failed', 'run-timeout']);
  await fixture.until(async () =>
    (await fixture.store.childJobs(over.id)).every(({ state }) => state === 'stopped'),
  );
  // Both go on, with the time of the run counted anew.
  await fixture.resume(over.id);
  assert.equal((await fixture.reached(over.id)).state, 'completed');
  assert.deepEqual([...tries.values()], [2, 2, 2]);
});
