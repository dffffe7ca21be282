import type { TargetTraits } from '../rdb/commands.ts';
import type { Masters } from './masters.ts';
import type { Receipts } from './receipts.ts';

/** What a session knows of its target once a job has begun in it. */
export interface TargetState {
  readonly jobId: string;
  readonly masters: Masters;
  readonly receipts: Receipts;
  readonly traits: TargetTraits;
  readonly isCluster: boolean;
  /** Which of the values' eviction facts the target has a use for. */
  readonly eviction: 'idle' | 'frequency' | null;
  /** Bytes of an argument at most: proto-max-bulk-len. */
  readonly largestArgument: number;
  /** Connections to each master that a unit is written over. */
  readonly lanesPerMaster: number;
}
