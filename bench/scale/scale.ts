import type { BenchSettings } from '../main.ts';
import { benchGrowth } from './growth.ts';
import { benchInstances } from './instances.ts';
import { benchPlanSize } from './plan-size.ts';
import { benchStoreLimits } from './store-limits.ts';
import { benchUnitCosts } from './unit-costs.ts';

/** By the word that `--only` takes. */
const contests: Readonly<Record<string, (settings: BenchSettings) => Promise<void>>> = {
  growth: benchGrowth,
  instances: benchInstances,
  units: benchUnitCosts,
  plan: benchPlanSize,
  limits: benchStoreLimits,
};

/** What scale-out costs and brings; docs/scaling.md computes with these figures. */
export async function runScaleBenchmark(settings: BenchSettings): Promise<void> {
  const chosen = settings.only.length > 0 ? settings.only : Object.keys(contests);
  const unknown = chosen.filter((name) => contests[name] === undefined);
  if (unknown.length > 0) {
    throw new Error(`--only takes ${Object.keys(contests).join(', ')}, not ${unknown.join(', ')}`);
  }
  for (const name of chosen) await contests[name]?.(settings);
}
