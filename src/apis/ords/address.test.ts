import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../core/errors.ts';
import type { Role } from '../../core/permission.ts';
import type { ApiRequest } from '../api.ts';
import { type AddressBook, baseOf, nameMeant, resolveAddress } from './address.ts';

const book = (defaultDatabase: string | null): AddressBook => ({
  defaultDatabase: () => defaultDatabase,
  service: {
    listDatabases: async () =>
      ['wharf', 'dock'].map((name) => ({
        name,
        uid: 1,
        engine: 'sqlite',
        url: '',
        shared: false,
        createdAt: 0,
      })),
    listUsers: async () =>
      ['harbor', 'dock'].map((name) => ({ name, role: 'developer' as const, databases: [], createdAt: 0 })),
  },
});

function request(segments: readonly string[], caller: [string, Role] | null): ApiRequest {
  const [pool, alias] = segments;
  return {
    method: 'GET',
    params: { ...(pool === undefined ? {} : { pool }), ...(alias === undefined ? {} : { alias }) },
    query: {},
    headers: {},
    body: undefined,
    caller: caller === null ? null : { name: caller[0], role: caller[1], databases: [] },
    base: 'https://pump.example.net',
    basePath: '',
    url: `/ords/${segments.map((segment) => `${encodeURIComponent(segment)}/`).join('')}_/db-api/latest/x?y=/_/db-api/`,
    requestId: 'r',
    signal: new AbortController().signal,
  };
}

const admin: [string, Role] = ['root', 'administrator'];
const resolve = async (
  segments: readonly string[],
  caller: [string, Role] | null,
  fallback: string | null,
) => {
  try {
    const { database, alias } = await resolveAddress(book(fallback), request(segments, caller));
    return `${database}/${alias}`;
  } catch (error) {
    if (error instanceof AppError) return error.code;
    throw error;
  }
};

describe('an address', () => {
  const cases: readonly [readonly string[], [string, Role] | null, string | null, string][] = [
    [['wharf', 'harbor'], admin, null, 'wharf/harbor'],
    [['WHARF', 'harbor'], admin, null, 'wharf/harbor'],
    [['pier', 'harbor'], admin, 'wharf', 'database-unknown'],
    [['wharf'], admin, null, 'wharf/null'],
    [['harbor'], admin, 'wharf', 'wharf/harbor'],
    // A pool wins over a user of the same name.
    [['dock'], admin, 'wharf', 'dock/null'],
    [['pier'], admin, 'wharf', 'database-unknown'],
    [['harbor'], admin, null, 'database-unknown'],
    [[], admin, 'wharf', 'wharf/null'],
    [[], admin, null, 'database-unknown'],
    [[], admin, 'gone', 'database-unknown'],
    [['wharf', 'harbor'], ['root', 'operator'], null, 'wharf/harbor'],
    // Database users: their own alias only, whatever its case.
    [['wharf', 'harbor'], ['harbor', 'developer'], null, 'wharf/harbor'],
    [['wharf', 'HARBOR'], ['harbor', 'developer'], null, 'wharf/HARBOR'],
    [['harbor'], ['harbor', 'viewer'], 'wharf', 'wharf/harbor'],
    [['wharf', 'other'], ['harbor', 'developer'], null, 'unauthenticated'],
    [['wharf', 'other'], ['harbor', 'viewer'], null, 'unauthenticated'],
    [['wharf'], ['harbor', 'developer'], null, 'unauthenticated'],
    [[], ['harbor', 'developer'], 'wharf', 'unauthenticated'],
    // Public operations ask nobody's name.
    [['wharf', 'other'], null, null, 'wharf/other'],
    [['pier', 'other'], null, null, 'database-unknown'],
  ];
  for (const [segments, caller, fallback, expected] of cases) {
    it(`/ords/${segments.join('/')} by ${caller?.join(' ') ?? 'nobody'}, default ${fallback}`, async () => {
      assert.equal(await resolve(segments, caller, fallback), expected);
    });
  }

  it('gives links the spelling of the request, below stable', () => {
    assert.equal(
      baseOf(request(['wharf', 'a b'], null)),
      'https://pump.example.net/ords/wharf/a%20b/_/db-api/stable',
    );
    assert.equal(baseOf(request([], null)), 'https://pump.example.net/ords/_/db-api/stable');
  });

  it('means the only name that differs in case alone', () => {
    assert.equal(nameMeant(['Wharf'], 'WHARF'), 'Wharf');
    assert.equal(nameMeant(['Wharf', 'wharf'], 'wharf'), 'wharf');
    assert.equal(nameMeant(['Wharf', 'wharf'], 'WHARF'), null);
    assert.equal(nameMeant([], 'wharf'), null);
  });
});
