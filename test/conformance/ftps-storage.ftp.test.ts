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

const explicit = ({ fingerprint }: Proftpd): FtpManner => ({
  scheme: 'ftps',
  options: { 'tls-fingerprint': fingerprint },
});
const implicit = ({ fingerprint }: Proftpd): FtpManner => ({
  scheme: 'ftps',
  options: { 'tls-fingerprint': fingerprint, tls: 'implicit' },
});
let server: Proftpd;
let implicitServer: Proftpd;
let small: SmallServer | null;
before(async () => {
  server = await startProftpd({ isStrict: true });
  implicitServer = await startProftpd({ isStrict: true, isImplicit: true });
  small = await startSmallServer();
});
after(async () => {
  await server[Symbol.asyncDispose]();
  await implicitServer[Symbol.asyncDispose]();
  await small?.[Symbol.asyncDispose]();
});

storageConformance('FTPS', () => ftpHarness(server, explicit(server)));
storageConformance('FTPS, implicit', () => ftpHarness(implicitServer, implicit(implicitServer)));
storageFaults('FTPS', () => ftpFaultHarness(server, explicit(server), small));
