import assert from 'node:assert/strict';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import test, { after, before } from 'node:test';
import { inspect } from 'node:util';
import type { AppError } from '../core/errors.ts';
import { openConfigFolder } from './config-folder.ts';
import { loadOptions } from './load-options.ts';
import { optionList } from './options.ts';
import { openSecretsWallet } from './secrets-wallet.ts';

let folder: string;
before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'pumphouse-options-'));
});
after(() => rm(folder, { recursive: true }));

const keyText = Buffer.alloc(32, 7).toString('base64');

test('without anything given every option has its default', async () => {
  const { values, reports } = await loadOptions({ cwd: folder });
  const { of, ...common } = values;
  assert.deepEqual(of('any'), common);
  assert.deepEqual(common, {
    data: join(folder, 'pumphouse-data'),
    config: join(folder, 'pumphouse-data', 'config'),
    walletKey: null,
    walletKeyPrevious: null,
    store: null,
    instance: null,
    host: '127.0.0.1',
    port: 8080,
    trustedProxies: [],
    httpsHeaderCheck: null,
    bodyLimit: 1_048_576,
    shutdownGraceSeconds: 10,
    drainDelaySeconds: 0,
    defaultDatabase: null,
    databaseRetrySeconds: 900,
    ordsEnabled: 'true',
    ordsMaxRows: 10_000,
    ordsEndState: 'COMPLETED',
    redisEnterprisePort: null,
    dbcsIdentityDomain: null,
    dbcsPort: 'off',
    dataartsProjectId: null,
    tlsCertificate: null,
    tlsKey: null,
    smtpUrl: null,
    smtpPassword: null,
    smtpFrom: null,
    smtpTo: [],
    webhookUrl: null,
    webhookSecret: null,
    urlAllow: [],
    storageConcurrency: null,
    storageRate: null,
    workers: availableParallelism() + 1,
    threadsMax: 16,
    unitBytes: 67_108_864,
    patienceSeconds: 180,
    accessLog: null,
    accessLogDays: 90,
    metrics: 'users',
    metricsToken: null,
    otlpUrl: null,
    otlpHeaders: null,
    retentionDays: 30,
    logLevel: 'info',
  });
  assert.ok(reports.every(({ source }) => source === 'default'));
});

test('a flag wins over the environment, that over the config folder, that over the default', async () => {
  const config = join(folder, 'order');
  const settings = openConfigFolder(config);
  await settings.set('port', '1');
  await settings.set('host', '10.0.0.1');
  await settings.set('threads-max', '4');
  const { values, reports } = await loadOptions({
    cwd: folder,
    flags: { config, port: '3' },
    env: { PUMPHOUSE_PORT: '2', PUMPHOUSE_HOST: '10.0.0.2', PUMPHOUSE_LOG_LEVEL: '' },
  });
  assert.equal(values.port, 3);
  assert.equal(values.host, '10.0.0.2');
  assert.equal(values.threadsMax, 4);
  assert.equal(values.logLevel, 'info');
  const sourceOf = (name: string) => reports.find((report) => report.name === name)?.source;
  assert.equal(sourceOf('config'), 'flag');
  assert.equal(sourceOf('port'), 'flag');
  assert.equal(sourceOf('host'), 'environment');
  assert.equal(sourceOf('threads-max'), 'config folder');
  assert.equal(sourceOf('log-level'), 'default');
});

test('the config folder is in the data folder unless named', async () => {
  const data = join(folder, 'with-config');
  await openConfigFolder(join(data, 'config')).set('port', '4711');
  const { values } = await loadOptions({ env: { PUMPHOUSE_DATA: data } });
  assert.equal(values.port, 4711);
  assert.equal(values.config, join(data, 'config'));
});

