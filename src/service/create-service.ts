import { createSerial } from '../base/serial.ts';
import { createApiDocuments } from './api-documents.ts';
import { createAuthentication } from './authenticate.ts';
import { createConfigurationRevision } from './configuration-revision.ts';
import { createCredentials } from './credentials.ts';
import { createDatabaseStanding } from './database-standing.ts';
import { createDatabases } from './databases.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { createDirectories } from './directories.ts';
import { createDumpSets } from './dump-sets.ts';
import { createJobs } from './jobs.ts';
import { createLocations } from './locations.ts';
import { mailOf } from './mail.ts';
import type { Service } from './service.ts';
import { createStartCopy } from './start-copy.ts';
import { createStartDumpCopy } from './start-dump-copy.ts';
import { createStartDumpDelete } from './start-dump-delete.ts';
import { createStartExport } from './start-export.ts';
import { createStartImport } from './start-import.ts';
import { createStartJob } from './start-job.ts';
import { createStartVerify } from './start-verify.ts';
import { createTokens } from './tokens.ts';
import { createUsers } from './users.ts';
import { createWalletRotation } from './wallet.ts';

/** The service: everything that HTTP, command line and console can ask for. Building it does no I/O. */
export function createService(dependencies: ServiceDependencies): Service {
  const inTurn = createSerial();
  const startJob = createStartJob(dependencies, inTurn);
  return {
    ...createAuthentication(dependencies),
    ...createTokens(dependencies),
    ...createDatabases(dependencies, inTurn),
    ...createDatabaseStanding(dependencies),
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
    ...createApiDocuments(dependencies, inTurn),
    configurationRevision: createConfigurationRevision(dependencies.registry),
    mailOf: ({ caller }) => mailOf(dependencies.options.mail, caller),
    isReady: dependencies.isReady,
  };
}
