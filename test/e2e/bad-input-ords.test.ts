import assert from 'node:assert/strict';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import {
  assertDiscreet,
  type BadInputStage,
  credentials,
  openBadInputStage,
} from '../harness/bad-input-stage.ts';
import { optionRefusals } from './bad-input/ords-options.ts';
import { exporting, type Refusal } from './bad-input/ords-refusal.ts';

const expression = (text: string, says: RegExp): Refusal =>
  exporting({ name_expressions: [{ expression: text }] }, '400 BadRequest name_expressions', says);
const threads = (value: unknown, says: RegExp): Refusal =>
  exporting({ threads: value }, '400 BadRequest threads', says);
const fileName = (file_name: string, says: RegExp): Refusal =>
  exporting({ file_name }, '400 BadRequest file_name', says);
const importing = (datapump_dir: string, file_name: string, says: RegExp, more = {}): Refusal => ({
  path: 'import',
  pool: 'copy',
  body: { datapump_dir, file_name },
  answer: '400 BadRequest file_name',
  says,
  ...more,
});
const listing = (query: string, says: RegExp): Refusal => ({
  path: `jobs/?${query}`,
  answer: `400 BadRequest ${query.split('=')[0]}`,
  says,
});

/** Beside the golden transcript of refusals: what needs more than one database, directory or caller. */
const refusals: Readonly<Record<string, Refusal>> = {
  'an unknown pool': exporting({}, '404 NotFound', /"pier".*\n.*database/, { pool: 'pier' }),
  'malformed JSON': exporting(
    '{"job_mode":',
    '400 BadRequest',
    /not valid JSON.*\n.*metadata-catalog\/openapi/,
  ),
  'a body that is no object': exporting('7', '400 BadRequest', /JSON object.*\n.*job_mode/),
  'an unknown mode': exporting({ job_mode: 'ALL' }, '400 BadRequest job_mode', /"ALL".*\n.*SCHEMA/),
  'threads 0': threads(0, /1 or more, not 0.*\n.*Leave threads out/),
  'threads -1': threads(-1, /not -1/),
  'threads 1.5': threads(1.5, /whole number.*not 1\.5/),
  'threads "4"': threads('4', /whole number.*not "4"/),
  'an expression without a value': expression('LIKE', /"LIKE" has a syntax error.*\n.*LIKE 'A%'/),
  'an expression with an open parenthesis': expression("IN ('a'", /syntax error.*\n.*IN \('A'/),
  'an expression with a second statement': expression('; drop table t', /more than one statement/),
  'an expression that calls a function': expression("= upper('x')", /string constant/),
  'table mode over several schemas': exporting(
    { job_mode: 'TABLE', schema_expressions: [{ expression: "IN ('main', 'side')" }] },
    '400 BadRequest schema_expressions',
    /single schema.*\n.*one schema/i,
  ),
  'a file name that climbs': fileName('../shop.dmp', /bare name.*\n.*EXPDAT%U\.DMP/),
  'a file name that is absolute': fileName('/tmp/shop.dmp', /bare name.*\n/),
  'a file name with a backslash': fileName('..\\shop.dmp', /bare name.*\n/),
  'a file name with an unknown substitution': fileName('SHOP%D.DMP', /"%D".*\n.*%U/),
  'an unknown directory': exporting(
    { datapump_dir: 'CELLAR' },
    '400 BadRequest datapump_dir',
    /"CELLAR".*\n.*pumphouse directory/,
  ),
  'a dump file that exists': exporting(
    { datapump_dir: 'good', file_name: 'GOOD%U.DMP' },
    '400 BadRequest file_name',
    /GOOD01\.DMP exists already.*\n.*another file name/,
  ),
  'a set that is not there': importing('good', 'LOST%U.DMP', /LOST.*\n.*file pattern/),
  'a set without its master': importing('headless', 'GOOD%U.DMP', /GOOD01\.DMP.*\n.*Resume the export/),
  'a set with a file that is short': importing('cut', 'GOOD%U.DMP', /GOOD02\.DMP.*\n.*Copy the file/),
  'a set of a newer version': importing('newer', 'set', /99.*\n.*newer Pumphouse/),
  'a filter that is no JSON': listing('q=%7Bstate', /q.*JSON.*\n/),
  'a filter on what is not there': listing('q=%7B%22colour%22%3A%22red%22%7D', /colour.*\n/),
  'a page without entries': listing('limit=0', /1 or more, not "0".*\n/),
  'a page before the first': listing('offset=-1', /0 or more, not "-1".*\n/),
  'a job that is not there': {
    path: 'jobs/ADMIN,DATAPUMP_REST_EXPORT_NONE/',
    answer: '404 NotFound',
    says: /DATAPUMP_REST_EXPORT_NONE.*\n/,
  },
  'a viewer who exports': exporting({}, '403 Forbidden', /viewer.*export:start.*\n.*administrator/, {
    as: 'viewer',
  }),
  'a developer without a grant': exporting({}, '403 Forbidden', /stranger has no grant on database shop/, {
    as: 'stranger',
  }),
  'a developer at the alias of another': {
    path: 'jobs/',
    as: 'developer',
    alias: 'stranger',
    answer: '401 Unauthorized',
    says: /alias.*\n/,
  },
};

interface Problem {
  readonly code: string;
  readonly message: string;
  readonly action: string;
}
interface Item {
  readonly state: string;
  readonly degree: number;
  readonly failure_code: string | null;
  readonly failure_message: string | null;
  readonly links: readonly { readonly rel: string; readonly href: string }[];
}

/** Jobs that are taken, and then fail. */
const failures: Readonly<
  Record<string, { pool: string; path: string; body: object; code: string; says: RegExp }>
> = {
  'an export that selects nothing': {
    pool: 'shop',
    path: 'export',
    body: { name_expressions: [{ expression: "= 'submarine'" }] },
    code: 'selection-empty',
    says: /'submarine'/,
  },
  'an import of a set with a flipped bit': {
    pool: 'copy',
    path: 'import',
    body: { datapump_dir: 'flipped', file_name: 'GOOD%U.DMP' },
    code: 'dump-damaged',
    says: /GOOD02\.DMP/,
  },
  'an export of a server that is down': {
    pool: 'down',
    path: 'export',
    body: {},
    code: 'database-unreachable',
    says: /127\.0\.0\.1:\d+ cannot be reached/,
  },
  'an export of a server that says nothing': {
    pool: 'hung',
    path: 'export',
    body: {},
    code: 'database-timeout',
    says: /127\.0\.0\.1:\d+ did not answer within 1 s/,
  },
};

describe('the ORDS API, asked wrongly', () => {
  let stage: BadInputStage;
  before(async () => {
    stage = await openBadInputStage();
  });
  after(() => stage[Symbol.asyncDispose]());

  function send({ path, body, as = 'admin', pool = 'shop', alias = as }: Omit<Refusal, 'answer' | 'says'>) {
    const base = `${stage.app.origin}/ords/${pool}/${alias}/_/db-api/stable/database/datapump/`;
    return fetch(new URL(path, base), {
      headers: { ...credentials(as), ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined
        ? {}
        : { method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) }),
    });
  }

  describe('fails a job that was taken', () => {
    const started = new Map<string, string>();
    before(async () => {
      for (const [what, { pool, path, body }] of Object.entries(failures)) {
        const answer = await send({ pool, path, body });
        assert.equal(answer.status, 201, what);
        started.set(what, answer.headers.get('location') as string);
      }
    });
    for (const [what, { code, says }] of Object.entries(failures)) {
      it(what, async () => {
        for (;;) {
          const answer = await fetch(started.get(what) as string, { headers: credentials('admin') });
          const text = await answer.text();
          const { state, failure_code, failure_message } = JSON.parse(text) as Item;
          assertDiscreet(text);
          if (state === 'EXECUTING' || state === 'COMPLETING') {
            await sleep(50);
            continue;
          }
          assert.deepEqual([state, failure_code], ['STOPPED', code]);
          assert.match(failure_message ?? '', says);
          break;
        }
      });
    }
  });

  describe('refuses', () => {
    for (const [what, refusal] of Object.entries({ ...refusals, ...optionRefusals })) {
      it(what, async () => {
        const untouched = await stage.snapshot();
        const answer = await send(refusal);
        const text = await answer.text();
        assert.equal(answer.headers.get('content-type'), 'application/problem+json', text);
        const { code, message, action } = JSON.parse(text) as Problem;
        const [status, word, member = ''] = refusal.answer.split(' ');
        assert.equal(`${answer.status} ${code}`, `${status} ${word}`, text);
        assert.ok(message.includes(member), message);
        assert.match(`${message}\n${action}`, refusal.says);
        assertDiscreet(text);
        assert.deepEqual(await stage.snapshot(), untouched);
      });
    }

    it('no number of threads that is too high, but lowers it and shows that', async () => {
      const answer = await send({ path: 'export', body: { threads: 1e9, file_name: 'MANY%U.DMP' } });
      assert.equal(answer.status, 201);
      assert.equal(((await answer.json()) as Item).degree, 16);
    });
  });
});
