import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { AppError } from '../../core/errors.ts';
import { describePostgresTarget, parsePostgresUrl } from './database-url.ts';

describe('URL of a PostgreSQL database', () => {
  it('takes what is not said from libpq', () => {
    assert.deepEqual(parsePostgresUrl('postgres://u@h/d'), {
      host: 'h',
      port: 5432,
      database: 'd',
      user: 'u',
      password: null,
      sslMode: 'prefer',
      sslRootCertificate: null,
      connectTimeoutSeconds: null,
      applicationName: 'pumphouse',
    });
  });

  it('takes every part, percent-encoded or not', () => {
    const target = parsePostgresUrl(
      'postgresql://us%40er:p%2Fa@s:s%25@db.example.com:6543/my%20db?sslmode=verify-full&sslrootcert=/etc/ca.pem&connect_timeout=3&application_name=x%26y',
    );
    assert.deepEqual(target, {
      host: 'db.example.com',
      port: 6543,
      database: 'my db',
      user: 'us@er',
      password: 'p/a@s:s%',
      sslMode: 'verify-full',
      sslRootCertificate: '/etc/ca.pem',
      connectTimeoutSeconds: 3,
      applicationName: 'x&y',
    });
  });

  it('takes addresses and sockets, and describes them without the password', () => {
    for (const [url, host, described] of [
      ['postgres://u:secret@[::1]:5433/d', '::1', 'postgres://u@[::1]:5433/d'],
      ['postgres://u:secret@10.0.0.1/d', '10.0.0.1', 'postgres://u@10.0.0.1:5432/d'],
      [
        'postgres://u:secret@/d?host=/run/postgresql',
        '/run/postgresql',
        'postgres://u@/d?host=/run/postgresql',
      ],
      ['postgres://u@%2Frun%2Fpg:5433/d', '/run/pg', 'postgres://u@/d?host=/run/pg&port=5433'],
      ['postgres://u:secret@h/d?sslmode=require', 'h', 'postgres://u@h:5432/d?sslmode=require'],
      ['postgres://a%3Ab@h/d%2Fe', 'h', 'postgres://a%3Ab@h:5432/d%2Fe'],
    ] as const) {
      const target = parsePostgresUrl(url);
      assert.equal(target.host, host, url);
      assert.equal(describePostgresTarget(target), described, url);
      assert.deepEqual(
        { ...parsePostgresUrl(described), password: null },
        { ...target, password: null },
        'describes the same database',
      );
    }
  });

  it('says which part is wrong, and never what the password is', () => {
    for (const [url, part] of [
      ['mysql://u@h/d', /postgres:\/\//],
      ['postgres:u@h/d', /postgres:\/\//],
      ['postgres://h/d', /user/],
      ['postgres://:secret@h/d', /user/],
      ['postgres://u:secret@h', /database/],
      ['postgres://u:secret@h/', /database/],
      ['postgres://u:secret@/d', /host/],
      ['postgres://u:secret@h:port/d', /port/],
      ['postgres://u:secret@h:0/d', /port/],
      ['postgres://u:secret@h:70000/d', /port/],
      ['postgres://u:secret@::1/d', /host|port/],
      ['postgres://u:secret@a,b/d', /hosts/],
      ['postgres://u:secret%@h/d', /password/],
      ['postgres://u:secret#x@h/d', /#/],
      ['postgres://u:secret@h/d%zz', /database/],
      ['postgres://u:secret@h/d?sslmode=maybe', /sslmode.*maybe/],
      ['postgres://u:secret@h/d?ssl=true', /parameter "ssl"/],
      ['postgres://u:secret@h/d?connect_timeout=soon', /connect_timeout/],
      ['postgres://u:secret@h/d?connect_timeout=0', /connect_timeout/],
      ['postgres://u:secret@h/d?sslmode=', /sslmode/],
      ['postgres://u:secret@h/d?sslmode=disable&sslmode=require', /twice/],
      ['postgres://u:secret@h/d%00', /database/],
    ] as const) {
      assert.throws(
        () => parsePostgresUrl(url),
        (error) =>
          error instanceof AppError &&
          error.code === 'url-invalid' &&
          error.field === 'url' &&
          part.test(error.message) &&
          !error.message.includes('secret'),
        url,
      );
    }
  });
});