const badTexts: Readonly<Record<string, readonly string[]>> = {
  data: ['a\u0000b'],
  config: ['a\nb'],
  'wallet-key': ['short', Buffer.alloc(31).toString('base64'), 'zz'.repeat(32)],
  'wallet-key-previous': ['short'],
  store: ['a\u0000b'],
  instance: ['a\u0000b'],
  host: ['\u007f'],
  port: ['-1', '65536', '80.5', 'http', '1e3', ' 80'],
  'trusted-proxies': ['10.0.0.1,\u0001'],
  'security.httpsHeaderCheck': ['X-Forwarded-Proto', 'https', ': https'],
  'body-limit': ['0', '1TiB', '-5', '1.5MiB'],
  'shutdown-grace': ['-1', '5s'],
  'drain-delay': ['-1', '5s'],
  'default-database': ['\t'],
  'database-retry': ['0', '15m'],
  'ords.enabled': ['yes', 'TRUE'],
  'ords.max-rows': ['0', '10001'],
  'ords.end-state': ['completed', 'DONE'],
  'redis-enterprise.port': ['-1', '65536', 'on', 'OFF'],
  'dbcs.identityDomain': ['a/b', '.', 'quay domain'],
  'dbcs.port': ['-1', '65536', 'on'],
  'dataarts.projectId': ['5b7d1f0c', 'g'.repeat(32)],
  'tls-certificate': ['a\u0000b'],
  'tls-key': ['\u007f'],
  'smtp-url': [
    'mail',
    'http://mail',
    'smtp://',
    'smtp://u:Lantern7@mail',
    'smtp://mail/x',
    'smtp://a%ff@mail',
    'smtp://mail?x=1',
  ],
  'smtp-password': ['a\nb'],
  'smtp-from': ['pump', 'Pump <pump@example.net>', 'a@b,c@d'],
  'smtp-to': ['crew', 'crew@example.net,bob'],
  'webhook-url': ['hook', 'ftp://hook/', 'https://u:Lantern7@hook/', 'https://u@hook/', 'https://hook/#x'],
  'webhook-secret': ['a\nb'],
  'url-allow': ['minio,\u0001'],
  'storage-concurrency': ['0', '1025', 'all'],
  'storage-rate': ['0', '1023', '1MB/s'],
  workers: ['0', '257', 'many'],
  'threads-max': ['0', '1000000000'],
  'unit-bytes': ['1', '17GiB'],
  patience: ['-1', '5 min'],
  metrics: ['yes'],
  'metrics-token': ['a\u0000b'],
  'otlp-url': ['collector', 'ftp://collector/', 'https://u:Lantern7@collector/'],
  'otlp-headers': ['a\u0000b'],
  'access-log': ['a\u0000b'],
  'access-log-retention': ['0', 'forever'],
  retention: ['0', 'forever'],
  'log-level': ['verbose', 'INFO'],
};

for (const [, declaration] of optionList) {
  test(`a wrong value of ${declaration.name} is refused naming the variable and what it takes`, async () => {
    const texts = badTexts[declaration.name] ?? [];
    assert.ok(texts.length > 0);
    for (const text of texts) {
      await assert.rejects(
        loadOptions({ cwd: folder, env: { [declaration.env]: text } }),
        (error: AppError) => {
          assert.equal(error.code, 'option-invalid');
          assert.equal(error.field, declaration.name);
          assert.ok(error.message.startsWith(`${declaration.env} takes ${declaration.type.describe}`));
          if (declaration.secret) assert.ok(!inspect(error).includes(text));
          assert.ok(!inspect(error).includes('Lantern7'));
          return true;
        },
      );
    }
  });

  test(`the shown value of ${declaration.name} parses to the same value`, () => {
    const value = declaration.initial();
    if (!declaration.secret) assert.deepEqual(declaration.type.parse(declaration.type.show(value)), value);
  });
}

test('values are read as documented', async () => {
  const { values } = await loadOptions({
    cwd: folder,
    env: {
      PUMPHOUSE_UNIT_BYTES: '1 GiB',
      PUMPHOUSE_BODY_LIMIT: '4096',
      PUMPHOUSE_TRUSTED_PROXIES: '10.0.0.0/8, ::1,',
      PUMPHOUSE_ORDS_END_STATE: 'NOT RUNNING',
      PUMPHOUSE_WALLET_KEY: keyText,
    },
  });
  assert.equal(values.unitBytes, 1024 ** 3);
  assert.equal(values.bodyLimit, 4096);
  assert.deepEqual(values.trustedProxies, ['10.0.0.0/8', '::1']);
  assert.equal(values.ordsEndState, 'NOT RUNNING');
  assert.equal(values.walletKey?.reveal(), keyText);
});

test('a secret shows as [secret] and has no flag', async () => {
  const loaded = await loadOptions({ cwd: folder, env: { PUMPHOUSE_WALLET_KEY: keyText } });
  assert.ok(!inspect(loaded, { depth: 9 }).includes(keyText));
  assert.ok(!JSON.stringify(loaded).includes(keyText));
  assert.equal(loaded.reports.find(({ name }) => name === 'wallet-key')?.value, '[secret]');
  for (const [, declaration] of optionList) assert.equal(declaration.flag === null, declaration.secret);
});

test('names, flags and variables are unique and follow from the name', () => {
  const all = optionList.map(([, declaration]) => declaration);
  for (const key of ['name', 'flag', 'env'] as const) {
    // Secrets have no flag.
    const given = all.map((declaration) => declaration[key]).filter((each) => each !== null);
    assert.equal(new Set(given).size, given.length);
  }
  for (const { name, env } of all) {
    assert.match(name, /^[a-z]+([.-][a-z]+|[A-Z][a-z]+)*$/);
    const words = name.split(/[.-]|(?=[A-Z])/);
    assert.equal(env, `PUMPHOUSE_${words.join('_').toUpperCase()}`);
  }
});

