import { parseArgs } from 'node:util';
import { runCampaign } from './campaign.ts';
import type { RoundOutcome } from './round.ts';

/** `npm run test:crash -- [--seed N] [--rounds N] [--from N]`: a campaign of its own; see campaign.ts. */
const { values } = parseArgs({
  options: {
    seed: { type: 'string', default: String(Math.floor(Math.random() * 2 ** 31)) },
    rounds: { type: 'string', default: '20' },
    from: { type: 'string', default: '1' },
  },
});
const seed = Number(values.seed);
const tell = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
tell(`Campaign with seed ${seed}`);
const outcomes = await runCampaign({ seed, rounds: Number(values.rounds), from: Number(values.from), tell });

const count = (test: (outcome: RoundOutcome) => boolean): number => outcomes.filter(test).length;
tell(
  `${outcomes.length} rounds held: ${['export', 'import', 'copy'].map((work) => `${count(({ plan }) => plan.work === work)} of ${work}`).join(', ')}; ` +
    `${count(({ end }) => end === 'completed')} completed, ${count(({ end }) => end === 'cancelled')} cancelled, ` +
    `${count(({ restarts }) => restarts > 0)} with a new snapshot, ${count(({ resumed }) => resumed.length > 0)} resumed; ${outcomes.reduce((sum, { hits }) => sum + hits, 0)} blows hit a job at work`,
);
