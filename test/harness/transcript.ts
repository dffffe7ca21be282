import assert from 'node:assert/strict';
import { readFile, writeFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';

/**
 * Golden transcripts of HTTP exchanges. A file holds, after lines of comment (`#`), exchanges of this form:
 *
 *     >>> POST /path
 *     Header: value
 *
 *     body
 *
 *     <<< 201
 *     Header: value
 *
 *     body
 *
 * `Authorization: none` and `Content-Type: none` send no such header. `>>> until at rest GET /path` asks again while the answer's state is
 * one of a running job. Volatile values stand as placeholders:
 * `{origin}`, `{job1}` and `{second1}` (the first Data Pump job that the transcript meets, and the second in its name as file names spell it), `{etag}`,
 * `{ecid}`, `{time}`, `{date}`, `{elapsed}`, `{size}`, `{dumps}` (the folder of DATA_PUMP_DIR); `{action1}` and `{token1}` (the first action
 * and access token of the Redis Enterprise API), `{seconds}` (since 1970), `{moment}` (in the name of a job);
 * and the stage's own values. In requests `{origin}`, `{job1}`,
 * `{second1}`, `{action1}`, `{token1}` and the stage's own stand for their values.
 */
export interface Exchange {
  readonly untilAtRest: boolean;
  readonly method: string;
  readonly path: string;
  readonly headers: readonly (readonly [string, string])[];
  /** Undefined without. */
  readonly body: string | undefined;
}

/** Where the transcript is played, and by whom. */
export interface Stage {
  /** `http://127.0.0.1:8080` */
  readonly origin: string;
  /** Value of the Authorization header of exchanges that have none of their own; `Authorization: none` sends none. */
  readonly authorization: string;
  /** Placeholders of the stage's own: `dumps` for `{dumps}`. Longer values first, where one is within another. */
  readonly values?: Readonly<Record<string, string>>;
  /** Headers that are shown besides those that every transcript shows, in this spelling. */
  readonly headers?: readonly string[];
  /** Values that have numbers, as the first group of a global pattern: `{tag1}` is the first tag that the transcript meets. */
  readonly numbered?: Readonly<Record<string, RegExp>>;
  /** How answers are shown that are neither JSON nor text; default by the word `{bytes}`. */
  readonly bytes?: (bytes: Uint8Array) => Promise<string>;
  /** Volatile texts, and what stands for them. */
  readonly volatile?: readonly (readonly [RegExp, string])[];
}

const shownHeaders = [
  'content-type',
  'location',
  'content-location',
  'etag',
  'allow',
  'retry-after',
  'www-authenticate',
];
const headerNames: Readonly<Record<string, string>> = {
  'content-type': 'Content-Type',
  location: 'Location',
  'content-location': 'Content-Location',
  etag: 'ETag',
  allow: 'Allow',
  'retry-after': 'Retry-After',
  'www-authenticate': 'WWW-Authenticate',
};
const runningStates = [
  'EXECUTING',
  'COMPLETING',
  'STOPPING',
  'exporting',
  'initializing',
  'importing',
  'In Progress',
];
const longestWaitMs = 120_000;

const jobPattern = /DATAPUMP_REST_(?:EXPORT|IMPORT)_(\d{4})(\d\d)(\d\d)(\d\d)(\d\d)(\d\d)/g;

const secondPattern = /(\{job(\d+)\}[^"\n]*?)?\d{4}-\d\d-\d\d-\d\d_\d\d_\d\d/g;

/** The jobs that a transcript has met, in order. */
type Jobs = { readonly name: string; readonly second: string }[];

/** Values of answers that have numbers, with the places that they show at first. */
const numberedPatterns = {
  action: /"action_uid": "([0-9a-f-]{36})"/g,
  token: /"access_token": "([\w-]+\.[\w-]+\.[\w-]+)"/g,
};
/** What a transcript has met of them, in order; `own`: of those of the stage. */
type Met = Record<keyof typeof numberedPatterns, string[]> & {
  readonly jobs: Jobs;
  readonly own: Map<string, string[]>;
};

/** The Basic credentials of a user. */
export const basic = (user: { readonly name: string; readonly password: string }): string =>
  `Basic ${Buffer.from(`${user.name}:${user.password}`).toString('base64')}`;

/**
 * Plays test/golden/{name}.txt and holds the answers to it. With UPDATE_GOLDEN=1 in the environment the answers that came are written
 * down instead: read them before they are committed.
 */
export async function checkTranscript(name: string, stage: Stage): Promise<void> {
  const file = new URL(`../golden/${name}.txt`, import.meta.url);
  const expected = await readFile(file, 'utf8');
  const actual = await playTranscript(expected, stage);
  if (process.env.UPDATE_GOLDEN === '1') await writeFile(file, actual);
  else assert.equal(actual, expected);
}

/** Plays the requests of a transcript one after another, and gives the transcript with the answers that came. */
export async function playTranscript(transcript: string, stage: Stage): Promise<string> {
  const lines = transcript.split('\n');
  const start = lines.findIndex((line) => line.startsWith('>>> '));
  const played: string[] = lines.slice(0, start);
  const met: Met = { jobs: [], action: [], token: [], own: new Map() };
  for (const text of lines
    .slice(start)
    .join('\n')
    .split(/^(?=>>> )/m)) {
    const request = text.split(/^<<< /m, 1)[0] as string;
    const answer = await play(parseExchange(request), stage, met);
    played.push(request.trimEnd(), '', normalise(answer, stage, met).trimEnd(), '');
  }
  return `${played.join('\n').trimEnd()}\n`;
}

function parseExchange(text: string): Exchange {
  const [head = '', ...blocks] = text.trimEnd().split('\n\n');
  const [first = '', ...headerLines] = head.split('\n');
  const parts = /^>>> (until at rest )?([A-Z]+) (\S+)$/.exec(first);
  if (parts === null) throw new Error(`This line of a transcript cannot be read: ${first}`);
  const [, repeat, method, path] = parts;
  return {
    untilAtRest: repeat !== undefined,
    method: method as string,
    path: path as string,
    headers: headerLines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon), line.slice(colon + 1).trim()] as const;
    }),
    body: blocks.length === 0 ? undefined : blocks.join('\n\n'),
  };
}

