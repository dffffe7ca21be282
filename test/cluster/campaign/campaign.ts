import { setTimeout as sleep } from 'node:timers/promises';
import { createRandom, type Random } from '../../harness/random.ts';
import { type Fault, faults } from './faults.ts';
import { type Figures, noFigures } from './figures.ts';
import { cancelled, planRound, type RoundPlan, runRound, type Work, works } from './round.ts';
import { exportBody, openStage, type Stage, type StageSize } from './stage.ts';
import { tellTrouble } from './trouble.ts';

export interface CampaignOptions {
  readonly seed: number;
  readonly rounds: number;
  /** Starts here instead of at 1: repeats a round that failed. */
  readonly from?: number;
  readonly size: StageSize;
  /** Only these faults, one in each round, instead of those that the seed chooses. */
  readonly only?: readonly Fault[];
  /** Only this work. */
  readonly work?: Work;
  /** Gets each round before it begins, then its outcome. */
  readonly tell: (line: string) => void;
}

/** Jobs that are only started and cancelled, for the figures. */
const cancels = 10;
/** Spreads the seeds of the rounds, so that each can be repeated without those before it. */
const roundSeed = (seed: number, round: number): number => (seed + Math.imul(round, 0x9e3779b1)) >>> 0;

/**
 * Rounds of an export, import or copy by three instances that are killed, frozen, cut off and restarted, and whose store is, at random moments; every
 * promise is checked after each. The same seed plans the same rounds; what the machine makes of their moments differs. Throws at the first
 * promise that is broken.
 */
export async function runCampaign(options: CampaignOptions): Promise<Figures> {
  const { seed, rounds, from = 1, tell, only = [] } = options;
  const figures = noFigures();
  tell('Making the data ...');
  await using stage = await openStage(options.size);
  const { name: set } = await stage.cluster.client.run(exportBody(stage));
  for (let round = from; round < from + rounds; round += 1) {
    const random = createRandom(roundSeed(seed, round));
    const work = options.work ?? works[round % works.length] ?? 'export';
    const plan = limited(planRound(random, work), only, round);
    const struck = plan.faults.map(({ fault, afterMs }) => `${fault} after ${afterMs} ms`).join(', ');
    tell(`round ${round}: ${plan.work}: ${struck}${plan.cancel ? ', then cancelled' : ''}`);
    try {
      const { job, units, seconds } = await runRound(stage, plan, set, random, figures);
      tell(
        `round ${round}: ${job.state} in ${seconds.toFixed(1)} s, ${units} units, ${job.restarts} restarts, at most ${stage.threads.most.get(job.id) ?? 0} tasks at once`,
      );
    } catch (error) {
      await tellTrouble(stage, tell);
      throw error;
    }
  }
  await takeCancelTimes(stage, createRandom(seed), figures);
  return figures;
}

const limited = (plan: RoundPlan, only: readonly Fault[], round: number): RoundPlan =>
  only.length === 0
    ? plan
    : {
        ...plan,
        cancel: false,
        faults: [{ fault: only[round % only.length] ?? 'kill', afterMs: plan.faults[0]?.afterMs ?? 0 }],
      };

async function takeCancelTimes(stage: Stage, random: Random, figures: Figures): Promise<void> {
  const { client } = stage.cluster;
  for (let at = 0; at < cancels; at += 1) {
    const { id } = await client.start(exportBody(stage));
    while ((await stage.view.running(id)).filter(({ kind }) => kind === 'data').length < 4) await sleep(20);
    await sleep(random.between(0, 500));
    await cancelled(stage, id, random, figures);
    await client.settled(id);
  }
}

/** The names of faults, for whoever wants only some. */
export const faultNames = Object.keys(faults) as readonly Fault[];
