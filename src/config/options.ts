import { availableParallelism } from 'node:os';
import { logLevels } from '../base/log-level.ts';
import {
  bytesType,
  choiceType,
  headerCheckType,
  httpUrlType,
  integerType,
  keyType,
  listType,
  mailAddressesType,
  mailAddressType,
  type OptionType,
  optional,
  pathWordType,
  portOrOffType,
  projectIdType,
  secretType,
  smtpUrlType,
  textType,
} from './option-types.ts';

/** One option, declared once: type, sources, help, redaction and the row of docs/options.md all come from here. */
export interface OptionDeclaration<T = unknown> {
  /** In the config folder, in `pumphouse config` and in messages: `threads-max`. */
  readonly name: string;
  /** `--threads-max`; null where a command line would show a secret to the process list. */
  readonly flag: string | null;
  /** `PUMPHOUSE_THREADS_MAX`. */
  readonly env: string;
  readonly type: OptionType<T>;
  readonly initial: () => T;
  /** The default in words; what `initial` shows where it is a constant. */
  readonly defaultText: string;
  readonly help: string;
  /**
   * Which commands read it: all, `serve`, those that run jobs (serve, and export and import without a service), or those that go to places
   * of dump files (these, and `location test`, `dump list` and the like).
   */
  readonly readBy: 'all' | 'serve' | 'jobs' | 'places';
  readonly secret: boolean;
  /** Whether it can stand in the config folder, a secret one sealed. False for what is needed to find or open that folder. */
  readonly settable: boolean;
  /** Whether the config folder can have another value for a database alone. */
  readonly perDatabase: boolean;
}

interface Details {
  readonly help: string;
  readonly readBy: OptionDeclaration['readBy'];
  readonly defaultText?: string;
  readonly secret?: boolean;
  readonly settable?: boolean;
  readonly perDatabase?: boolean;
}

function option<T>(
  name: string,
  type: OptionType<T>,
  initial: T | (() => T),
  details: Details,
): OptionDeclaration<T> {
  const first = typeof initial === 'function' ? (initial as () => T) : () => initial;
  const secret = details.secret ?? false;
  const words = name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
  return {
    name,
    flag: secret ? null : `--${words.replaceAll('.', '-')}`,
    env: `PUMPHOUSE_${words.replaceAll(/[.-]/g, '_').toUpperCase()}`,
    type,
    initial: first,
    defaultText: details.defaultText ?? type.show(first()),
    help: details.help,
    readBy: details.readBy,
    secret,
    settable: details.settable ?? true,
    perDatabase: details.perDatabase ?? false,
  };
}

const mebibyte = 1024 ** 2;

