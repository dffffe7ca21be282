import { after, before } from 'node:test';
import { type Proftpd, startProftpd } from '../harness/proftpd.ts';
import {
  type FtpManner,
  ftpFaultHarness,
  ftpHarness,
  type SmallServer,
  startSmallServer,
} from './ftp-harness.ts';
import { storageConformance } from './storage.ts';
import { storageFaults } from './storage-faults.ts';

const manner: FtpManner = { scheme: 'ftp', options: {} };
let server: Proftpd;
let oldServer: Proftpd;
let small: SmallServer | null;
before(async () => {
  server = await startProftpd();
  oldServer = await startProftpd({ isOld: true });
  small = await startSmallServer();
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await oldServer[Symbol.asyncDispose]();
  await small?.[Symbol.asyncDispose]();
});

storageConformance('FTP', () => ftpHarness(server, manner));
storageConformance('FTP of an old server', () => ftpHarness(oldServer, manner));
storageFaults('FTP', () => ftpFaultHarness(server, manner, small));
