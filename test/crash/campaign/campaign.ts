import { createRandom } from '../../harness/random.ts';
import { withFolder } from '../../harness/with-folder.ts';
import { type Background, planRound, type RoundOutcome, runRound, works } from './round.ts';
import { openStage, type Stage } from './stage.ts';
import { statements, takeStock } from './stock.ts';

const database = 'stock';

export interface CampaignOptions {
  readonly seed: number;
  readonly rounds: number;
  /** Starts here instead of at 1: repeats a round that failed. */
  readonly from?: number;
  /** Gets each round before it begins, then its outcome. */
  readonly tell: (line: string) => void;
}

/** Spreads the seeds of the rounds, so that each can be repeated without those before it. */
const roundSeed = (seed: number, round: number): number => (seed + Math.imul(round, 0x9e3779b1)) >>> 0;

/**
 * Rounds of an export, import or copy of which the parts are killed, stopped and frozen at random moments, and every promise checked after each.
 * The same seed plans the same rounds; what the machine makes of their moments differs. Throws at the first promise that is broken.
 */
export async function runCampaign(options: CampaignOptions): Promise<readonly RoundOutcome[]> {
  const { seed, rounds, from = 1, tell } = options;
  const outcomes: RoundOutcome[] = [];
  await withFolder(async (folder) => {
    await using stage = await openStage(folder);
    const background = await prepare(stage);
    for (let round = from; round < from + rounds; round += 1) {
      const random = createRandom(roundSeed(seed, round));
      const plan = planRound(random, works[round % works.length] ?? 'copy');
      const blows = plan.blows.map(({ blow, afterMs }) => `${blow} after ${afterMs} ms`).join(', ');
      tell(
        `round ${round}: ${plan.work} (${plan.encoding}, ${plan.form}): ${blows}${plan.cancel ? ', then cancelled' : ''}`,
      );
      const outcome = await runRound(stage, background, plan, random);
      tell(
        `round ${round}: ${outcome.end} in ${outcome.seconds.toFixed(1)} s, ${outcome.hits} of ${outcome.plan.blows.length} blows hit, ${outcome.restarts} restarts${outcome.resumed.map((why) => `, resumed after: ${why}`).join('')}`,
      );
      outcomes.push(outcome);
    }
  });
  return outcomes;
}

/** Fills the source, and makes the sets that the imports read. */
async function prepare({ source, service }: Stage): Promise<Background> {
  await source.server.createDatabase(database);
  for (const statement of statements) await source.server.query(database, statement);
  await service.request('POST', '/api/v1/databases', { name: database, url: source.url(database) });
  const exportOf = async (encoding: 'text' | 'binary'): Promise<string> =>
    (await service.run({ kind: 'export', database, mode: 'full', threads: 3, encoding })).name;
  return {
    database,
    expected: await takeStock(source.server, database),
    sets: { text: await exportOf('text'), binary: await exportOf('binary') },
  };
}
