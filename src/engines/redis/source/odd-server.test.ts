import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import { describe, it } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { openRedis } from '../../../../test/harness/redis-source.ts';
import { formatOf } from '../rdb/format.ts';
import { createRdbWriter } from '../rdb/write-rdb.ts';

/** What the script answers to SYNC; `isNative`: a version was told before. */
type OnSync = (socket: Socket, isNative: boolean) => void | Promise<void>;

interface OddServer extends AsyncDisposable {
  readonly url: string;
  /** How often SYNC was asked, the question whether it is allowed left out. */
  readonly syncs: readonly boolean[];
}

const mark = 'f'.repeat(40);
const header = `$EOF:${mark}\r\n`;

/** Does what real servers cannot be made to do at will. */
async function startOddServer(version: string, onSync: OnSync): Promise<OddServer> {
  const sockets = new Set<Socket>();
  const syncs: boolean[] = [];
  const info = `redis_version:7.2.4\r\n${version}\r\nredis_mode:standalone\r\nrole:master\r\ndb0:keys=1,expires=0\r\n`;
  const server = net.createServer((socket) => {
    sockets.add(socket);
    let isNative = false;
    socket
      .on('error', () => undefined)
      .on('data', (bytes: Buffer) => {
        const text = bytes.toString('latin1').toUpperCase();
        if (text.includes('INFO')) socket.write(`$${info.length}\r\n${info}\r\n`);
        else if (text.includes('CONFIG')) socket.write('-NOPERM no\r\n');
        else if (text.includes('SCAN')) socket.write('*2\r\n$1\r\n0\r\n*0\r\n');
        else if (text.includes('REPLCONF') && text.includes('SYNC\r\n')) {
          socket.write('+OK\r\n-ERR SYNC and PSYNC are invalid with pending output\r\n');
        } else if (text.includes('SYNC\r\n')) {
          syncs.push(isNative);
          void onSync(socket, isNative);
        } else {
          isNative ||= text.includes('VERSION');
          socket.write('+OK\r\n');
        }
      });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    url: `redis://127.0.0.1:${(server.address() as AddressInfo).port}`,
    syncs,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy();
      server.close();
      await once(server, 'close');
    },
  };
}

function rdb(magic: string): Buffer {
  const writer = createRdbWriter(formatOf(magic));
  const head = Buffer.alloc(32);
  const end = writer.entryHead(head, 0, Buffer.from('key'), -1, 0);
  const parts = [
    writer.header({}),
    writer.selectDatabase(0, 1),
    head.subarray(0, end),
    Buffer.from([1, 0x78]),
  ];
  for (const part of parts) writer.crc.add(part);
  return Buffer.concat([...parts, writer.end()]);
}

async function readFrom(url: string): Promise<{ readonly bytes: Buffer; readonly complaints: string }> {
  await using source = await openRedis(url);
  const [unit] = source.snapshot.plan(await source.tables(), 1e9);
  const { bytes } = await source.read(unit as NonNullable<typeof unit>);
  return { bytes, complaints: source.context.complaints().join() };
}

describe('a server that misbehaves', () => {
  it('sends its stream byte by byte, after many keep-alives', async () => {
    const file = rdb('REDIS0011');
    await using server = await startOddServer('', async (socket) => {
      for (const byte of Buffer.concat([Buffer.from(`\n\n\n${header}`), file, Buffer.from(mark)])) {
        socket.write(Buffer.from([byte]));
        await new Promise(setImmediate);
      }
      socket.end();
    });
    assert.deepEqual((await readFrom(server.url)).bytes, file);
  });

  for (const missing of [40, 1]) {
    it(`ends without the last ${missing} bytes of the mark, and without any error`, async () => {
      const all = Buffer.concat([Buffer.from(header), rdb('REDIS0011'), Buffer.from(mark)]);
      await using server = await startOddServer('', (socket) => void socket.end(all.subarray(0, -missing)));
      await assert.rejects(readFrom(server.url), {
        code: 'database-unreachable',
        message: /before it was whole/,
      });
    });
  }

  it('ends before the length that it announced', async () => {
    const file = rdb('REDIS0011');
    await using server = await startOddServer(
      '',
      (socket) => void socket.end(Buffer.concat([Buffer.from(`$${file.length}\r\n`), file.subarray(0, -1)])),
    );
    await assert.rejects(readFrom(server.url), {
      code: 'database-unreachable',
      message: /before it was whole/,
    });
  });

  it('sends keep-alives for longer than it may be silent', async () => {
    const file = rdb('REDIS0011');
    await using server = await startOddServer('', async (socket) => {
      for (let beat = 0; beat < 7; beat += 1) {
        socket.write('\n');
        await sleep(200);
      }
      socket.end(Buffer.concat([Buffer.from(header), file, Buffer.from(mark)]));
    });
    assert.deepEqual((await readFrom(`${server.url}?timeout=1`)).bytes, file);
  });

  it('is silent instead of sending a header', async () => {
    await using server = await startOddServer('', (socket) => void socket.write('\n'));
    await assert.rejects(readFrom(`${server.url}?timeout=1`), { code: 'database-timeout' });
  });

  it('of Valkey 9 gives no header in the portable format, and is asked for its own once', async () => {
    const file = rdb('VALKEY080');
    await using server = await startOddServer('valkey_version:9.1.2', (socket, isNative) => {
      if (isNative) socket.end(Buffer.concat([Buffer.from(header), file, Buffer.from(mark)]));
      else socket.end('\n\n');
    });
    const { bytes, complaints } = await readFrom(server.url);
    assert.deepEqual(bytes, file);
    assert.match(complaints, /asked for its own format/);
    assert.deepEqual(server.syncs, [false, true]);
    await assert.rejects(readFrom(`${server.url}?format=portable`), { code: 'unsupported' });
    assert.deepEqual(server.syncs, [false, true, false]);
    await readFrom(`${server.url}?format=native`);
    assert.deepEqual(server.syncs, [false, true, false, true]);
  });

  it('gives no header at all', async () => {
    for (const [version, asked] of [
      ['valkey_version:9.1.2', [false, true]],
      ['valkey_version:8.1.1', [false]],
    ] as const) {
      await using server = await startOddServer(version, (socket) => void socket.end('\n'));
      await assert.rejects(readFrom(server.url), {
        code: 'database-unreachable',
        temporary: true,
        message: /instead of sending/,
      });
      assert.deepEqual(server.syncs, asked);
    }
  });

  const answers: readonly (readonly [what: string, answer: string, code: string, temporary: boolean])[] = [
    ['has no memory to fork', "-ERR BGSAVE failed, replication can't continue\r\n", 'database-full', true],
    [
      'loses its master',
      "-NOMASTERLINK Can't SYNC while not connected with my master\r\n",
      'database-unreachable',
      true,
    ],
    ['loads its data', '-LOADING Redis is loading the dataset in memory\r\n', 'database-unreachable', true],
    ['speaks of something else', 'HTTP/1.1 400 Bad Request\r\n\r\n', 'database-unreachable', false],
    ['sends another kind of file', `${header}SQLite format 3`, 'dump-damaged', false],
  ];
  for (const [what, answer, code, temporary] of answers) {
    it(what, async () => {
      await using server = await startOddServer('', (socket) => void socket.write(answer));
      await assert.rejects(readFrom(server.url), { code, temporary });
    });
  }
});
