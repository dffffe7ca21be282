import { createSerial } from '../base/serial.ts';
import type { ChildJobs } from '../operations/child-jobs.ts';
import type { JobDatabases } from '../operations/scratch.ts';
import { createAccessKeys } from './access-keys.ts';
import { createApiDocuments } from './api-documents.ts';
import { createAuthentication } from './authenticate.ts';
import { createBackupPolicies } from './backup-policies.ts';
import { createBackups } from './backups.ts';
import { createChildJobs } from './child-jobs.ts';
import { createConfigurationRevision } from './configuration-revision.ts';
import { createCredentials } from './credentials.ts';
import { createDatabaseStanding } from './database-standing.ts';
import { createDatabases } from './databases.ts';
import { createDefinitionImports } from './definition-imports.ts';
import { createDefinitions } from './definitions.ts';
import type { ServiceDependencies } from './dependencies.ts';
import { createDirectories } from './directories.ts';
import { createDumpSets } from './dump-sets.ts';
import { createEvents } from './events.ts';
import { createInstallations } from './installations.ts';
import { createJobs } from './jobs.ts';
import { createLocations } from './locations.ts';
import { createJobDatabases } from './made-databases.ts';
import { mailOf } from './mail.ts';
import { createPlaceFiles } from './place-files.ts';
import { createRuns } from './runs.ts';
import { createSchedules } from './schedules.ts';
import type { Service } from './service.ts';
import { createStandings, type Standings } from './standings.ts';
import { createStartBackup } from './start-backup.ts';
import { createStartBackupDelete } from './start-backup-delete.ts';
import { createStartBackupVerify } from './start-backup-verify.ts';
import { createStartCopy } from './start-copy.ts';
import { createStartDumpCopy } from './start-dump-copy.ts';
import { createStartDumpDelete } from './start-dump-delete.ts';
import { createStartExport } from './start-export.ts';
import { createStartImport } from './start-import.ts';
import { createStartJob } from './start-job.ts';
import { createStartRestore } from './start-restore.ts';
import { createStartVerify } from './start-verify.ts';
import { createTokens } from './tokens.ts';
import { createUsers } from './users.ts';
import { createWalletRotation } from './wallet.ts';
import { createWorkspaceItems } from './workspace-items.ts';
import { createWorkspaces } from './workspaces.ts';

/** The service, and what operations need of it. */
export interface ServiceAndPorts {
  readonly service: Service;
  readonly children: ChildJobs;
  readonly jobDatabases: JobDatabases;
  readonly standings: Standings;
}

/** The service: everything that HTTP, command line and console can ask for. Building it does no I/O. */
export const createService = (dependencies: ServiceDependencies): Service =>
  createServiceAndPorts(dependencies).service;

/** The same, with the ports that handlers of jobs are made with. */
export function createServiceAndPorts(dependencies: ServiceDependencies): ServiceAndPorts {
  const inTurn = createSerial();
  const startJob = createStartJob(dependencies, inTurn);
  const jobs = createJobs(dependencies);
  const itemsInTurn = createSerial();
  const standings = createStandings(dependencies);
  const service: Service = {
    ...createAuthentication(dependencies),
    ...createTokens(dependencies),
    ...createDatabases(dependencies, inTurn),
    ...createInstallations(dependencies, inTurn),
    ...createDatabaseStanding(dependencies),
    listStandings: standings.listStandings,
    refuseAway: standings.refuseAway,
    storeVersions: dependencies.storeVersions,
    async readStatus(context) {
      const [store, instances, found] = await Promise.all([
        dependencies.storeVersions(),
        dependencies.listInstances?.() ?? [],
        standings.listStandings(context),
      ]);
      return { store, instances, standings: found };
    },
    ...createDirectories(dependencies),
    ...createCredentials(dependencies, inTurn),
    ...createLocations(dependencies),
    ...createWalletRotation(dependencies, inTurn),
    ...createUsers(dependencies),
    ...createAccessKeys(dependencies, inTurn),
    startExport: createStartExport(dependencies, startJob),
    startImport: createStartImport(dependencies, startJob),
    startCopy: createStartCopy(dependencies, startJob),
    startVerify: createStartVerify(dependencies, startJob),
    startDumpCopy: createStartDumpCopy(dependencies, startJob),
    startDumpDelete: createStartDumpDelete(dependencies, startJob),
    startBackup: createStartBackup(dependencies, startJob),
    startBackupVerify: createStartBackupVerify(dependencies, startJob),
    startRestore: createStartRestore(dependencies, startJob),
    ...createStartBackupDelete(dependencies, startJob),
    ...createBackupPolicies(dependencies),
    ...createBackups(dependencies),
    ...createSchedules(dependencies),
    ...createEvents(dependencies),
    ...createWorkspaces(dependencies),
    ...createWorkspaceItems(dependencies, itemsInTurn),
    ...createDefinitions(dependencies, itemsInTurn),
    ...createRuns(dependencies, startJob, jobs),
    startDefinitionImport: createDefinitionImports(dependencies, startJob),
    ...createPlaceFiles(dependencies),
    ...jobs,
    ...createDumpSets(dependencies),
    ...createApiDocuments(dependencies, inTurn),
    configurationRevision: createConfigurationRevision(dependencies.registry),
    mailOf: ({ caller }, database) => mailOf(dependencies.options.mail, caller, database),
    isReady: dependencies.isReady,
  };
  return {
    service,
    children: createChildJobs(dependencies, service, startJob),
    jobDatabases: createJobDatabases(dependencies, inTurn),
    standings,
  };
}
