import { abortError } from '../../../core/abort-error.ts';
import type { Finding } from '../../../core/catalogue.ts';
import type { OperationContext } from '../../../core/context.ts';
import { AppError } from '../../../core/errors.ts';
import type { Snapshot, SourceSession } from '../../engine.ts';
import { classifyRedisError } from '../classify.ts';
import { addressText } from '../client/address.ts';
import type { RedisTarget } from '../database-url.ts';
import { sourcePreflight } from '../preflight-source.ts';
import { divisibleShards } from './divisible.ts';
import { syncRefusal } from './open-sync.ts';
import { findPlaces, isReplica, type Places, refuseMovingSlots } from './reading-places.ts';
import type { SharedLimits } from './shared-limits.ts';
import { RedisSnapshot, scanToken } from './snapshot.ts';

/** Opens a database for reading. No connection is kept: each unit has its own. */
export async function openRedisSource(
  target: RedisTarget,
  limits: SharedLimits,
  context: OperationContext,
): Promise<SourceSession> {
  const first = await classified(context, () => findPlaces(target, context));
  const { facts } = first.topology;
  return {
    serverVersion: `${facts.family === 'valkey' ? 'Valkey' : 'Redis'} ${facts.version}`,
    preflight: (preflight): Promise<readonly Finding[]> =>
      classified(preflight, () => sourcePreflight(target, preflight)),
    begin: (lanes, beginning): Promise<Snapshot> =>
      classified(beginning, async () => {
        const places = await lookAgain(target, beginning);
        const allowsSync = await allowsSnapshots(target, places, beginning);
        const divisible = await divisibleShards(target, places.places, beginning.signal);
        return new RedisSnapshot({ target, places, limits, allowsSync, divisible, way: null }, lanes);
      }),
    join: (token, lanes, joining): Promise<Snapshot> =>
      classified(joining, async () => {
        if (token !== scanToken) {
          throw new AppError('snapshot-lost', {
            message: 'The snapshot ended with the process that read it.',
          });
        }
        const places = await findPlaces(target, joining);
        const facts = { target, places, limits, allowsSync: false, divisible: new Set<string>() };
        return new RedisSnapshot({ ...facts, way: 'scan' }, lanes);
      }),
    async [Symbol.asyncDispose]() {},
  };
}

async function lookAgain(target: RedisTarget, context: OperationContext): Promise<Places> {
  const { log, signal } = context;
  const places = await findPlaces(target, context);
  for (const warning of places.warnings) log.warn(warning);
  if (places.slotMap !== '') await refuseMovingSlots(target, places.topology.shards, signal);
  for (const place of places.places) {
    const { address, facts, shard } = place;
    if (facts.role !== 'replica') continue;
    const of = isReplica(place) ? ` of ${addressText(shard.master)}` : '';
    log.info(`Read from the replica ${addressText(address)}${of}.`, {
      offset: facts.replicationOffset,
      secondsSinceMaster: facts.secondsSinceMaster,
    });
  }
  return places;
}

/** Whether every server gives snapshots. What passes by itself is thrown, so that the job waits for it rather than to read key by key. */
async function allowsSnapshots(
  target: RedisTarget,
  { places }: Places,
  { signal, log }: OperationContext,
): Promise<boolean> {
  if (target.snapshot === 'scan') return false;
  const refusals = await Promise.all(places.map(({ address }) => syncRefusal(target, address, signal)));
  const refusal = refusals.find((each) => each !== null) ?? null;
  if (refusal === null) return true;
  if (target.snapshot === 'sync' || refusal.temporary) throw refusal;
  log.warn(
    `The server gives no snapshot over the replication protocol: keys are read one by one, which is not one instant. It said: ${refusal.message}`,
  );
  return false;
}

async function classified<T>({ signal }: OperationContext, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw signal.aborted ? abortError(signal) : classifyRedisError(error, 'read the database');
  }
}
