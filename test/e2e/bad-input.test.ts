import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import {
  assertDiscreet,
  type BadInputStage,
  credentials,
  openBadInputStage,
  type Person,
} from '../harness/bad-input-stage.ts';
import { failingJobs } from './bad-input/failing-jobs.ts';
import { jobRequests } from './bad-input/job-requests.ts';
import { optionRequests } from './bad-input/option-requests.ts';
import { otherRequests } from './bad-input/other-requests.ts';
import { type Refusal, verifying } from './bad-input/refusal.ts';

interface Problem {
  readonly code: string;
  readonly field?: string;
  readonly detail: string;
  readonly hint: string;
}
interface Taken {
  readonly id: string;
  readonly threads: number;
}

describe('the native API, asked wrongly', () => {
  let stage: BadInputStage;
  before(async () => {
    stage = await openBadInputStage();
  });
  after(() => stage[Symbol.asyncDispose]());

  function send(
    request: string,
    { as = 'admin', body, headers = {} }: Omit<Refusal, 'request' | 'answer' | 'says'>,
  ) {
    const [method = '', path = ''] = request.split(' ');
    return fetch(`${stage.app.origin}/api/v1${path}`, {
      method,
      headers: {
        ...(as === 'nobody' ? {} : credentials(as)),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }
  /** Starts a verification of a good set; waits until it has ended. */
  async function verify(as: Person, more = {}, headers = {}): Promise<Taken> {
    const answer = await send('POST /jobs', { as, body: verifying(more), headers });
    assert.equal(answer.status, 201);
    const taken = (await answer.json()) as Taken;
    await stage.app.settled(taken.id);
    return taken;
  }

  describe('fails a job that was taken', () => {
    const ids = new Map<string, string>();
    before(async () => {
      // All at once: those that wait for a server wait together.
      for (const [what, { body }] of Object.entries(failingJobs)) {
        const { id } = await stage.app.json<Taken>({ method: 'POST', path: '/api/v1/jobs', body });
        ids.set(what, id);
      }
    });

    for (const [what, { code, field, says }] of Object.entries(failingJobs)) {
      it(what, async () => {
        const id = ids.get(what) as string;
        const { state, error } = await stage.app.settled(id);
        assert.deepEqual({ state, code: error?.code, field: error?.field }, { state: 'failed', code, field });
        assert.match(`${error?.message}\n${error?.hint}`, says);
        for (const path of [`/api/v1/jobs/${id}/log`, `/api/v1/jobs/${id}`])
          assertDiscreet((await stage.app.call({ method: 'GET', path })).body);
      });
    }

    it('and writes nothing', async () => {
      const { files } = await stage.snapshot();
      const written = files.filter(([file, bytes]) => file.includes('copy.db') && bytes > 0);
      assert.deepEqual(written, []);
    });
  });

  describe('refuses', () => {
    for (const [what, refusal] of Object.entries({ ...jobRequests, ...optionRequests, ...otherRequests })) {
      it(what, async () => {
        const untouched = await stage.snapshot();
        const answer = await send(refusal.request, refusal);
        const text = await answer.text();
        assert.equal(answer.headers.get('content-type'), 'application/problem+json', text);
        const { code, field = '', detail, hint } = JSON.parse(text) as Problem;
        assert.equal(`${answer.status} ${code} ${field}`.trim(), refusal.answer, text);
        assert.match(`${detail}\n${hint}`, refusal.says);
        assertDiscreet(text);
        assert.deepEqual(await stage.snapshot(), untouched);
      });
    }

    it('others at the jobs of a developer', async () => {
      const { id } = await verify('developer');
      for (const verb of ['stop', 'resume', 'cancel']) {
        assert.equal((await send(`POST /jobs/${id}/${verb}`, { as: 'stranger' })).status, 404, verb);
        assert.equal((await send(`POST /jobs/${id}/${verb}`, { as: 'viewer' })).status, 403, verb);
      }
      assert.equal((await send(`GET /jobs/${id}`, { as: 'stranger' })).status, 404);
      assert.equal((await send(`GET /jobs/${id}`, { as: 'viewer' })).status, 200);
    });

    it('an idempotency key with another request', async () => {
      const headers = { 'idempotency-key': 'tide-1' };
      await verify('admin', {}, headers);
      const other = await send('POST /jobs', { body: verifying({ threads: 2 }), headers });
      const { code, hint } = (await other.json()) as Problem;
      assert.deepEqual([other.status, code], [409, 'idempotency-mismatch']);
      assert.match(hint, /new key/);
    });

    it('no number of threads that is too high, but lowers it to what it allows', async () => {
      assert.equal((await verify('admin', { threads: 1e9 })).threads, 16);
    });
  });
});