test('a settings file that cannot be used is refused naming it', async () => {
  const cases: readonly (readonly [text: string, code: string, says: RegExp])[] = [
    ['{', 'option-invalid', /settings\.json is not valid JSON/],
    ['[]', 'option-invalid', /is not a JSON object/],
    ['{"prot": 1}', 'option-unknown', /sets "prot"/],
    ['{"data": "/x"}', 'option-unknown', /sets "data"/],
    ['{"wallet-key": "x"}', 'option-unknown', /sets "wallet-key"/],
    ['{"port": null}', 'option-invalid', /sets port to something/],
    ['{"port": 99999}', 'option-invalid', /port in .*settings\.json takes integer 0 to 65535, not "99999"/],
  ];
  for (const [index, [text, code, says]] of cases.entries()) {
    const config = join(folder, `bad-${index}`);
    await mkdir(config);
    await writeFile(join(config, 'settings.json'), text);
    await assert.rejects(loadOptions({ cwd: folder, flags: { config, port: '1' } }), (error: AppError) => {
      assert.equal(error.code, code);
      assert.match(error.message, says);
      return true;
    });
  }
});

test('a file where the data folder should be is left for the one who opens it; as the config folder it is refused', async () => {
  const file = join(folder, 'file');
  await writeFile(file, '');
  const { values } = await loadOptions({ flags: { data: file } });
  assert.equal(values.data, file);
  await assert.rejects(loadOptions({ flags: { config: file } }), { code: 'option-invalid' });
});

test('what is set for a database comes before what is set for all, and behind flags and environment', async () => {
  const config = join(folder, 'of-databases');
  const settings = openConfigFolder(config);
  await settings.set('threads-max', '4');
  await settings.database('shop').set('threads-max', '2');
  await settings.database('shop').set('patience', '7');
  const { values, reportsOf } = await loadOptions({
    cwd: folder,
    flags: { config },
    env: { PUMPHOUSE_PATIENCE: '9' },
  });
  assert.deepEqual(
    [values.threadsMax, values.of('shop').threadsMax, values.of('other').threadsMax],
    [4, 2, 4],
  );
  assert.equal(values.of('shop').patienceSeconds, 9);
  const sources = Object.fromEntries(
    reportsOf('shop').map(({ name, value, source }) => [name, [value, source]]),
  );
  assert.deepEqual(sources['threads-max'], ['2', 'config folder of the database']);
  assert.deepEqual(sources.patience, ['9', 'environment']);
  assert.deepEqual(sources['unit-bytes'], ['64MiB', 'default']);
  assert.equal(sources.port, undefined);
  assert.throws(() => reportsOf('../x'), { code: 'name-invalid' });
});

test('a sealed secret is opened with the wallet of the data folder; one that cannot be is told, not thrown', async () => {
  const data = join(folder, 'sealed');
  const { secrets } = openConfigFolder(join(data, 'config'));
  const wallet = await openSecretsWallet({ data, walletKey: null, walletKeyPrevious: null }, secrets);
  await secrets.set('smtp-password', 'Lantern7', wallet);
  const loaded = await loadOptions({ flags: { data } });
  assert.equal(loaded.values.smtpPassword?.reveal(), 'Lantern7');
  assert.equal(loaded.reports.find(({ name }) => name === 'smtp-password')?.source, 'config folder');
  assert.ok(!inspect(loaded, { depth: 9 }).includes('Lantern7'));
  const given = await loadOptions({ flags: { data }, env: { PUMPHOUSE_SMTP_PASSWORD: 'other' } });
  assert.equal(given.values.smtpPassword?.reveal(), 'other');

  const wrong = await loadOptions({ flags: { data }, env: { PUMPHOUSE_WALLET_KEY: keyText } });
  assert.equal(wrong.values.smtpPassword, null);
  assert.deepEqual(
    wrong.problems.map(({ code, field }) => [code, field]),
    [['option-invalid', 'smtp-password']],
  );
});

test('settings in other words stand over settings.json, and below flags', async () => {
  const config = join(folder, 'given');
  await openConfigFolder(config).set('port', '1');
  await openConfigFolder(config).set('workers', '3');
  const settings = {
    path: '/etc/ords/config',
    service: new Map([['port', '2']]),
    databases: new Map([['wharf', new Map([['threads-max', '5']])]]),
  };
  const { values } = await loadOptions({ flags: { config }, settings, defaults: { host: '0.0.0.0' } });
  assert.deepEqual([values.port, values.workers, values.host], [2, 3, '0.0.0.0']);
  assert.equal(values.of('wharf').threadsMax, 5);
  assert.equal((await loadOptions({ flags: { config, port: '3' }, settings })).values.port, 3);
});
