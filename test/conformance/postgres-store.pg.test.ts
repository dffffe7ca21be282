import { isCampaign, withStores } from '../harness/postgres-store.ts';
import { accessKeyConformance } from './access-keys.ts';
import { backupConformance } from './backup-catalogue.ts';
import { eventConformance } from './events.ts';
import { censusConformance } from './job-census.ts';
import { jobCredentialConformance } from './job-credentials.ts';
import { jobStoreConformance } from './job-store.ts';
import { jobStoreModel } from './job-store-model.ts';
import { jobSharingConformance } from './job-store-sharing.ts';
import { registryConformance } from './registry.ts';
import { scheduleConformance } from './schedules.ts';
import { workspaceConformance } from './workspaces.ts';

withStores((title, open) => {
  jobStoreConformance(title, open);
  jobStoreModel(title, open, isCampaign ? 50 : 2);
  jobSharingConformance(title, open);
  registryConformance(title, open);
  jobCredentialConformance(title, open);
  scheduleConformance(title, open);
  eventConformance(title, open);
  backupConformance(title, open);
  workspaceConformance(title, open);
  accessKeyConformance(title, open);
  censusConformance(title, open);
});
