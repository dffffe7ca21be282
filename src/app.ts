import { randomBytes } from 'node:crypto';
import { createNativeApi } from './apis/native/native-api.ts';
import { createOrdsApi } from './apis/ords/ords-api.ts';
import { createRedisEnterpriseApi } from './apis/redis-enterprise/redis-enterprise-api.ts';
import { systemClock } from './base/clock.ts';
import { createLogger } from './base/log.ts';
import { Secret } from './base/secret.ts';
import { version } from './base/version.ts';
import type { App, AppUse } from './cli/host.ts';
import { locateDataFolder, prepareDataFolder } from './config/data-folder.ts';
import { options as declarations, type Options } from './config/options.ts';
import { certificateSource } from './config/server-certificate.ts';
import { removeServiceFile, writeServiceFile } from './config/service-file.ts';
import { openWallet } from './config/wallet.ts';
import { postgresEngine } from './engines/postgres/engine.ts';
import { redisEngine } from './engines/redis/engine.ts';
import { sqliteEngine } from './engines/sqlite/engine.ts';
import { createHttpPorts } from './http/ports.ts';
import { createLocalDispatcher } from './jobs/local/dispatcher.ts';
import { defaultOutagePolicy } from './jobs/outage.ts';
import { createRetention } from './jobs/retention.ts';
import { createWorker } from './jobs/worker.ts';
import { createMailDispatch } from './mail/mail-dispatch.ts';
import { createSmtpMailer } from './mail/smtp-mailer.ts';
import { createNetwork } from './network/create-network.ts';
import { createCopyHandler } from './operations/copy.ts';
import { createDumpCopyHandler } from './operations/dump-copy.ts';
import { createDumpDeleteHandler } from './operations/dump-delete.ts';
import { createEnvironment } from './operations/environment.ts';
import { createExportHandler } from './operations/export.ts';
import { createImportHandler } from './operations/import.ts';
import { createVerifyHandler } from './operations/verify.ts';
import type { Registry } from './registry/registry.ts';
import { createService } from './service/create-service.ts';
import { ensureDefaults } from './service/directories.ts';
import { withSignals } from './service/job-signals.ts';
import { finishKilledRotation } from './service/wallet.ts';
import { azureDriver } from './storages/azure/driver.ts';
import { ftpDriver } from './storages/ftp/driver.ts';
import { gcsDriver } from './storages/gcs/driver.ts';
import { httpDriver } from './storages/http/driver.ts';
import { localDriver } from './storages/local/driver.ts';
import { nullDriver } from './storages/null/driver.ts';
import { obsDriver, s3Driver } from './storages/s3/driver.ts';
import { sftpDriver } from './storages/sftp/driver.ts';
import { createStorageStack, defaultLayerOptions } from './storages/stack.ts';
import type { StorageDriver } from './storages/storage.ts';
import { swiftDriver } from './storages/swift/driver.ts';
import { webdavDriver } from './storages/webdav/driver.ts';
import { openSqliteStore } from './store/sqlite-store.ts';

/** There is one process on an embedded store. */
const workerId = 'local';
const dayMs = 24 * 60 * 60 * 1000;

/** Every kind of place that dump files can be at; docs/guides/storages.md tells them in this order. */
export const storageDrivers: readonly StorageDriver[] = [
  localDriver,
  s3Driver,
  obsDriver,
  azureDriver,
  gcsDriver,
  swiftDriver,
  sftpDriver,
  ftpDriver,
  webdavDriver,
  httpDriver,
  nullDriver,
];

/**
 * The composition root: the only file that names concrete engines, storages and APIs.
 * Opens the data folder (one process at a time) and answers requests in process; `startJobs` and `listen` bring the rest.
 */
