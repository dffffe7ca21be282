import type { Cost } from './measure.ts';

/** Runs the contestants one after the other, `rounds` times, if asked for after a round of warm-up that is not counted; the costs of each by round. */
export async function inTurns<Name extends string>(
  title: string,
  { rounds, warmUp }: { readonly rounds: number; readonly warmUp: boolean },
  contestants: Readonly<Record<Name, () => Promise<Cost>>>,
): Promise<Record<Name, Cost[]>> {
  const names = Object.keys(contestants) as Name[];
  const costs = Object.fromEntries(names.map((name) => [name, [] as Cost[]])) as Record<Name, Cost[]>;
  for (let round = warmUp ? 0 : 1; round <= rounds; round += 1) {
    process.stdout.write(`${title}, ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}:`);
    for (const name of names) {
      const cost = await contestants[name]();
      process.stdout.write(` ${name} ${cost.wall_s} s`);
      if (round > 0) costs[name].push(cost);
    }
    process.stdout.write('\n');
  }
  return costs;
}
