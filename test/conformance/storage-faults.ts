import { after, afterEach, before, describe, it } from 'node:test';
import type { ErrorCode } from '../../src/core/error-catalogue.ts';
import type { Storage } from '../../src/storages/storage.ts';
import type { FaultTarget, Refusal } from '../harness/fault-proxy.ts';
import { cutCases } from './storage-faults/cuts.ts';
import { refusalCases } from './storage-faults/refusals.ts';
import { silenceCases } from './storage-faults/silences.ts';
import { type FaultStage, openStage, type StageTest } from './storage-faults/stage.ts';
import { writerCases } from './storage-faults/writers.ts';

/** What a storage brings to the suite. The server is a real one. */
export interface FaultHarness {
  /** The server; the suite puts its proxy before it. */
  readonly server: FaultTarget;
  /**
   * The bare driver's storage, its connections led to `port` of `host`: the server's own (127.0.0.1), or the proxy's. Always at the same base,
   * which is empty at first.
   */
  storageAt(host: string, port: number): Storage;
  /** The same place with a wrong key or password; a sentence: why the family has none. */
  readonly wrongKey: FaultyPlace | string;
  /** A bucket or container that does not exist; a sentence: why the family has none. */
  readonly missingBucket: FaultyPlace | string;
  /** A place that the credential can read and not write. */
  readonly readOnly: FaultyPlace | string;
  /** A place with a quota or a disk of less than 2 MiB; a sentence: why this server cannot be made to refuse for want of room. */
  readonly full: FaultyPlace | string;
  /** What an hour's wrong clock on our side leads to. Null: requests carry no time, so that it must not matter. */
  readonly staleClock: Pick<FaultyPlace, 'code' | 'says'> | null;
  /** Of two writers of one name with `ifExists: fail` one wins; a sentence: why the protocol cannot promise that. */
  readonly oneWriterWins: true | string;
  /** How this family's servers word a refusal (429, 500, 503), for the proxy to say so; absent: a plain text, and the error names the status. */
  refusal?(status: number): Refusal & Pick<FaultyPlace, 'says'>;
  /**
   * Everything that lies at the base and does not show in lists: parts, uncommitted uploads. After each case a sweep must leave none: of a
   * failed upload too that could not clean up, although its process lives (part-name.ts: `writerEnded`).
   */
  leftovers(): Promise<readonly string[]>;
  /** Removes all. */
  close(): Promise<void>;
}

/** A place that is wrong on purpose. */
export interface FaultyPlace {
  /** The bare driver's storage there. */
  readonly storage: Storage;
  readonly code: ErrorCode;
  /** The storage's own code, which the error's message must hold: /NoSuchBucket/. */
  readonly says: RegExp;
}

/** What networks, servers and their administrators do to a storage, and what must come of it: a clear error or success, never half a file. */
export function storageFaults(name: string, open: () => Promise<FaultHarness>): void {
  describe(`storage faults: ${name}`, { timeout: 120_000 }, () => {
    let stage: FaultStage;
    before(async () => {
      stage = await openStage(open);
    });
    afterEach(() => stage.proxy.mend());
    after(() => stage[Symbol.asyncDispose]());

    const test: StageTest = (title, run) => {
      it(title, (t) => run(stage, t));
    };
    refusalCases(test);
    cutCases(test);
    silenceCases(test);
    writerCases(test);
  });
}
