import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { createAddressPolicy } from './policy.ts';

const refusal = (address: string, allow: readonly string[] = [], host = address): string | null =>
  createAddressPolicy(allow).refusal(host, address);

describe('URL policy', () => {
  const ranges: readonly (readonly [string, readonly string[]])[] = [
    ['loopback', ['127.0.0.1', '127.255.255.254', '0.0.0.0', '0.1.2.3', '::1', '::']],
    [
      'private',
      ['10.0.0.1', '10.255.255.255', '172.16.0.1', '172.31.255.255', '192.168.0.1', 'fd00:ec2::253'],
    ],
    ['private', ['fc00::1', 'fdff::1', 'fec0::1', '64:ff9b:1::1']],
    ['link-local', ['169.254.169.254', '169.254.0.1', 'fe80::1', 'febf::1', 'fe80::1%eth0']],
    ['shared', ['100.64.0.1', '100.100.100.199', '100.127.255.255']],
    ['metadata', ['168.63.129.16', '100.100.100.200', 'fd00:ec2::254', 'fd20:ce::254']],
    ['multicast', ['224.0.0.1', '239.255.255.255', 'ff02::1']],
    ['reserved', ['192.0.0.192', '192.0.2.1', '198.18.0.1', '198.19.255.255', '198.51.100.7', '203.0.113.9']],
    [
      'reserved',
      ['240.0.0.1', '255.255.255.255', '192.88.99.1', '100::1', '2001::1', '2001:db8::1', '2002::1'],
    ],
    ['reserved', ['::127.0.0.1', '::7f00:1', '::ffff:0:7f00:1', '3fff::1', '5f00::1', '100:0:0:1::1']],
  ];
  for (const [word, addresses] of ranges) {
    it(`${word}: ${addresses.join(', ')}`, () => {
      for (const address of addresses) assert.equal(refusal(address), word, address);
    });
  }

  it('lets public addresses through, up to the borders of the special ones', () => {
    for (const address of [
      '8.8.8.8',
      '9.255.255.255',
      '11.0.0.0',
      '100.63.255.255',
      '100.128.0.0',
      '126.255.255.255',
      '128.0.0.0',
      '168.63.129.15',
      '169.253.255.255',
      '169.255.0.0',
      '172.15.255.255',
      '172.32.0.0',
      '192.167.255.255',
      '192.169.0.0',
      '198.17.255.255',
      '198.20.0.0',
      '223.255.255.255',
      '2606:4700::1111',
      '2a00:1450:4001::200e',
      '::ffff:8.8.8.8',
      '64:ff9b::808:808',
    ])
      assert.equal(refusal(address), null, address);
  });

  it('knows an IPv4 address by its other roads', () => {
    for (const address of [
      '::ffff:127.0.0.1',
      '::ffff:7f00:1',
      '::FFFF:7F00:0001',
      '0:0:0:0:0:ffff:127.0.0.1',
      '::ffff:127.0.0.1%lo',
      '64:ff9b::127.0.0.1',
      '64:ff9b::7f00:1',
      '64:ff9b::1',
      '64:ff9b::',
    ])
      assert.equal(refusal(address), 'loopback', address);
    assert.equal(refusal('::ffff:169.254.169.254'), 'link-local');
    assert.equal(refusal('64:ff9b::a9fe:a9fe'), 'link-local');
    assert.equal(refusal('64:ff9b::c0a8:1'), 'private');
  });

  it('refuses what is no address', () => {
    for (const address of ['', 'localhost', '0x7f.1', '127.1', '2130706433', '127.0.0.1.', '[::1]', '1.2.3'])
      assert.equal(refusal(address), 'malformed', address);
  });

  it('allows what the list names: host, hosts below a name, address, range', () => {
    const allow = [
      'minio.Example.net',
      '*.lab.example.net',
      '10.1.2.3',
      '192.168.0.0/16',
      'fd00::/8',
      'bücher.example',
    ];
    const allowed: readonly (readonly [string, string])[] = [
      ['minio.example.net', '127.0.0.1'],
      ['MINIO.example.NET.', '169.254.169.254'],
      ['a.lab.example.net', '10.9.9.9'],
      ['a.b.lab.example.net', '10.9.9.9'],
      ['xn--bcher-kva.example', '10.9.9.9'],
      ['BÜCHER.example', '10.9.9.9'],
      ['any.name', '10.1.2.3'],
      ['any.name', '::ffff:10.1.2.3'],
      ['any.name', '192.168.77.1'],
      ['any.name', 'fd12::1'],
    ];
    for (const [host, address] of allowed)
      assert.equal(refusal(address, allow, host), null, `${host} ${address}`);
    const refused: readonly (readonly [string, string])[] = [
      ['xminio.example.net', '127.0.0.1'],
      ['minio.example.net.evil.example', '127.0.0.1'],
      ['lab.example.net', '10.9.9.9'],
      ['xlab.example.net', '10.9.9.9'],
      ['10.1.2.4', '10.1.2.4'],
      ['any.name', '127.0.0.1'],
    ];
    for (const [host, address] of refused)
      assert.notEqual(refusal(address, allow, host), null, `${host} ${address}`);
  });

  it('an address in the list allows no other, and a family not the other', () => {
    assert.equal(refusal('127.0.0.1', ['::1']), 'loopback');
    assert.equal(refusal('::1', ['127.0.0.0/8']), 'loopback');
    assert.equal(refusal('::1', ['0.0.0.0/0']), 'loopback');
    assert.equal(refusal('127.0.0.1', ['127.0.0.1/32']), null);
    assert.equal(refusal('127.0.0.2', ['127.0.0.1/32']), 'loopback');
    assert.equal(refusal('::1', ['::/0']), null);
  });

  it('names the entry that is neither host nor range', () => {
    for (const entry of [
      '10.0.0.0/33',
      '10.0.0.0/',
      '10.0.0.0/8/8',
      '10.0.0.0/-1',
      '10.0.0.0/8x',
      '::1/129',
      'fe80::%lo/64',
      '10.0.0.256',
      '127.1',
      '2130706433',
      '0x7f000001',
      'a.0x7f',
      '10.0.0.*',
      '*',
      '*.',
      '',
      'minio:9000',
      'http://minio',
      'a b',
      '-a.example',
      'a..b',
      '[::1]',
    ])
      assert.throws(
        () => createAddressPolicy([entry]),
        (error: Error & { code?: string; field?: string }) =>
          error.code === 'option-invalid' &&
          error.field === 'url-allow' &&
          error.message.includes(JSON.stringify(entry)),
        entry,
      );
  });
});
