import type { Person } from '../../harness/bad-input-stage.ts';
import { exporting, importing, type Refusal, type Refusals } from './refusal.ts';

const get = (path: string, answer: string, says: RegExp): Refusal => ({
  request: `GET ${path}`,
  answer,
  says,
});
const post = (path: string, body: unknown, answer: string, says: RegExp): Refusal => ({
  request: `POST ${path}`,
  body,
  answer,
  says,
});
const noJob = (request: string): Refusal => ({
  request,
  answer: '404 job-unknown job',
  says: /no job "nope".*\n.*pumphouse jobs list/,
});
const nobody = (headers: Readonly<Record<string, string>>, says: RegExp): Refusal => ({
  request: 'GET /jobs',
  as: 'nobody',
  headers,
  answer: '401 unauthenticated',
  says,
});
const forbidden = (as: Person, request: string, body: unknown, says: RegExp): Refusal => ({
  request,
  body,
  as,
  answer: '403 forbidden',
  says,
});
const addDatabase = (body: object, answer: string, says: RegExp): Refusal =>
  post('/databases', body, answer, says);

/** Everything but starting jobs. */
export const otherRequests: Refusals = {
  'a job that is not there': noJob('GET /jobs/nope'),
  'a stop of a job that is not there': noJob('POST /jobs/nope/stop'),
  'a resume of a job that is not there': noJob('POST /jobs/nope/resume'),
  'a cancel of a job that is not there': noJob('POST /jobs/nope/cancel'),
  'a log of a job that is not there': noJob('GET /jobs/nope/log'),
  'events of a job that is not there': noJob('GET /jobs/nope/events'),
  'files of a job that is not there': noJob('GET /jobs/nope/files'),
  'a report of a job that is not there': noJob('GET /jobs/nope/report'),
  'a set that is looked at and not there': get(
    '/dump-sets/show?directory=good&file_pattern=LOST.DMP',
    '404 file-missing file_pattern',
    /LOST\.DMP.*\n.*file pattern/,
  ),

  'a cursor that nobody gave out': get(
    '/jobs?cursor=abc',
    '400 field-invalid cursor',
    /cursor.*\n.*page before/,
  ),
  'a page without entries': get('/jobs?limit=0', '400 field-invalid limit', /limit.*1 or more.*0/),
  'an unknown state in a filter': get('/jobs?state=asleep', '400 field-invalid state[0]', /queued.*"asleep"/),
  'an unknown parameter': get('/jobs?colour=red', '400 request-malformed colour', /colour.*\n.*state/),
  'an address that leads nowhere': get('/tides', '404 route-unknown', /\/api\/v1\/tides.*\n.*openapi\.json/),
  'a method that is not there': {
    request: 'PUT /jobs',
    body: {},
    answer: '405 method-not-allowed',
    says: /PUT.*\n.*Allow/,
  },

  'a database URL of an unknown scheme': addDatabase(
    { name: 'x', url: 'oracle://h/x' },
    '400 url-invalid url',
    /oracle.*\n.*sqlite:.*postgres:/,
  ),
  'a database URL that cannot be read': addDatabase(
    { name: 'x', url: 'postgres://ann:Fender-rope-2@host:port/x' },
    '400 url-invalid url',
    /^(?!.*Fender).*port.*\n.*postgres:/s,
  ),
  'a database name with a slash': addDatabase(
    { name: 'a/b', url: 'sqlite:/x' },
    '400 name-invalid name',
    /"a\/b".*\n.*letters/,
  ),
  'a database that exists': addDatabase(
    { name: 'shop', url: 'sqlite:/x' },
    '409 database-exists name',
    /"shop".*\n.*another name/,
  ),
  'a test of a database that does not answer': post(
    '/databases/down/test',
    { purpose: 'export' },
    '503 database-unreachable',
    /127\.0\.0\.1:\d+ cannot be reached.*\n.*host and port/,
  ),
  'a test of a database that says nothing': post(
    '/databases/hung/test',
    { purpose: 'import' },
    '504 database-timeout',
    /127\.0\.0\.1:\d+ did not answer within 1 s.*\n.*time-out/,
  ),
  'a test of a database that is none': post(
    '/databases/notes/test',
    { purpose: 'export' },
    '422 database-not-a-database',
    /not an SQLite database.*\n.*path/,
  ),
  'a test for something else': post(
    '/databases/shop/test',
    { purpose: 'copy' },
    '400 field-invalid purpose',
    /export or import.*"copy"/,
  ),
  'a test with an unknown directory': post(
    '/databases/shop/test',
    { purpose: 'export', directory: 'cellar' },
    '404 directory-unknown directory',
    /"cellar".*\n.*pumphouse directory/,
  ),
  'a test with a directory and a location': post(
    '/databases/shop/test',
    { purpose: 'export', directory: 'good', location: 'file:///tmp' },
    '400 field-invalid location',
    /both.*\n.*directory.*location/,
  ),
  'a test of a place by one who may not export': forbidden(
    'viewer',
    'POST /databases/shop/test',
    { purpose: 'export', directory: 'good' },
    /viewer.*export:start/,
  ),
  'a directory with a relative path': post(
    '/directories',
    { name: 'x', path: 'dumps' },
    '400 field-invalid path',
    /absolute.*\n.*\/var\/dumps/,
  ),
  'a directory that nobody can write': post(
    '/directories',
    { name: 'x', path: '/proc/x' },
    '503 storage-unwritable path',
    /\/proc\/x.*\n.*location/,
  ),
  'a user of an unknown role': post(
    '/users',
    { name: 'x', role: 'king', password: 'y' },
    '400 field-invalid role',
    /king.*\n.*administrator/,
  ),

  'no credentials': nobody({}, /\n.*pumphouse user add/),
  'a wrong password': nobody({ authorization: `Basic ${btoa('admin:guess')}` }, /\n.*pumphouse user add/),
  'a wrong token': nobody({ authorization: 'Bearer guess' }, /token is wrong.*\n.*service\.json/),
  'a viewer who exports': forbidden(
    'viewer',
    'POST /jobs',
    exporting({}),
    /viewer.*export:start.*\n.*administrator/,
  ),
  'a viewer who imports': forbidden(
    'viewer',
    'POST /jobs',
    importing({ directory: 'good' }),
    /viewer.*import:start/,
  ),
  'a developer without a grant': forbidden(
    'stranger',
    'POST /jobs',
    exporting({}),
    /stranger has no grant on database shop.*\n.*administrator/,
  ),
  'a developer who imports what he may not read': {
    ...forbidden('stranger', 'POST /jobs', importing({ directory: 'good' }), /shop.*stranger has no grant/),
    answer: '403 forbidden file_pattern',
  },
  'a developer who names any place': {
    request: 'POST /jobs',
    body: exporting({ location: 'file:///tmp' }),
    as: 'developer',
    answer: '403 forbidden location',
    says: /location:any.*\n?.*credential of your own/,
  },
  'a credential that is not there': post(
    '/jobs',
    exporting({ location: 's3://bucket/prefix', credential: 'nope' }),
    '404 credential-unknown credential',
    /credential "nope"/,
  ),
  'a credential beside a directory': post(
    '/jobs',
    exporting({ directory: 'good', credential: 'nope' }),
    '400 field-invalid credential',
    /without location/,
  ),
  'a credential of a type that nobody has': post(
    '/credentials',
    { name: 'c', type: 'tape', secret: 'x' },
    '400 field-invalid type',
    /s3, obs, azure/,
  ),
  'a location that is tried and is none': post(
    '/locations/test',
    { location: 'tape://x' },
    '400 location-invalid location',
    /tape:/,
  ),
  'a developer who registers databases': forbidden(
    'developer',
    'POST /databases',
    { name: 'x', url: 'sqlite:/x' },
    /database:manage/,
  ),
  'a viewer who adds users': forbidden(
    'viewer',
    'POST /users',
    { name: 'x', role: 'administrator', password: 'y' },
    /user:manage/,
  ),
};
