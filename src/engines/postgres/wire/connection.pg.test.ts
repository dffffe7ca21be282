import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { after, before, describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { type PostgresServer, startPostgres } from '../../../../test/harness/postgres.ts';
import { startTcpProxy } from '../../../../test/harness/tcp-proxy.ts';
import { AppError } from '../../../core/errors.ts';
import { classifyPostgresError } from '../classify.ts';
import { type Connector, createConnector } from '../connector.ts';
import { parsePostgresUrl } from '../database-url.ts';
import { copyBlockBytes } from './copy-out.ts';
import { ServerError } from './messages.ts';

const never = new AbortController().signal;
const wantedRows = 200_000;
const bigCopy = (rows: number): string =>
  `COPY (SELECT i, repeat('x', 90) FROM (SELECT generate_series(1, ${rows}) i) s) TO STDOUT`;

const hasState = (sqlState: string) => (error: unknown) =>
  error instanceof ServerError && error.sqlState === sqlState;
const hasCode = (code: string) => (error: unknown) => classifyPostgresError(error, 'test').code === code;

async function* pieces(...texts: readonly string[]): AsyncGenerator<Uint8Array> {
  for (const text of texts) yield await Promise.resolve(Buffer.from(text));
}

async function count(blocks: AsyncIterable<Uint8Array>): Promise<number> {
  let bytes = 0;
  for await (const block of blocks) bytes += block.length;
  return bytes;
}

describe('connection', () => {
  let server: PostgresServer;
  let connector: Connector;

  const connectorTo = (url: string, silenceMs = 10_000): Connector =>
    createConnector(parsePostgresUrl(url), { connectTimeoutMs: 10_000, silenceMs });
  /** Other sessions than the one that asks, that run something. */
  const running = async (): Promise<number> => {
    const rows = await server.query(
      'postgres',
      `SELECT count(*)::int AS n FROM pg_stat_activity
       WHERE backend_type = 'client backend' AND pid <> pg_backend_pid() AND application_name = 'pumphouse' AND state = 'active'`,
    );
    return rows[0]?.n as number;
  };
  const untilNothingRuns = async (): Promise<void> => {
    const patience = Date.now() + 5_000;
    while ((await running()) > 0) {
      assert.ok(Date.now() < patience, 'a statement still runs in the server');
      await sleep(10);
    }
  };

  before(async () => {
    server = await startPostgres({ ssl: true, password: 'päss/wörd' });
    connector = connectorTo(server.url());
  });
  after(() => server?.[Symbol.asyncDispose]());

  it('runs statements with and without parameters', async () => {
    await using connection = await connector.open(never);
    assert.deepEqual(await connection.query("SELECT 1; SELECT 'ä', NULL, ''", never), [['ä', null, '']]);
    assert.deepEqual(await connection.queryWith('SELECT $1::text, $2::int4 + 1', ["it's", '41'], never), [
      ["it's", '42'],
    ]);
    assert.deepEqual(await connection.query('', never), []);
    assert.equal(connection.isInTransaction, false);
    await connection.query('BEGIN', never);
    assert.equal(connection.isInTransaction, true);
  });

  it('can be used after an error of a statement', async () => {
    await using connection = await connector.open(never);
    await assert.rejects(connection.query('SELECT 1/0; SELECT 2', never), hasState('22012'));
    await assert.rejects(connection.queryWith('SELECT $1::int4', ['x'], never), hasState('22P02'));
    assert.deepEqual(await connection.query('SELECT 3', never), [['3']]);
  });

  it('copies out in blocks that grow to one size, and counts rows', async () => {
    await using connection = await connector.open(never);
    const copy = connection.copyOut(bigCopy(100_000), never);
    const sizes: number[] = [];
    for await (const block of copy) sizes.push(block.length);
    assert.equal(copy.rows, 100_000);
    assert.deepEqual(sizes.slice(0, 2), [16 * 1024, 128 * 1024]);
    assert.ok(sizes.slice(2, -1).every((size) => size === copyBlockBytes) && sizes.length > 5);
    assert.equal(await count(connection.copyOut('COPY (SELECT WHERE false) TO STDOUT', never)), 0);
  });

  it('reports an error in the middle of a COPY, and can be used again', async () => {
    await using connection = await connector.open(never);
    const copy = connection.copyOut(
      'COPY (SELECT 1 / (50000 - i) FROM generate_series(1, 100000) i) TO STDOUT',
      never,
    );
    await assert.rejects(count(copy), hasState('22012'));
    assert.deepEqual(await connection.query('SELECT 1', never), [['1']]);
  });

  it('holds the server back while nobody takes the blocks', async () => {
    await using proxy = await startTcpProxy(server.port);
    await using connection = await connectorTo(
      server.url().replace(`:${server.port}/`, `:${proxy.port}/`).concat('?sslmode=disable'),
    ).open(never);
    const copy = connection.copyOut(bigCopy(1_000_000), never);
    const { value } = await copy.next();
    const first = value?.length ?? 0;
    assert.ok(first > 0);
    await sleep(300);
    const soFar = proxy.received;
    await sleep(200);
    assert.equal(proxy.received, soFar);
    assert.ok(soFar < 30_000_000, `${soFar} bytes came without being asked for`);
    assert.equal(first + (await count(copy)), 97_888_896);
  });

  it('copies in pieces of any size, and counts rows', async () => {
    await using connection = await connector.open(never);
    await connection.query('CREATE TEMP TABLE t (a int, b text)', never);
    assert.equal(await connection.copyIn('COPY t FROM STDIN', pieces('1\t', '', 'x\n2\t\\N\n'), never), 2);
    assert.equal(await connection.copyIn('COPY t FROM STDIN', pieces(), never), 0);
    const big = `3\t${'y'.repeat(3_000_000)}\n`;
    assert.equal(await connection.copyIn('COPY t FROM STDIN', pieces(big, big), never), 2);
    assert.deepEqual(await connection.query('SELECT a, length(b) FROM t', never), [
      ['1', '1'],
      ['2', null],
      ['3', '3000000'],
      ['3', '3000000'],
    ]);
  });

  it('reports what the server does not take, closes the source, and can be used again', async () => {
    await using connection = await connector.open(never);
    await connection.query('CREATE TEMP TABLE t (a int)', never);
    let closed = false;
    const endless = async function* (): AsyncGenerator<Uint8Array> {
      try {
        for (;;) yield await Promise.resolve(Buffer.from('not a number\n'.repeat(10_000)));
      } finally {
        closed = true;
      }
    };
    await assert.rejects(connection.copyIn('COPY t FROM STDIN', endless(), never), hasState('22P02'));
    assert.equal(closed, true);
    await assert.rejects(connection.copyIn('COPY missing FROM STDIN', pieces(), never), hasState('42P01'));
    await assert.rejects(connection.copyIn('SELECT 1', pieces(), never), /does not take data/);
    assert.deepEqual(await connection.query('SELECT count(*) FROM t', never), [['0']]);
  });

  it('reports what the server does not take while the source hangs', async () => {
    await using connection = await connector.open(never);
    await connection.query('CREATE TEMP TABLE t (a int)', never);
    const hanging = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('x\n'.repeat(100_000));
      await new Promise(() => undefined);
    };
    await assert.rejects(connection.copyIn('COPY t FROM STDIN', hanging(), never), hasState('22P02'));
    assert.equal(connection.isIdle, true);
  });

  it('undoes a COPY whose source fails, with the error of the source', async () => {
    await using connection = await connector.open(never);
    await connection.query('CREATE TEMP TABLE t (a int)', never);
    const reason = new Error('damaged');
    const failing = async function* (): AsyncGenerator<Uint8Array> {
      yield Buffer.from('1\n');
      throw reason;
    };
    await assert.rejects(connection.copyIn('COPY t FROM STDIN', failing(), never), (e) => e === reason);
    assert.deepEqual(await connection.query('SELECT count(*) FROM t', never), [['0']]);
  });

  describe('aborted', () => {
    const aborts = (work: (signal: AbortSignal) => Promise<unknown>) => async () => {
      const controller = new AbortController();
      const failed = assert.rejects(
        work(controller.signal),
        (error) => error instanceof AppError && error.code === 'aborted',
      );
      while ((await running()) === 0) await sleep(5);
      controller.abort();
      await failed;
      await untilNothingRuns();
    };

    it(
      'ends a statement that computes',
      aborts(async (signal) => {
        await using connection = await connector.open(never);
        await connection.query('SELECT pg_sleep(60)', signal);
      }),
    );

    it('ends a statement that waits for a lock', async () => {
      await using other = await connector.open(never);
      await other.query('BEGIN; SELECT pg_advisory_xact_lock(1)', never);
      await aborts(async (signal) => {
        await using connection = await connector.open(never);
        await connection.query('SELECT pg_advisory_xact_lock(1)', signal);
      })();
    });

    it(
      'ends a COPY that is read',
      aborts(async (signal) => {
        await using connection = await connector.open(never);
        await count(connection.copyOut(bigCopy(100_000_000), signal));
      }),
    );

    it(
      'ends a COPY that nobody reads',
      aborts(async (signal) => {
        await using connection = await connector.open(never);
        const copy = connection.copyOut(bigCopy(100_000_000), signal);
        await copy.next();
        await new Promise((resolve) => signal.addEventListener('abort', resolve));
        await count(copy);
      }),
    );

    it(
      'ends a COPY whose source hangs',
      aborts(async (signal) => {
        await using connection = await connector.open(never);
        await connection.query('CREATE TEMP TABLE t (a int)', never);
        const hanging = async function* (): AsyncGenerator<Uint8Array> {
          yield Buffer.from('1\n');
          await new Promise(() => undefined);
        };
        await connection.copyIn('COPY t FROM STDIN', hanging(), signal);
      }),
    );

    it('does not begin when it is too late already', async () => {
      await using connection = await connector.open(never);
      await assert.rejects(connection.query('SELECT 1', AbortSignal.abort()), hasCode('aborted'));
      assert.equal(connection.isIdle, true);
      await assert.rejects(connector.open(AbortSignal.abort()), hasCode('aborted'));
    });

    it('ends when a COPY is left, or the connection disposed', async () => {
      await using connection = await connector.open(never);
      for await (const _ of connection.copyOut(bigCopy(100_000_000), never)) break;
      await untilNothingRuns();
      const other = await connector.open(never);
      const query = assert.rejects(
        other.query('SELECT pg_sleep(60)', never),
        hasCode('database-unreachable'),
      );
      await other[Symbol.asyncDispose]();
      await query;
      await untilNothingRuns();
    });
  });

  describe('to a server in trouble', () => {
    it('fails when the server dies in the middle of a COPY', async () => {
      await using dying = await startPostgres();
      await using connection = await connectorTo(dying.url()).open(never);
      const copy = connection.copyOut(bigCopy(100_000_000), never);
      await copy.next();
      await dying.stop('immediate');
      await assert.rejects(count(copy), hasCode('database-unreachable'));
      await assert.rejects(connection.query('SELECT 1', never), hasCode('database-unreachable'));
      await assert.rejects(connectorTo(dying.url()).open(never), hasCode('database-unreachable'));
    });

    it('learns that its session was ended, with the reason', async () => {
      await using connection = await connector.open(never);
      const [row] = await connection.query('SELECT pg_backend_pid()', never);
      const broken = new Promise((resolve) => connection.onBroken(resolve));
      await server.query('postgres', `SELECT pg_terminate_backend(${row?.[0]})`);
      assert.ok(hasState('57P01')(await broken));
      assert.equal(connection.isIdle, false);
    });

    it('fails when the connection is reset', async () => {
      await using proxy = await startTcpProxy(server.port);
      const url = server.url().replace(`:${server.port}/`, `:${proxy.port}/`);
      await using connection = await connectorTo(url).open(never);
      const query = connection.query('SELECT pg_sleep(60)', never);
      proxy.reset();
      await assert.rejects(query, hasCode('database-unreachable'));
    });

    it('gives up on a server that hangs, while it reads and while it writes', async () => {
      for (const way of ['out', 'in'] as const) {
        await using proxy = await startTcpProxy(server.port);
        const target = parsePostgresUrl(server.url().replace(`:${server.port}/`, `:${proxy.port}/`));
        const impatient = createConnector(target, { connectTimeoutMs: 200, silenceMs: 100 });
        await using connection = await createConnector(target, {
          connectTimeoutMs: 1_000,
          silenceMs: 100,
        }).open(never);
        await connection.query('CREATE TEMP TABLE t (a text)', never);
        proxy.silence();
        await assert.rejects(impatient.open(never), hasCode('database-timeout'));
        const line = Buffer.from(`${'x'.repeat(999)}\n`.repeat(1_000));
        const endless = async function* (): AsyncGenerator<Uint8Array> {
          for (;;) yield await Promise.resolve(line);
        };
        const work =
          way === 'out'
            ? count(connection.copyOut(bigCopy(1_000_000), never))
            : connection.copyIn('COPY t FROM STDIN', endless(), never);
        await assert.rejects(work, hasCode('database-timeout'), way);
      }
    });

    it('gives up on a line that is dead while the server lives', async () => {
      await using proxy = await startTcpProxy(server.port);
      const url = server.url().replace(`:${server.port}/`, `:${proxy.port}/`);
      await using connection = await connectorTo(url, 100).open(never);
      const copy = connection.copyOut(bigCopy(10_000_000), never);
      await copy.next();
      proxy.silenceExisting();
      await assert.rejects(count(copy), hasCode('database-timeout'));
    });

    it('is patient with a server that works in silence', async () => {
      await using connection = await connectorTo(server.url(), 100).open(never);
      assert.deepEqual(await connection.query('SELECT 1 FROM pg_sleep(1)', never), [['1']]);
    });
  });

  describe('connecting', () => {
    it('works over a Unix socket', async () => {
      await using connection = await connectorTo(
        `postgres://postgres@/postgres?host=${server.socketDir}&port=${server.port}`,
      ).open(never);
      assert.equal(await count(connection.copyOut(bigCopy(wantedRows), never)), 19_488_895);
    });

    it('uses TLS as the mode says', async () => {
      const folder = await mkdtemp(path.join(os.tmpdir(), 'pumphouse-tls-'));
      const certificate = path.join(folder, 'ca.pem');
      await writeFile(certificate, server.certificate as string);
      const withHost = (host: string): string => server.url().replace('127.0.0.1', host);
      for (const [url, expected] of [
        [`${server.url()}?sslmode=disable`, 'f'],
        [server.url(), 't'],
        [`${server.url()}?sslmode=require`, 't'],
        [`${server.url()}?sslmode=verify-ca&sslrootcert=${certificate}`, 't'],
        [`${server.url()}?sslmode=verify-full&sslrootcert=${certificate}`, 't'],
        [`${withHost('localhost')}?sslmode=verify-full&sslrootcert=${certificate}`, 't'],
      ] as const) {
        await using connection = await connectorTo(url).open(never);
        const rows = await connection.query(
          'SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()',
          never,
        );
        assert.deepEqual(rows, [[expected]], url);
        assert.equal(await count(connection.copyOut(bigCopy(wantedRows), never)), 19_488_895);
      }
      for (const url of [
        `${server.url()}?sslmode=verify-full`,
        `${server.url()}?sslmode=verify-ca`,
        `${withHost('127.0.0.2')}?sslmode=verify-full&sslrootcert=${certificate}`,
      ]) {
        await assert.rejects(connectorTo(url).open(never), hasCode('database-unreachable'), url);
      }
      await assert.rejects(
        connectorTo(`${server.url()}?sslmode=verify-ca&sslrootcert=${folder}/none`).open(never),
        hasCode('url-invalid'),
      );
      await rm(folder, { recursive: true });
      await using plain = await startPostgres();
      await assert.rejects(
        connectorTo(`${plain.url()}?sslmode=require`).open(never),
        (error) => error instanceof AppError && /does not speak TLS/.test(error.message),
      );
      await using connection = await connectorTo(plain.url()).open(never);
      assert.deepEqual(await connection.query('SELECT 1', never), [['1']]);
    });

    it('says what is wrong, without the password', async () => {
      const secret = encodeURIComponent('päss/wörd');
      for (const [url, code] of [
        [server.url().replace(secret, 'wrong'), 'database-refused'],
        [server.url().replace(`:${secret}`, ''), 'database-refused'],
        [server.url().replace('//postgres', '//nobody'), 'database-refused'],
        [server.url('missing'), 'database-missing'],
        [server.url().replace(/:\d+\//, ':1/'), 'database-unreachable'],
        [server.url().replace('127.0.0.1', 'no-such-host.invalid'), 'database-unreachable'],
        ['postgres://postgres@/postgres?host=/no/such/folder', 'database-unreachable'],
      ] as const) {
        await assert.rejects(
          connectorTo(url).open(never),
          (error) => {
            const { message } = classifyPostgresError(error, 'test');
            return hasCode(code)(error) && !/päss|wrong/.test(message);
          },
          url,
        );
      }
    });

    it('gives the socket away, without a reader and idle', async () => {
      const raw = await connector.openRaw(never);
      assert.equal(raw.socket.listenerCount('data'), 0);
      assert.equal(raw.socket.isPaused(), true);
      assert.match(raw.parameters.get('server_version') ?? '', /^17\./);
      assert.equal(Math.floor(raw.serverVersionNum / 10_000), 17);
      await raw[Symbol.asyncDispose]();
      assert.equal(raw.socket.closed, true);
    });
  });
});
