import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import fc from 'fast-check';
import { FrameReader } from './frame-reader.ts';

/** The answer of PostgreSQL 17.10 to `COPY (VALUES (1, NULL), (2, 'b')) TO STDOUT`, as captured. */
const capturedCopy = Buffer.from(
  [
    '480000000b00000200000000', // CopyOutResponse: text, 2 columns
    '640000000931095c4e0a', // CopyData
    '64000000083209620a',
    '6300000004', // CopyDone
    '430000000b434f5059203200', // CommandComplete: COPY 2
    '5a0000000549', // ReadyForQuery: idle
  ].join(''),
  'hex',
);

interface Heard {
  readonly data: string;
  readonly messages: readonly string[];
}

function read(chunks: readonly Buffer[]): Heard {
  const reader = new FrameReader();
  const messages: string[] = [];
  let data = '';
  for (const chunk of chunks) {
    // The reader moves bytes about.
    reader.feed(Buffer.from(chunk), {
      copyData: (source, start, end) => {
        data += source.toString('latin1', start, end);
      },
      message: (type, body) => messages.push(`${String.fromCharCode(type)}${body.toString('hex')}`),
    });
  }
  return { data, messages };
}

const frame = (type: string, body: Buffer): Buffer => {
  const header = Buffer.alloc(5);
  header.write(type, 'latin1');
  header.writeInt32BE(body.length + 4, 1);
  return Buffer.concat([header, body]);
};

describe('frame reader', () => {
  const expected: Heard = {
    data: '1\t\\N\n2\tb\n',
    messages: ['H00000200000000', 'c', 'C434f5059203200', 'Z49'],
  };

  it('reads the same from a capture cut at any one or two places', () => {
    assert.deepEqual(read([capturedCopy]), expected);
    for (let first = 0; first <= capturedCopy.length; first++) {
      for (let second = first; second <= capturedCopy.length; second++) {
        const pieces = [
          capturedCopy.subarray(0, first),
          capturedCopy.subarray(first, second),
          capturedCopy.subarray(second),
        ];
        assert.deepEqual(read(pieces), expected, `cut at ${first} and ${second}`);
      }
    }
  });

  it('reads the same byte by byte', () => {
    assert.deepEqual(read([...capturedCopy].map((byte) => Buffer.from([byte]))), expected);
  });

  it('reads any messages cut anywhere', () => {
    const messages = fc.array(
      fc.record({ type: fc.constantFrom('d', 'D', 'S', 'Z'), body: fc.uint8Array({ maxLength: 300 }) }),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(messages, fc.array(fc.integer({ min: 1, max: 200 }), { minLength: 1 }), (sent, sizes) => {
        const stream = Buffer.concat(sent.map(({ type, body }) => frame(type, Buffer.from(body))));
        const chunks: Buffer[] = [];
        for (let at = 0; at < stream.length; at += chunks.at(-1)?.length ?? 1) {
          chunks.push(stream.subarray(at, at + (sizes[chunks.length % sizes.length] as number)));
        }
        const data = sent.filter(({ type }) => type === 'd');
        assert.deepEqual(read(chunks), {
          data: Buffer.concat(data.map(({ body }) => Buffer.from(body))).toString('latin1'),
          messages: sent
            .filter(({ type }) => type !== 'd')
            .map(({ type, body }) => type + Buffer.from(body).toString('hex')),
        });
      }),
    );
  });

  it('refuses bytes of another protocol', () => {
    assert.throws(
      () => read([Buffer.from('HTTP/1.1 400 Bad Request\r\n')]),
      /not of the PostgreSQL protocol/,
    );
    assert.throws(() => read([Buffer.from([0x5a, 0, 0, 0, 3, 0])]), /not of the PostgreSQL protocol/);
  });
});
