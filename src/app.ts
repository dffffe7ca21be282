import { randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import { createDataArtsApi } from './apis/dataarts/dataarts-api.ts';
import { createDbcsApi } from './apis/dbcs/dbcs-api.ts';
import { createNativeApi } from './apis/native/native-api.ts';
import { createOrdsApi } from './apis/ords/ords-api.ts';
import { createRedisEnterpriseApi } from './apis/redis-enterprise/redis-enterprise-api.ts';
import { openAppStore } from './app-store.ts';
import { openAppWallet } from './app-wallet.ts';
import { systemClock } from './base/clock.ts';
import { createLogger } from './base/log.ts';
import { Secret } from './base/secret.ts';
import { version } from './base/version.ts';
import type { App, AppExtras, AppUse } from './cli/host.ts';
import { locateDataFolder, prepareDataFolder } from './config/data-folder.ts';
import { options as declarations, type OptionDeclaration, type Options } from './config/options.ts';
import { resealSecrets } from './config/reseal-secrets.ts';
import { certificateSource } from './config/server-certificate.ts';
import { removeServiceFile, writeServiceFile } from './config/service-file.ts';
import { AppError } from './core/errors.ts';
import { postgresEngine } from './engines/postgres/engine.ts';
import { redisEngine } from './engines/redis/engine.ts';
import { sqliteEngine } from './engines/sqlite/engine.ts';
import { createAlarmMail } from './events/alarm-mail.ts';
import { createEventDispatch } from './events/event-dispatch.ts';
import { createEventWriter } from './events/event-writer.ts';
import { createWebhook } from './events/webhook.ts';
import { openAccessLog } from './http/access-log.ts';
import { metricsRoutes } from './http/metrics-route.ts';
import { createHttpPorts, type OwnPort } from './http/ports.ts';
import { createStoreProbe } from './http/readiness.ts';
import { createRetention } from './jobs/retention.ts';
import { createScheduler } from './jobs/scheduler.ts';
import { createWorker } from './jobs/worker.ts';
import { createMailDispatch } from './mail/mail-dispatch.ts';
import { createSmtpMailer } from './mail/smtp-mailer.ts';
import { createNetwork } from './network/create-network.ts';
import { createRequestFollower } from './network/follow-request.ts';
import { rememberEngines } from './observability/engine-names.ts';
import { observeService } from './observability/observe-service.ts';
import { tracingSettings } from './observability/tracing/tracing-settings.ts';
import { createBackupHandler } from './operations/backup.ts';
import { createBackupDeleteHandler } from './operations/backup-delete.ts';
import type { BackupParts } from './operations/backup-parts.ts';
import { createBackupVerifyHandler } from './operations/backup-verify.ts';
import { createCopyHandler } from './operations/copy.ts';
import { createDefinitionImportHandler } from './operations/definition-import.ts';
import { createDumpCopyHandler } from './operations/dump-copy.ts';
import { createDumpDeleteHandler } from './operations/dump-delete.ts';
import { createEnvironment } from './operations/environment.ts';
import { createExportHandler } from './operations/export.ts';
import { createImportHandler } from './operations/import.ts';
import { createRestoreHandler } from './operations/restore.ts';
import { createRunHandler, type RunParts } from './operations/run.ts';
import { sweepJobDatabases } from './operations/scratch-sweep.ts';
import { createVerifyHandler } from './operations/verify.ts';
import { createServiceAndPorts } from './service/create-service.ts';
import { createDefinitionImportRights } from './service/definition-import-rights.ts';
import { ensureDefaults } from './service/directories.ts';
import { createFamilyProgress } from './service/family-progress.ts';
import { withSignals } from './service/job-signals.ts';
import { provide } from './service/provision.ts';
import { createScheduledRuns } from './service/scheduled-runs.ts';
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
import { newestVersion } from './store/migrate.ts';

/** Spans are sent for so long at the end, also where tasks have taken the whole grace. */
const leastFlushMs = 500;
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
export async function openApp(options: Options, use: AppUse, extras: AppExtras = {}): Promise<App> {
  const clock = systemClock;
  // What a command's user has to know is in the command's own words; the log would say it again.
  const log = createLogger({
    level: use === 'command' && options.logLevel === 'info' ? 'error' : options.logLevel,
  });
  const folder = locateDataFolder(options.data);
  await using opening = new AsyncDisposableStack();

  await prepareDataFolder(folder);
  const appStore = opening.use(await openAppStore({ options, file: folder.storeFile, clock, log }));
  const { sharing } = appStore;
  const observation = await observeService(appStore.store, {
    metrics: use === 'service' && options.metrics !== 'off',
    tracing:
      use === 'service'
        ? tracingSettings({ url: options.otlpUrl, headers: options.otlpHeaders }, process.env)
        : null,
    version,
    instance: appStore.instance,
    engineOf: rememberEngines((name) => appStore.store.registry.getDatabase(name), clock),
    sharing,
    clock,
    log,
  });
  const { store: opened } = observation;
  const { store, signals } = withSignals(opened.jobs, use === 'service' ? sharing?.notices : undefined);
  const { registry } = opened;
  const wallet = await openAppWallet({
    file: folder.walletFile,
    options,
    store: opened,
    isShared: sharing !== null,
  });
  const network = createNetwork({ allow: options.urlAllow });
  const storages = createStorageStack({
    drivers: storageDrivers,
    network,
    observer: observation.storage,
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
    ...(sharing === null
      ? {}
      : { spread: { instance: options.instance ?? hostname(), isLocal: storages.isLocal } }),
  });
  // A folder of this machine is none of the others'.
  if (sharing === null) await ensureDefaults(registry, folder.dumpFolder);
  const resealSettings = () => resealSecrets(options.config, wallet);
  await finishKilledRotation(registry, wallet, log, resealSettings);
  const { provision } = extras;
  const unprovided =
    provision === undefined ? [] : await provide({ registry, environment, wallet, clock }, provision);

  const mailTo = (database: string) => options.of(database).smtpTo;
  const tell = createEventWriter(opened.events, {
    webhook: options.webhookUrl !== null,
    mail: (database) => options.smtpUrl !== null && mailTo(database).length > 0,
  });
  // Jobs start jobs by the service, which is made with the worker that runs them.
  const backups: BackupParts = {
    environment,
    catalogue: opened.backups,
    jobs: store,
    children: { start: (...child) => ports.children.start(...child) },
    jobDatabases: {
      put: (...database) => ports.jobDatabases.put(...database),
      find: (name) => ports.jobDatabases.find(name),
      remove: (name) => ports.jobDatabases.remove(name),
      list: () => ports.jobDatabases.list(),
    },
    cancel: (jobId) =>
      unlessDone(async () => {
        await store.requestCancel(jobId);
        dispatcher.interrupt(jobId);
        dispatcher.notify();
      }),
    tell,
    clock,
  };
  const follower = opening.use(createRequestFollower(network));
  const runs: RunParts = {
    environment,
    jobs: store,
    children: backups.children,
    resume: (jobId) =>
      unlessDone(async () => {
        await store.requestResume(jobId);
        dispatcher.notify();
      }),
    stop: (jobId) =>
      unlessDone(async () => {
        await store.requestStop(jobId);
        dispatcher.interrupt(jobId);
      }),
    send: follower.send,
    clock,
  };
  const handlers = [
    createExportHandler(environment, { unitBytes: (database) => options.of(database).unitBytes }),
    createImportHandler(environment),
    createCopyHandler(environment, { unitBytes: (database) => options.of(database).unitBytes }),
    createVerifyHandler(environment),
    createDumpCopyHandler(environment),
    createDumpDeleteHandler(environment),
    createBackupHandler(backups),
    createBackupVerifyHandler(backups),
    createBackupDeleteHandler(backups),
    createRestoreHandler(backups),
    createRunHandler(runs),
    createDefinitionImportHandler({
      workspaces: opened.workspaces,
      schedules: opened.schedules,
      jobs: store,
      startSchedule: (...schedule) => importRights.startSchedule(...schedule),
      authoriseOverwrite: (...overwrite) => importRights.authoriseOverwrite(...overwrite),
      clock,
    }),
  ];
  const worker = createWorker({
    store,
    handlers: observation.handlers(handlers),
    clock,
    log,
    patienceOf: (database) => options.of(database).patienceSeconds * 1000,
  });
  const dispatcher = appStore.createDispatcher({ store, worker, watchTickets: observation.tickets });
  let closing = false;
  // A job that comes while the service starts or stops is stored, and run by whoever runs next.
  let takesJobs = true;
  let started: Promise<void> | null = null;
  const startJobs = (): Promise<void> => {
    started ??= dispatcher.start();
    return started;
  };
  const sweep = new AbortController();
  let swept: Promise<void> = Promise.resolve();
  let isServing = false;
  const localToken = new Secret(randomBytes(32).toString('base64url'));
  const ports = createServiceAndPorts({
    store,
    signals,
    registry,
    accessKeys: opened.accessKeys,
    workspaces: opened.workspaces,
    backups: opened.backups,
    schedules: opened.schedules,
    events: opened.events,
    tell,
    environment,
    wallet,
    credentialTypes: storages.credentialTypes,
    dispatcher,
    clock,
    log,
    options: {
      threadsMax: (database) => options.of(database).threadsMax,
      mail: { canSend: options.smtpUrl !== null, to: mailTo },
      databaseRetryMs: (database) => options.of(database).databaseRetrySeconds * 1000,
    },
    localToken,
    resealSettings,
    storeVersions: async () => ({ version: await opened.schemaVersion(), knownVersion: newestVersion }),
    ...(sharing === null ? {} : { listInstances: () => sharing.instances.listInstances() }),
    isReady: () => takesJobs,
  });
  const { service } = ports;
  const importRights = createDefinitionImportRights({ registry }, service);
  const accessLog =
    options.accessLog === null || use === 'command'
      ? null
      : opening.use(
          openAccessLog({
            folder: options.accessLog,
            name: extras.accessLogName ?? 'pumphouse',
            keepDays: options.accessLogDays,
            log,
          }),
        );
  const storeAnswers = sharing === null ? async () => true : createStoreProbe(() => opened.schemaVersion());
  const http = createHttpPorts(
    {
      accessLog,
      apis: [
        createNativeApi(service, { version }),
        createOrdsApi({
          service,
          defaultDatabase: () => options.defaultDatabase,
          unusable: new Map(
            unprovided.flatMap(({ kind, name, problem }) => (kind === 'database' ? [[name, problem]] : [])),
          ),
          databaseApi: options.ordsEnabled === 'true',
          mostRows: (database) => options.of(database).ordsMaxRows,
          endState: options.ordsEndState,
          clock,
        }),
        createRedisEnterpriseApi({ service, version, clock }),
        createDbcsApi({ service, identityDomain: options.dbcsIdentityDomain }),
        createDataArtsApi({ service, version, projectId: options.dataartsProjectId, clock }),
      ],
      service,
      log,
      options: {
        trustedProxies: options.trustedProxies,
        httpsHeaderCheck: options.httpsHeaderCheck,
        bodyLimit: options.bodyLimit,
      },
      certificate: certificateSource(
        { certificate: options.tlsCertificate, key: options.tlsKey },
        folder.tlsFile,
        options.host,
      ),
      isReady: async () => !closing && isServing && (await storeAnswers()),
      systemRoutes: metricsRoutes(observation.expose, options, service),
      metrics: observation.metrics,
      ...(observation.inTrace === undefined ? {} : { inTrace: observation.inTrace }),
    },
    {
      'redis-enterprise': ownPort(declarations.redisEnterprisePort, options.redisEnterprisePort),
      dbcs: ownPort(declarations.dbcsPort, options.dbcsPort),
    },
  );

  const scheduler = createScheduler({
    schedules: opened.schedules,
    starts: createScheduledRuns({ store, registry, tell }, service),
    clock,
    log,
  });
  const retention = createRetention({
    store,
    events: opened.events,
    clock,
    log,
    keepMs: options.retentionDays * dayMs,
  });
  const mailer =
    use === 'command' || options.smtpUrl === null
      ? null
      : createSmtpMailer({
          url: options.smtpUrl,
          password: options.smtpPassword,
          from: options.smtpFrom,
        });
  const mails =
    mailer === null
      ? null
      : createMailDispatch({ store, mailer, clock, log, shown: createFamilyProgress(store) });
  const { webhookUrl: url, webhookSecret: secret } = options;
  const webhook = url === null ? null : opening.use(createWebhook({ url, secret, network, clock }));
  const eventDispatch = createEventDispatch({
    store: opened.events,
    channels: [
      ...(webhook === null ? [] : [webhook]),
      ...(mailer === null ? [] : [createAlarmMail(mailer, mailTo)]),
    ],
    clock,
    log,
  });
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
      dispatcher.answersAt(url);
      await startJobs();
      retention.start();
      scheduler.start();
      mails?.start();
      eventDispatch.start();
      swept = sweepJobDatabases(backups, store, { signal: sweep.signal, log });
      isServing = true;
      await writeServiceFile(folder.serviceFile, {
        url,
        pid: process.pid,
        token: localToken.reveal(),
        ownPorts: Object.fromEntries(own.map(({ api, url }) => [api, url])),
      });
      return { url, ownPorts: own };
    },
    unprovided,
    [Symbol.asyncDispose]: async () => {
      closing = true;
      const graceMs = use === 'command' ? 0 : options.shutdownGraceSeconds * 1000;
      const drainMs = use === 'command' ? 0 : options.drainDelaySeconds * 1000;
      const endsAt = performance.now() + drainMs + graceMs;
      await removeServiceFile(folder.serviceFile, process.pid);
      retention.stop();
      ports.standings.stop();
      sweep.abort();
      await scheduler.stop();
      await Promise.all([
        swept,
        http.close(graceMs, drainMs).then(() => {
          takesJobs = false;
        }),
        dispatcher.drain(graceMs),
        mails?.stop(),
        eventDispatch.stop(),
      ]);
      await observation.close(Math.max(leastFlushMs, endsAt - performance.now()));
      await parts.disposeAsync();
    },
  };
}

/** Asks for a state of a job; that it is in another by now, and nothing is to be asked of it, is no error. */
async function unlessDone(ask: () => Promise<void>): Promise<void> {
  try {
    await ask();
  } catch (error) {
    if (!(error instanceof AppError) || error.code !== 'job-state') throw error;
  }
}

/** What an option says about the port of an API. */
const ownPort = ({ name, flag, env }: OptionDeclaration, port: OwnPort['port']): OwnPort => ({
  port,
  option: name,
  spelling: `${flag} N or ${env}`,
});
