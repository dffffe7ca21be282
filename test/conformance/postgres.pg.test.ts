import { engineConformance } from './engine.ts';
import { postgresHarness } from './postgres-harness.ts';

// The oldest, the first with scans of TID ranges, one between, the newest; the round trips of values take the others.
for (const version of [13, 14, 16, 18] as const) {
  engineConformance(`PostgreSQL ${version}`, () => postgresHarness(version));
}
