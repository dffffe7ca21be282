import { sizeText } from '../../base/size-text.ts';
import type { Finding } from '../../core/catalogue.ts';
import type { OperationContext } from '../../core/context.ts';
import { addressText } from './client/address.ts';
import { connect } from './client/connection.ts';
import { RedisError, replyItems, replyText } from './client/reply.ts';
import { isAtLeast } from './client/server-facts.ts';
import type { RedisTarget } from './database-url.ts';
import { syncRefusal } from './source/open-sync.ts';
import { findPlaces, type ReadingPlace } from './source/reading-places.ts';

/** What would make an export fail or surprise. Nothing here knows the selection, so what may concern parts of a database only is amber. */
export async function sourcePreflight(
  target: RedisTarget,
  context: OperationContext,
): Promise<readonly Finding[]> {
  const { places, warnings } = await findPlaces(target, context);
  const findings = await Promise.all(places.map((place) => serverFindings(target, place, context.signal)));
  return [
    ...warnings.map((message) =>
      finding('amber', 'replica', message, 'Start a replica, or wait until one is in step with its master.'),
    ),
    ...findings.flat(),
  ];
}

async function serverFindings(
  target: RedisTarget,
  place: ReadingPlace,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const snapshot = await snapshotFindings(target, place, signal);
  const isByKey = snapshot.some(({ check, level }) => check === 'snapshot' && level === 'amber');
  return [
    versionFinding(place),
    ...replicaFindings(place),
    ...snapshot,
    ...(await keyRightsFindings(target, place, isByKey, signal)),
    ...memoryFindings(place, isByKey),
    ...moduleFindings(place),
    ...evictionFindings(place, isByKey),
  ];
}

function versionFinding({ address, facts }: ReadingPlace): Finding {
  const title = `${facts.family === 'valkey' ? 'Valkey' : 'Redis'} ${facts.version}`;
  return isAtLeast(facts, { redis: [6, 2], valkey: [7, 0] })
    ? finding('green', 'version', `${addressText(address)} is ${title}.`)
    : finding(
        'red',
        'version',
        `${addressText(address)} is ${title}, which is too old to be read.`,
        'Upgrade it to Redis 6.2 or later.',
      );
}

function replicaFindings({ address, facts }: ReadingPlace): readonly Finding[] {
  if (facts.role !== 'replica') return [];
  if (!facts.hasMasterLink) {
    return [
      finding(
        'red',
        'replica',
        `${addressText(address)} is a replica that has no link to its master, and gives no snapshot.`,
        'Wait until it is in step again, or name the master in the database URL.',
      ),
    ];
  }
  const behind = facts.secondsSinceMaster === null ? '' : `, heard of it ${facts.secondsSinceMaster} s ago`;
  return [
    finding('green', 'replica', `${addressText(address)} is a replica in step with its master${behind}.`),
  ];
}

async function snapshotFindings(
  target: RedisTarget,
  { address, facts }: ReadingPlace,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  const server = addressText(address);
  if (target.snapshot === 'scan') {
    return [
      finding(
        'amber',
        'snapshot',
        `${server} is read key by key, as the database URL says: what is written meanwhile may be in the export or not.`,
        'Use snapshot=auto for one instant.',
      ),
    ];
  }
  const refusal = await syncRefusal(target, address, signal);
  if (refusal !== null) {
    const isRed = target.snapshot === 'sync' || refusal.temporary;
    return [
      finding(
        isRed ? 'red' : 'amber',
        'snapshot',
        `${server} gives no snapshot over the replication protocol${isRed ? '' : ', so that it is read key by key, which is not one instant'}: ${refusal.message}`,
        refusal.code === 'database-privilege' ? 'ACL SETUSER name +psync +sync +replconf' : refusal.hint,
      ),
    ];
  }
  return [
    finding('green', 'snapshot', `${server} gives snapshots over the replication protocol.`),
    ...(facts.hasChild
      ? [
          finding(
            'amber',
            'snapshot-wait',
            `${server} saves or rewrites its files at the moment: the snapshot waits for it.`,
            'Nothing to do.',
          ),
        ]
      : []),
    ...(await diskFindings(target, address, signal)),
  ];
}

