import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { versionNumber } from './connect.ts';
import {
  cancelRequest,
  copyDataHeader,
  decodeError,
  decodeParameter,
  decodeRow,
  decodeRowCount,
  parameterQueryMessage,
  queryMessage,
} from './messages.ts';

describe('messages of the server', () => {
  it('gives an error its fields', () => {
    const body = Buffer.from(
      'SFEHLER\0VERROR\0C23505\0Mdoppelter Schlüssel\0DKey (a)=(1)\0ss\0tt\0nt_pkey\0\0',
    );
    const error = decodeError(body);
    assert.equal(error.message, 'doppelter Schlüssel');
    assert.deepEqual(
      [error.sqlState, error.severity, error.detail, error.schema, error.table, error.constraint],
      ['23505', 'ERROR', 'Key (a)=(1)', 's', 't', 't_pkey'],
    );
  });

  it('gives an error without fields a message', () => {
    assert.equal(decodeError(Buffer.from('\0')).sqlState, 'XX000');
  });

  it('reads rows with nulls, empty and multi-byte values', () => {
    const body = Buffer.from('0003ffffffff0000000000000002c3a4', 'hex');
    assert.deepEqual(decodeRow(body), [null, '', 'ä']);
  });

  it('reads the count of a command tag', () => {
    for (const [tag, rows] of [
      ['COPY 15', 15],
      ['COPY 5000000000', 5_000_000_000],
      ['INSERT 0 3', 3],
      ['BEGIN', 0],
      ['SET', 0],
    ] as const) {
      assert.equal(decodeRowCount(Buffer.from(`${tag}\0`)), rows, tag);
    }
  });

  it('reads a parameter', () => {
    assert.deepEqual(decodeParameter(Buffer.from('server_version\x0015.18 (Debian)\0')), [
      'server_version',
      '15.18 (Debian)',
    ]);
  });

  it('makes a number of a version', () => {
    assert.equal(versionNumber('15.18 (Debian 15.18-0+deb12u1)'), 150_018);
    assert.equal(versionNumber('18beta1'), 180_000);
    assert.equal(versionNumber('EnterpriseDB'), 0);
  });
});

describe('messages of the client', () => {
  it('counts the length in bytes', () => {
    assert.equal(queryMessage('ä').toString('hex'), '5100000007c3a400');
    assert.equal(copyDataHeader(1_048_576).toString('hex'), '6400100004');
  });

  it('sends parameters as text, null apart from empty', () => {
    assert.equal(
      parameterQueryMessage('s', [null, '', 'ä']).toString('hex'),
      [
        '5000000009' + '00' + '7300' + '0000', // Parse
        '420000001a' + '00' + '00' + '0000' + '0003' + 'ffffffff' + '00000000' + '00000002c3a4' + '0000', // Bind
        '4500000009' + '00' + '00000000', // Execute
        '5300000004', // Sync
      ].join(''),
    );
  });

  it('cancels by process and key, of either sign', () => {
    assert.equal(cancelRequest(7, -1).toString('hex'), '0000001004d2162e00000007ffffffff');
    assert.equal(cancelRequest(7, 0xffff_ffff).toString('hex'), '0000001004d2162e00000007ffffffff');
  });
});