async function play(exchange: Exchange, stage: Stage, met: Met): Promise<string> {
  const fill = (text: string): string => filled(text, stage, met);
  const headers = new Headers({ authorization: stage.authorization });
  for (const [name, value] of exchange.headers) headers.set(name, fill(value));
  if (headers.get('authorization') === 'none') headers.delete('authorization');
  // A text would be sent with a media type all the same.
  const isUntyped = headers.get('content-type') === 'none';
  if (isUntyped) headers.delete('content-type');
  const deadline = Date.now() + longestWaitMs;
  for (;;) {
    const response = await fetch(stage.origin + fill(exchange.path), {
      method: exchange.method,
      headers,
      redirect: 'manual',
      ...(exchange.body === undefined
        ? {}
        : { body: isUntyped ? Buffer.from(fill(exchange.body)) : fill(exchange.body) }),
    });
    const text = await answerText(response, stage);
    if (!exchange.untilAtRest || !isRunning(text)) return text;
    if (Date.now() > deadline) throw new Error(`The job is still not at rest:\n${text}`);
    await sleep(100);
  }
}

const isRunning = (text: string): boolean => {
  const state = /"(?:state|export_status|import_status|job_status)": "([A-Za-z ]+)"/.exec(text)?.[1];
  // Tasks and instances of the DataArts API.
  const isBusy = /^ {2}"status": "(?:RUNNING|running|waiting)"/m.test(text);
  return isBusy || (state !== undefined && runningStates.includes(state));
};

