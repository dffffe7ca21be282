import { createAuthentication } from './authenticate.ts';
import { createDatabases } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { createDirectories } from './directories.ts';
import { createDumpSets } from './dump-sets.ts';
import { createJobs } from './jobs.ts';
import type { Service } from './service.ts';
import { createStartCopy } from './start-copy.ts';
import { createStartExport } from './start-export.ts';
import { createStartImport } from './start-import.ts';
import { createStartJob } from './start-job.ts';
import { createStartVerify } from './start-verify.ts';
import { createUsers } from './users.ts';

/** The service: everything that HTTP, command line and console can ask for. Building it does no I/O. */
export function createService(dependencies: ServiceDependencies): Service {
  const startJob = createStartJob(dependencies);
  return {
    ...createAuthentication(dependencies),
    ...createDatabases(dependencies),
    ...createDirectories(dependencies),
    ...createUsers(dependencies),
    startExport: createStartExport(dependencies, startJob),
    startImport: createStartImport(dependencies, startJob),
    startCopy: createStartCopy(dependencies, startJob),
    startVerify: createStartVerify(dependencies, startJob),
    ...createJobs(dependencies),
    ...createDumpSets(dependencies),
    isReady: dependencies.isReady,
  };
}
