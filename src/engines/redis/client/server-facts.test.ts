import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { shardsOf, slotMapText } from './cluster.ts';
import { factsOf, isAtLeast } from './server-facts.ts';

describe('what servers say of themselves', () => {
  it('a master of Redis', () => {
    const facts = factsOf(
      [
        '# Server',
        'redis_version:7.0.15',
        'redis_mode:standalone',
        'role:master',
        'slave0:ip=10.0.0.2,port=6379,state=online,offset=1,lag=0',
        'slave1:ip=10.0.0.3,port=0,state=wait_bgsave,offset=0,lag=0',
        'master_repl_offset:12',
        'used_memory:1000',
        'maxmemory:0',
        'maxmemory_policy:noeviction',
        'module:name=ReJSON,ver=20000,api=1',
        'db10:keys=2,expires=1,avg_ttl=0',
        'db2:keys=5,expires=0,avg_ttl=0,subexpiry=0',
        'db3:keys=0,expires=0,avg_ttl=0',
      ].join('\r\n'),
    );
    const { info: _, ...rest } = facts;
    assert.deepEqual(rest, {
      family: 'redis',
      version: '7.0.15',
      mode: 'standalone',
      role: 'master',
      hasMasterLink: true,
      master: null,
      secondsSinceMaster: null,
      replicationOffset: 12,
      replicas: [{ host: '10.0.0.2', port: 6379 }],
      isLoading: false,
      usedMemory: 1000,
      maxMemory: 0,
      evictionPolicy: 'noeviction',
      systemMemory: 0,
      databases: [
        { database: 2, keys: 5, expiring: 0 },
        { database: 10, keys: 2, expiring: 1 },
      ],
      hasExpiringFields: false,
      modules: ['ReJSON'],
      hasChild: false,
    });
  });

  it('whether fields of hashes expire', () => {
    const keyspace = (items: string): string =>
      `# Keyspace\r\ndb0:keys=55,expires=5,avg_ttl=0${items}\r\ndb10:keys=1,expires=0,avg_ttl=0,keys_with_volatile_items=0\r\n`;
    const told = [',keys_with_volatile_items=20', ',keys_with_volatile_items=0', ''].map(
      (items) => factsOf(keyspace(items)).hasExpiringFields,
    );
    assert.deepEqual(told, [true, false, false]);
  });

  it('a replica of Valkey that is being synchronized', () => {
    const facts = factsOf(
      'redis_version:7.2.4\r\nvalkey_version:9.1.2\r\nredis_mode:cluster\r\nrole:slave\r\nmaster_host:h\r\nmaster_port:1\r\nmaster_link_status:up\r\nmaster_sync_in_progress:1\r\nmaster_last_io_seconds_ago:3\r\n',
    );
    assert.deepEqual(
      [
        facts.family,
        facts.version,
        facts.mode,
        facts.role,
        facts.hasMasterLink,
        facts.master,
        facts.secondsSinceMaster,
      ],
      ['valkey', '9.1.2', 'cluster', 'replica', false, { host: 'h', port: 1 }, 3],
    );
  });

  const versions: readonly (readonly [family: 'redis' | 'valkey', version: string, isNew: boolean])[] = [
    ['redis', '7.3.9', false],
    ['redis', '7.4.0', true],
    ['redis', '10.0.1', true],
    ['valkey', '8.1.1', false],
    ['valkey', '9.0.0-rc1', true],
  ];
  for (const [family, version, isNew] of versions) {
    it(`${family} ${version} is ${isNew ? '' : 'not '}new enough`, () => {
      assert.equal(isAtLeast({ family, version }, { redis: [7, 4], valkey: [9, 0] }), isNew);
    });
  }

  it('a family without a version is never new enough', () => {
    assert.equal(isAtLeast({ family: 'redis', version: '99.0.0' }, { valkey: [9, 0] }), false);
  });
});

describe('the slots of a cluster', () => {
  const asked = { host: 'asked', port: 7 };
  const bytes = (word: string): Uint8Array => Buffer.from(word);
  const a = [bytes('10.0.0.1'), 1, bytes('id-a')];
  const b = [null, 2, bytes('id-b')];
  const c = [bytes('10.0.0.3'), 3, bytes('id-c')];

  it('belong to shards in the order of their lowest slot', () => {
    const shards = shardsOf(
      [
        [9000, 16_383, a, c],
        [0, 5000, b],
        [5001, 8999, a, c],
      ],
      asked,
    );
    assert.deepEqual(shards, [
      { id: 'shard-1', master: { host: 'asked', port: 2 }, replicas: [], slots: [[0, 5000]] },
      {
        id: 'shard-2',
        master: { host: '10.0.0.1', port: 1 },
        replicas: [{ host: '10.0.0.3', port: 3 }],
        slots: [
          [5001, 8999],
          [9000, 16_383],
        ],
      },
    ]);
    assert.equal(slotMapText(shards), '0-5000:asked:2 5001-8999:10.0.0.1:1 9000-16383:10.0.0.1:1');
  });

  it('are refused when some belong to nobody', () => {
    assert.throws(() => shardsOf([[0, 16_000, a]], asked), /serves 16001 of its 16384 slots/);
  });
});
