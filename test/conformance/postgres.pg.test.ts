import { postgresVersions } from '../harness/postgres.ts';
import { engineConformance } from './engine.ts';
import { postgresHarness } from './postgres-harness.ts';

for (const version of postgresVersions)
  engineConformance(`PostgreSQL ${version}`, () => postgresHarness(version));
