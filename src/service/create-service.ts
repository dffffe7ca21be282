import { createSerial } from '../base/serial.ts';
import { createAuthentication } from './authenticate.ts';
import { createCredentials } from './credentials.ts';
import { createDatabases } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { createDirectories } from './directories.ts';
import { createDumpSets } from './dump-sets.ts';
import { createJobs } from './jobs.ts';
import { createLocations } from './locations.ts';
import type { Service } from './service.ts';
import { createStartCopy } from './start-copy.ts';
import { createStartDumpCopy } from './start-dump-copy.ts';
import { createStartDumpDelete } from './start-dump-delete.ts';
import { createStartExport } from './start-export.ts';
import { createStartImport } from './start-import.ts';
import { createStartJob } from './start-job.ts';
import { createStartVerify } from './start-verify.ts';
import { createUsers } from './users.ts';
import { createWalletRotation } from './wallet.ts';

/** The service: everything that HTTP, command line and console can ask for. Building it does no I/O. */
export function createService(dependencies: ServiceDependencies): Service {
  const startJob = createStartJob(dependencies);
  const inTurn = createSerial();
  return {
    ...createAuthentication(dependencies),
    ...createDatabases(dependencies, inTurn),
    ...createDirectories(dependencies),
    ...createCredentials(dependencies, inTurn),
    ...createLocations(dependencies),
    ...createWalletRotation(dependencies, inTurn),
    ...createUsers(dependencies),
    startExport: createStartExport(dependencies, startJob),
    startImport: createStartImport(dependencies, startJob),
    startCopy: createStartCopy(dependencies, startJob),
    startVerify: createStartVerify(dependencies, startJob),
    startDumpCopy: createStartDumpCopy(dependencies, startJob),
    startDumpDelete: createStartDumpDelete(dependencies, startJob),
    ...createJobs(dependencies),
    ...createDumpSets(dependencies),
    isReady: dependencies.isReady,
  };
}