/** An answer as transcripts show it: JSON one member a line, bytes by the word. */
async function answerText(response: Response, { headers = [], bytes: shown }: Stage): Promise<string> {
  const lines = [`<<< ${response.status}`];
  for (const name of [...shownHeaders.map((each) => headerNames[each] ?? each), ...headers]) {
    const value = response.headers.get(name);
    if (value !== null) lines.push(`${name}: ${value}`);
  }
  const type = response.headers.get('content-type') ?? '';
  const isJson = /json/.test(type);
  const json = isJson ? await response.text() : '';
  if (isJson) lines.push(...(json === '' ? [] : ['', JSON.stringify(JSON.parse(json), null, 2)]));
  else if (/^text\//.test(type)) lines.push('', await response.text());
  else {
    const bytes = await response.bytes();
    if (bytes.length > 0) lines.push('', shown === undefined ? '{bytes}' : await shown(bytes));
  }
  return lines.join('\n');
}

function filled(text: string, stage: Stage, met: Met): string {
  let own = text;
  for (const [name, value] of Object.entries(stage.values ?? {})) own = own.replaceAll(`{${name}}`, value);
  for (const [word, values] of met.own)
    for (const [index, value] of values.entries()) own = own.replaceAll(`{${word}${index + 1}}`, value);
  return own.replace(/\{(origin|job|second|action|token)(\d*)\}/g, (_, word: string, number: string) => {
    if (word === 'origin') return stage.origin;
    if (word === 'action' || word === 'token') {
      const value = met[word][Number(number) - 1];
      if (value === undefined) throw new Error(`The transcript has met no ${word} ${number} yet.`);
      return value;
    }
    const job = met.jobs[Number(number) - 1];
    if (job === undefined) throw new Error(`The transcript has met no job ${number} yet.`);
    return word === 'job' ? job.name : job.second;
  });
}

function normalise(text: string, stage: Stage, met: Met): string {
  const { jobs } = met;
  for (const [name, year, month, day, hour, minute, second] of text.matchAll(jobPattern)) {
    if (jobs.some((job) => job.name === name)) continue;
    jobs.push({ name, second: `${year}-${month}-${day}-${hour}_${minute}_${second}` });
  }
  let normal = text.replaceAll(stage.origin, '{origin}');
  for (const [name, value] of Object.entries(stage.values ?? {}))
    normal = normal.replaceAll(value, `{${name}}`);
  for (const word of ['action', 'token'] as const) {
    for (const [, value = ''] of text.matchAll(numberedPatterns[word]))
      if (!met[word].includes(value)) met[word].push(value);
    for (const [index, value] of met[word].entries())
      normal = normal.replaceAll(value, `{${word}${index + 1}}`);
  }
  for (const [index, { name }] of jobs.entries()) normal = normal.replaceAll(name, `{job${index + 1}}`);
  for (const [word, pattern] of Object.entries(stage.numbered ?? {})) {
    const values = met.own.get(word) ?? [];
    met.own.set(word, values);
    normal = normal.replace(pattern, (whole: string, value: string) => {
      if (!values.includes(value)) values.push(value);
      return whole.replace(value, `{${word}${values.indexOf(value) + 1}}`);
    });
  }
  for (const [pattern, placeholder] of stage.volatile ?? []) normal = normal.replace(pattern, placeholder);
  return normal
    .replace(secondPattern, (second, from: string | undefined, number: string) =>
      // Behind the name of its job a second is that job's; elsewhere it is any that is known.
      from !== undefined && second.endsWith(jobs[Number(number) - 1]?.second ?? '?')
        ? `${from}{second${number}}`
        : second,
    )
    .replace(secondPattern, (second) => (jobs.some((job) => job.second === second) ? '{second}' : second))
    .replace(/^ETag: "[A-Za-z0-9+/]{86}=="$/gm, 'ETag: "{etag}"')
    .replace(/ecid\/[A-Za-z0-9_-]{22}(?=["<])/g, 'ecid/{ecid}')
    .replace(/\b(EXPORT|IMPORT)_\d{14}\b/g, '$1_{moment}')
    .replace(/"\d{4}-\d\d-\d\dT[\d:.]+Z"/g, '"{time}"')
    .replace(/("creation_time": "?)\d{10}\b/g, '$1{seconds}')
    .replace(/("(?:heartbeat|last_sample_time)": )\d{10}\b/g, '$1{seconds}')
    .replace(/ at \w{3} \w{3} \d+ [\d:]{8} \d{4} elapsed \d+ [\d:]{8}/g, ' at {date} elapsed {elapsed}')
    .replace(/file:\/\/\S+\/dumps/g, '{dumps}')
    .replace(/(estimation using STATISTICS method:) .*/g, '$1 {size}')
    .replace(/^Read .* bytes of the dump set.*$/gm, 'Read {bytes} of the dump set.');
}