export async function openApp(options: Options, use: AppUse): Promise<App> {
  const clock = systemClock;
  // What a command's user has to know is in the command's own words; the log would say it again.
  const log = createLogger({
    level: use === 'command' && options.logLevel === 'info' ? 'error' : options.logLevel,
  });
  const folder = locateDataFolder(options.data);
  await using opening = new AsyncDisposableStack();

  await prepareDataFolder(folder);
  const opened = opening.use(await openSqliteStore({ path: folder.storeFile, clock, log }));
  const { store, signals } = withSignals(opened.jobs);
  const { registry } = opened;
  const wallet = await openWallet(
    folder.walletFile,
    { key: options.walletKey, previous: options.walletKeyPrevious },
    await holdsSecrets(registry),
  );
  const network = createNetwork({ allow: options.urlAllow });
  const storages = createStorageStack({
    drivers: storageDrivers,
    network,
    concurrency: options.storageConcurrency,
    options: {
      ...defaultLayerOptions,
      limit: { ...defaultLayerOptions.limit, bytesPerSecond: options.storageRate },
    },
  });
  const engines = [sqliteEngine, postgresEngine, redisEngine];
  const environment = createEnvironment({
    engines,
    registry,
    sealer: wallet,
    openStorage: storages.open,
  });
  await ensureDefaults(registry, folder.dumpFolder);
  await finishKilledRotation(registry, wallet, log);

  const handlers = [
    createExportHandler(environment, { unitBytes: options.unitBytes }),
    createImportHandler(environment),
    createCopyHandler(environment, { unitBytes: options.unitBytes }),
    createVerifyHandler(environment),
    createDumpCopyHandler(environment),
    createDumpDeleteHandler(environment),
  ];
  const outage = { ...defaultOutagePolicy, patienceMs: options.patienceSeconds * 1000 };
  const worker = createWorker({ store, handlers, clock, log, outage });
  const dispatcher = createLocalDispatcher({
    store,
    worker,
    workerId,
    maxRunning: options.workers,
    clock,
    log,
  });
  let closing = false;
  let started: Promise<void> | null = null;
  const startJobs = (): Promise<void> => {
    started ??= dispatcher.start();
    return started;
  };
  let isServing = false;
  const localToken = new Secret(randomBytes(32).toString('base64url'));
  const service = createService({
    store,
    signals,
    registry,
    environment,
    wallet,
    credentialTypes: storages.credentialTypes,
    dispatcher,
    clock,
    log,
    options: {
      threadsMax: options.threadsMax,
      mail: { canSend: options.smtpUrl !== null, to: options.smtpTo },
    },
    localToken,
    isReady: () => !closing && (use === 'command' || isServing),
  });
  const portOption = declarations.redisEnterprisePort;
  const http = createHttpPorts(
    {
      apis: [
        createNativeApi(service, { version }),
        createOrdsApi({
          service,
          defaultDatabase: () => options.defaultDatabase,
          endState: options.ordsEndState,
          clock,
        }),
        createRedisEnterpriseApi({ service, version, clock }),
      ],
      service,
      log,
      options: { trustedProxies: options.trustedProxies, bodyLimit: options.bodyLimit },
      certificate: certificateSource(
        { certificate: options.tlsCertificate, key: options.tlsKey },
        folder.tlsFile,
        options.host,
      ),
    },
    {
      'redis-enterprise': {
        port: options.redisEnterprisePort,
        option: portOption.name,
        spelling: `${portOption.flag} N or ${portOption.env}`,
      },
    },
  );

  const retention = createRetention({ store, clock, log, keepMs: options.retentionDays * dayMs });
  const mails =
    use === 'command' || options.smtpUrl === null
      ? null
      : createMailDispatch({
          store,
          mailer: createSmtpMailer({
            url: options.smtpUrl,
            password: options.smtpPassword,
            from: options.smtpFrom,
          }),
          clock,
          log,
        });
  const summary = await summaryOf(registry);
  const parts = opening.move();

  return {
    call: async ({ method, path, headers, body }) => {
      const answer = await http.inject({
        method,
        url: path,
        headers: { authorization: `Bearer ${localToken.reveal()}`, ...headers },
        ...(body === undefined ? {} : { payload: body as object }),
      });
      return {
        status: answer.statusCode,
        headers: Object.fromEntries(
          Object.entries(answer.headers).map(([name, value]) => [name, String(value)]),
        ),
        body: answer.body,
      };
    },
    startJobs,
    listen: async (port = options.port) => {
      // The port comes first: where it cannot be had, no job is begun only to be broken off.
      const { url, own } = await http.listen(options.host, port);
      await startJobs();
      retention.start();
      mails?.start();
      isServing = true;
      await writeServiceFile(folder.serviceFile, {
        url,
        pid: process.pid,
        token: localToken.reveal(),
        ownPorts: Object.fromEntries(own.map(({ api, url }) => [api, url])),
      });
      return { url, ownPorts: own };
    },
    summary,
    [Symbol.asyncDispose]: async () => {
      closing = true;
      const graceMs = use === 'command' ? 0 : options.shutdownGraceSeconds * 1000;
      await removeServiceFile(folder.serviceFile, process.pid);
      retention.stop();
      await Promise.all([http.close(graceMs), dispatcher.drain(graceMs), mails?.stop()]);
      await parts.disposeAsync();
    },
  };
}

/** Whether something in the store was sealed. */
async function holdsSecrets(registry: Registry): Promise<boolean> {
  const sealed = [...(await registry.listDatabases()), ...(await registry.listCredentials())];
  return sealed.length > 0;
}

async function summaryOf(registry: {
  listDatabases(): Promise<
    readonly { readonly name: string; readonly engine: string; readonly description: string }[]
  >;
}): Promise<readonly string[]> {
  const databases = await registry.listDatabases();
  if (databases.length === 0) return ['No databases are registered yet: pumphouse database add NAME URL'];
  return databases.map(({ name, engine, description }) => `Database ${name}: ${engine}, ${description}`);
}