/** Every option of Pumphouse. */
export const options = {
  data: option('data', textType, './pumphouse-data', {
    help: 'Data folder: job store, wallet, DATA_PUMP_DIR.',
    readBy: 'all',
    settable: false,
  }),
  config: option('config', optional(textType), null, {
    help: 'Config folder, which holds settings.json.',
    readBy: 'all',
    defaultText: 'config in the data folder',
    settable: false,
  }),
  walletKey: option('wallet-key', optional(keyType), null, {
    help: 'Key that seals the secrets in the store.',
    readBy: 'all',
    defaultText: 'wallet.key in the data folder, made on first use',
    secret: true,
    settable: false,
  }),
  walletKeyPrevious: option('wallet-key-previous', optional(keyType), null, {
    help: 'The key that wallet-key takes the place of: pumphouse wallet rotate seals again what it sealed.',
    readBy: 'all',
    defaultText: 'none',
    secret: true,
    settable: false,
  }),
  store: option('store', optional(secretType), null, {
    help: 'PostgreSQL database that several instances share as their job store: postgres://user:password@host:5432/database.',
    readBy: 'all',
    defaultText: 'none: SQLite in the data folder, for this process alone',
    secret: true,
    settable: false,
  }),
  instance: option('instance', optional(textType), null, {
    help: 'Name of this instance among those that share a store.',
    readBy: 'jobs',
    defaultText: 'name of the machine',
    settable: false,
  }),
  host: option('host', textType, '127.0.0.1', {
    help: 'Address to listen on; 0.0.0.0 or :: for every interface.',
    readBy: 'serve',
  }),
  port: option('port', integerType(0, 65_535), 8080, {
    help: 'Port to listen on; 0 takes a free one.',
    readBy: 'serve',
  }),
  trustedProxies: option('trusted-proxies', listType, [], {
    help: 'Addresses or networks of proxies whose X-Forwarded headers are believed.',
    readBy: 'serve',
    defaultText: 'none',
  }),
  httpsHeaderCheck: option('security.httpsHeaderCheck', optional(headerCheckType), null, {
    help: 'Header by which a proxy says that a request came over HTTPS; where trusted-proxies names proxies, theirs alone counts.',
    readBy: 'serve',
    defaultText: 'none',
  }),
  bodyLimit: option('body-limit', bytesType(1024, 1024 * mebibyte), mebibyte, {
    help: 'Largest request body.',
    readBy: 'serve',
  }),
  shutdownGraceSeconds: option('shutdown-grace', integerType(0, 3600), 10, {
    help: 'Seconds that requests and tasks get to finish when the service stops; tasks cut off go on at the next start.',
    readBy: 'serve',
  }),
  drainDelaySeconds: option('drain-delay', integerType(0, 600), 0, {
    help: 'Seconds before that in which a service that stops still takes requests, while /readyz says 503 already: for proxies that probe it.',
    readBy: 'serve',
  }),
  defaultDatabase: option('default-database', optional(textType), null, {
    help: 'Database that the ORDS API means where the address names none.',
    readBy: 'serve',
    defaultText: 'none',
  }),
  databaseRetrySeconds: option('database-retry', integerType(1, 86_400), 900, {
    help: 'Seconds after which a database that could not be reached is tried again.',
    readBy: 'serve',
    perDatabase: true,
  }),
  ordsEnabled: option('ords.enabled', choiceType(['true', 'false']), 'true', {
    help: 'Whether the Database API of the ORDS API is served.',
    readBy: 'serve',
  }),
  ordsMaxRows: option('ords.max-rows', integerType(1, 10_000), 10_000, {
    help: 'Most items on a page of the ORDS API.',
    readBy: 'serve',
    perDatabase: true,
  }),
  ordsEndState: option('ords.end-state', choiceType(['COMPLETED', 'NOT RUNNING']), 'COMPLETED', {
    help: 'What the ORDS API calls the state of a job that ended well.',
    readBy: 'serve',
  }),
  redisEnterprisePort: option('redis-enterprise.port', optional(portOrOffType), null, {
    help: 'Port of its own for the Redis Enterprise API, over TLS; off: none, 0 takes a free one.',
    readBy: 'serve',
    defaultText: '9443 where nothing else listens there',
  }),
  dbcsIdentityDomain: option('dbcs.identityDomain', optional(pathWordType), null, {
    help: 'Identity domain in the addresses of the dbcs API; others are unknown.',
    readBy: 'serve',
    defaultText: 'none: every identity domain is taken',
  }),
  dbcsPort: option('dbcs.port', portOrOffType, 'off', {
    help: 'Port of its own for the dbcs API, over TLS with HTTP/2 and HTTP/1.1; off: none, 0 takes a free one.',
    readBy: 'serve',
  }),
  dataartsProjectId: option('dataarts.projectId', optional(projectIdType), null, {
    help: 'Project id in the addresses of the DataArts API; others are refused.',
    readBy: 'serve',
    defaultText: 'none: every project id is taken',
  }),
  tlsCertificate: option('tls-certificate', optional(textType), null, {
    help: 'File with the certificate, and those that lead to its root, of ports over TLS (PEM); needs tls-key.',
    readBy: 'serve',
    defaultText: 'self-made, in the data folder',
  }),
  tlsKey: option('tls-key', optional(textType), null, {
    help: 'File with the private key of tls-certificate (PEM, not encrypted).',
    readBy: 'serve',
    defaultText: 'self-made, in the data folder',
  }),
  smtpUrl: option('smtp-url', optional(smtpUrlType), null, {
    help: 'Server that takes the mails about ended jobs: smtp://user@mail.example.net:587 (STARTTLS; always with a password), smtps:// (TLS from the start).',
    readBy: 'serve',
    defaultText: 'none: no mails are sent',
  }),
  smtpPassword: option('smtp-password', optional(secretType), null, {
    help: 'Password of the user in smtp-url.',
    readBy: 'serve',
    defaultText: 'none',
    secret: true,
  }),
  smtpFrom: option('smtp-from', optional(mailAddressType), null, {
    help: 'Sender of the mails.',
    readBy: 'serve',
    defaultText: 'pumphouse at the name of this machine',
  }),
  smtpTo: option('smtp-to', mailAddressesType, [], {
    help: 'Who gets the mails about alarms, and about jobs of users whose names are no e-mail addresses.',
    readBy: 'serve',
    defaultText: 'nobody',
    perDatabase: true,
  }),
  webhookUrl: option('webhook-url', optional(httpUrlType), null, {
    help: 'Receiver that every event is posted to as JSON: https://ops.example.net/pumphouse. It has to be public, or in url-allow.',
    readBy: 'serve',
    defaultText: 'none: no events are posted',
  }),
  webhookSecret: option('webhook-secret', optional(secretType), null, {
    help: 'Secret that the calls of webhook-url are signed with.',
    readBy: 'serve',
    defaultText: 'none: calls are not signed',
    secret: true,
  }),
  urlAllow: option('url-allow', listType, [], {
    help: 'Hosts, addresses and CIDR ranges that locations may lead to although they are not public: minio.example.net,10.0.0.0/8.',
    readBy: 'places',
    defaultText: 'none: loopback, private, link-local and metadata addresses are refused',
  }),
  storageConcurrency: option('storage-concurrency', optional(integerType(1, 1024)), null, {
    help: 'Uploads at once, and as many other calls, at each kind of storage.',
    readBy: 'jobs',
    defaultText: '64; 8 at SFTP and FTP',
  }),
  storageRate: option('storage-rate', optional(bytesType(1024, 1024 ** 4)), null, {
    help: 'Bytes a second that go to and come from each kind of storage, over all jobs of this process.',
    readBy: 'jobs',
    defaultText: 'as fast as it goes',
  }),
  workers: option('workers', integerType(1, 256), () => availableParallelism() + 1, {
    help: 'Tasks that this process runs at once, over all jobs.',
    readBy: 'jobs',
    defaultText: 'CPU cores + 1',
  }),
  threadsMax: option('threads-max', integerType(1, 256), 16, {
    help: 'Most threads of one job; a job that asks for more gets this many.',
    readBy: 'jobs',
    perDatabase: true,
  }),
  unitBytes: option('unit-bytes', bytesType(64 * 1024, 16 * 1024 * mebibyte), 64 * mebibyte, {
    help: 'Size at which a table is cut into units that are read and written at once.',
    readBy: 'jobs',
    perDatabase: true,
  }),
  patienceSeconds: option('patience', integerType(0, 86_400), 180, {
    help: 'Seconds that a job waits for a database or storage that does not answer before it fails.',
    readBy: 'jobs',
    perDatabase: true,
  }),
  accessLog: option('access-log', optional(textType), null, {
    help: 'Folder for access logs: a line for each request, a file for each day.',
    readBy: 'serve',
    defaultText: 'none: there is no access log',
  }),
  accessLogDays: option('access-log-retention', integerType(1, 36_500), 90, {
    help: 'Days that access logs are kept.',
    readBy: 'serve',
  }),
  metrics: option('metrics', choiceType(['users', 'open', 'off']), 'users', {
    help: 'Who may read GET /metrics: users (any of them, and the bearer of metrics-token), or everybody (open); off: it is not there.',
    readBy: 'serve',
  }),
  metricsToken: option('metrics-token', optional(secretType), null, {
    help: 'Bearer token that reads GET /metrics and nothing else.',
    readBy: 'serve',
    defaultText: 'none: only users read them',
    secret: true,
  }),
  otlpUrl: option('otlp-url', optional(httpUrlType), null, {
    help: 'OpenTelemetry collector (OTLP over HTTP) that traces of jobs go to: http://collector.example.net:4318.',
    readBy: 'serve',
    defaultText: 'as OTEL_EXPORTER_OTLP_ENDPOINT says; without it no traces',
  }),
  otlpHeaders: option('otlp-headers', optional(secretType), null, {
    help: 'Headers of the calls to otlp-url: authorization=Bearer x,x-team=y.',
    readBy: 'serve',
    defaultText: 'none',
    secret: true,
  }),
  retentionDays: option('retention', integerType(1, 36_500), 30, {
    help: 'Days that finished jobs and their logs are kept; dump files stay.',
    readBy: 'serve',
  }),
  logLevel: option('log-level', choiceType(logLevels), 'info', {
    help: 'Least level of the log lines on standard error.',
    readBy: 'all',
  }),
} as const;

export type OptionKey = keyof typeof options;

type ValueOf<K extends OptionKey> = (typeof options)[K] extends OptionDeclaration<infer T> ? T : never;

type Values = {
  /** Never null: without the option it is the one in the data folder. */
  readonly config: string;
} & { readonly [K in Exclude<OptionKey, 'config'>]: ValueOf<K> };

/** The value of every option. */
export type Options = Values & {
  /** What holds for a database, where its settings in the config folder say something else. */
  readonly of: (database: string) => Values;
};

/** All declarations, in the order of the documentation. */
export const optionList = Object.entries(options) as readonly (readonly [OptionKey, OptionDeclaration])[];

/** The declaration of that name; undefined when there is none. */
export function findOption(name: string): readonly [OptionKey, OptionDeclaration] | undefined {
  return optionList.find(([, declaration]) => declaration.name === name);
}
