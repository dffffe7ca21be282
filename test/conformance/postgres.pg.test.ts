import { postgresVersions } from '../harness/postgres.ts';
import { engineConformance } from './engine.ts';
import { postgresHarness } from './postgres-harness.ts';

/** The oldest and the newest; `npm run test:versions` takes all that there are. */
const versions = process.env.PUMPHOUSE_TEST_ALL_VERSIONS === '1' ? postgresVersions : ([13, 18] as const);

for (const version of versions) {
  engineConformance(`PostgreSQL ${version}`, () => postgresHarness(version));
}