/** A server that writes its snapshots to its disk replaces its own file with it. */
async function diskFindings(
  target: RedisTarget,
  address: ReadingPlace['address'],
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  await using connection = await connect(target, address, signal);
  const setting = await connection
    .call(['CONFIG', 'GET', 'repl-diskless-sync'], signal)
    .catch((error: unknown) => {
      // CONFIG is a right of its own.
      if (error instanceof RedisError) return null;
      throw error;
    });
  if (setting === null || replyText(replyItems(setting)[1]) !== 'no') return [];
  return [
    finding(
      'amber',
      'dump-file',
      `${addressText(address)} writes its snapshot to its own disk first, in place of its dump file (repl-diskless-sync no).`,
      'CONFIG SET repl-diskless-sync yes, if the dump file there must stay.',
    ),
  ];
}

/** Each question is asked of a key that is hardly there: only the right to ask it counts. */
const keyQuestions: readonly (readonly [right: string, command: readonly string[]])[] = [
  ['scan', ['SCAN', '0', 'COUNT', '1']],
  ['dump', ['DUMP', 'pumphouse']],
  ['pttl', ['PTTL', 'pumphouse']],
];

async function keyRightsFindings(
  target: RedisTarget,
  { address }: ReadingPlace,
  isByKey: boolean,
  signal: AbortSignal,
): Promise<readonly Finding[]> {
  await using connection = await connect(target, address, signal);
  const lacking: string[] = [];
  for (const [right, command] of keyQuestions) {
    try {
      await connection.call(command, signal);
    } catch (error) {
      if (!(error instanceof RedisError)) throw error;
      // Of a key in another server's slots: the right is there.
      if (error.code !== 'MOVED') lacking.push(right);
    }
  }
  if (lacking.length === 0) return [finding('green', 'privilege', 'The user may read keys one by one.')];
  const rights = lacking.map((right) => `+${right}`).join(' ');
  return [
    finding(
      isByKey ? 'red' : 'amber',
      'privilege',
      `The user may not read keys one by one (${lacking.join(', ').toUpperCase()} refused)${isByKey ? '' : '; only the whole database can be exported'}.`,
      `ACL SETUSER name ~* ${rights} +select`,
    ),
  ];
}

/** A fork shares memory until somebody writes: in the worst case all of it is needed twice. */
function memoryFindings({ address, facts }: ReadingPlace, isByKey: boolean): readonly Finding[] {
  const { usedMemory, systemMemory } = facts;
  if (isByKey || systemMemory === 0) return [];
  const text = `${addressText(address)} uses ${sizeText(usedMemory)} of ${sizeText(systemMemory)} of its machine`;
  if (usedMemory * 2 <= systemMemory) {
    return [finding('green', 'memory', `${text}: enough is left for the fork that makes the snapshot.`)];
  }
  return [
    finding(
      'amber',
      'memory',
      `${text}: the fork that makes the snapshot may need as much again while much is written.`,
      'Export at a quiet time or from a replica, or read key by key with snapshot=scan in the database URL.',
    ),
  ];
}

/** Part of every server that has them (Redis 8), and no more to be told of than other types that came with a version. */
const builtInModules = ['vectorset'];

function moduleFindings({ facts }: ReadingPlace): readonly Finding[] {
  const modules = facts.modules.filter((name) => !builtInModules.includes(name));
  if (modules.length === 0) return [];
  return [
    finding(
      'amber',
      'modules',
      `The server has the modules ${modules.join(', ')}: keys with their types can only be imported where the same modules are loaded.`,
      'Load them in the target, or leave those keys out.',
    ),
  ];
}

function evictionFindings({ facts }: ReadingPlace, isByKey: boolean): readonly Finding[] {
  if (!isByKey || facts.maxMemory === 0 || facts.evictionPolicy === 'noeviction') return [];
  return [
    finding(
      'amber',
      'eviction',
      `The server removes keys when its memory is full (maxmemory-policy ${facts.evictionPolicy}): some may go before they are read.`,
      'Nothing to do if the data is a cache.',
    ),
  ];
}

/** @param remedy left out where nothing is to be done */
const finding = (level: Finding['level'], check: string, message: string, remedy = ''): Finding => ({
  level,
  check,
  message,
  remedy,
});
