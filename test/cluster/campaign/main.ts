import { faultNames, runCampaign } from './campaign.ts';
import type { Fault } from './faults.ts';
import { figureLines } from './figures.ts';
import { type Work, works } from './round.ts';
import { gigabyteSize, smallSize } from './stage.ts';

/**
 * `npm run test:cluster`, with these variables: ROUNDS (6), SEED, FROM (1, with a gigabyte 3), FAULT (a name, or several with commas: only these), WORK (export, import or copy),
 * CLUSTER_GB=1 (more than a gigabyte; by default under rolling restarts alone). See campaign.ts.
 */
const { env } = process;
const isLarge = env.CLUSTER_GB === '1';
const seed = Number(env.SEED ?? Math.floor(Math.random() * 2 ** 31));
const only = (env.FAULT ?? (isLarge ? 'rolling restart' : '')).split(',').filter((name) => name !== '');
const unknown = only.filter((name) => !faultNames.includes(name as Fault));
if (unknown.length > 0) throw new Error(`FAULT takes ${faultNames.join(', ')}, not ${unknown.join(', ')}`);
if (env.WORK !== undefined && !works.includes(env.WORK as Work))
  throw new Error(`WORK takes ${works.join(', ')}`);
const tell = (line: string): void => {
  process.stdout.write(`${line}\n`);
};
tell(`Campaign with seed ${seed}`);
const figures = await runCampaign({
  seed,
  rounds: Number(env.ROUNDS ?? (isLarge ? 2 : 6)),
  // With more than a gigabyte: an export, then an import.
  from: Number(env.FROM ?? (isLarge ? 3 : 1)),
  size: isLarge ? gigabyteSize : smallSize,
  only: only as readonly Fault[],
  ...(env.WORK === undefined ? {} : { work: env.WORK as Work }),
  tell,
});
for (const line of figureLines(figures)) tell(line);
