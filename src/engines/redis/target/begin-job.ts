import { RedisError, replyItems, replyText } from '../client/reply.ts';
import type { TargetTraits } from '../rdb/commands.ts';
import { dumpVersion } from '../rdb/payload.ts';
import { likelyFormat } from '../source/rdb-versions.ts';
import { isFull } from './clear.ts';
import { type Masters, masterOf } from './masters.ts';
import { openReceipts, type Receipts, receiptDatabase } from './receipts.ts';
import { callAll, callForKey } from './routed-call.ts';
import type { TargetState } from './target-state.ts';

/** proto-max-bulk-len, where the server does not tell it. */
const usualLargestArgument = 512 * 1024 * 1024;

/** Connections to each master that a unit is written over: a second one is of use where the network is slow, and no more are. */
const lanesPerMaster = 1;

/** Makes the place for the receipts of a job, and learns what its writing needs to know. Repeatable. */
export async function beginJob(masters: Masters, jobId: string, signal: AbortSignal): Promise<TargetState> {
  const receipts = openReceipts(masters, jobId);
  try {
    await receipts.set('job', jobId, signal);
  } catch (error) {
    // It may be that the import empties the target first.
    if (!isFull(error)) throw error;
  }
  const { facts } = masters;
  const traits: TargetTraits = {
    family: facts.family,
    version: facts.version,
    rdbVersion: await learnVersion(masters, receipts, signal),
  };
  return {
    jobId,
    masters,
    receipts,
    traits,
    isCluster: facts.mode === 'cluster',
    eviction: evictionFacts(facts.evictionPolicy),
    largestArgument: await learnLargestArgument(masters, receipts, signal),
    lanesPerMaster,
  };
}

function evictionFacts(policy: string): TargetState['eviction'] {
  if (policy.endsWith('-lru')) return 'idle';
  return policy.endsWith('-lfu') ? 'frequency' : null;
}

/** The RDB version of the target's own payloads: newer ones it refuses. */
async function learnVersion(masters: Masters, { key }: Receipts, signal: AbortSignal): Promise<number> {
  const [payload] = await callForKey(masters, key, receiptDatabase, [['DUMP', key]], signal);
  return payload instanceof Uint8Array ? dumpVersion(payload) : likelyFormat(masters.facts).version;
}

async function learnLargestArgument(
  masters: Masters,
  { key }: Receipts,
  signal: AbortSignal,
): Promise<number> {
  const connection = await masters.control(masterOf(masters.route, key), receiptDatabase, signal);
  const [reply] = await callAll(connection, [['CONFIG', 'GET', 'proto-max-bulk-len']], signal);
  if (reply instanceof RedisError) return usualLargestArgument;
  return Number(replyText(replyItems(reply)[1])) || usualLargestArgument;
}
