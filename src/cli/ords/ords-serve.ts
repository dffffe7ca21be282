import { access } from 'node:fs/promises';
import { Secret } from '../../base/secret.ts';
import { locateDataFolder } from '../../config/data-folder.ts';
import type { Options } from '../../config/options.ts';
import { isPoolName, type OrdsFolder } from '../../config/ords/ords-folder.ts';
import { listOrdsSettings } from '../../config/ords/ords-listing.ts';
import { type OrdsPool, urlOfPool } from '../../config/ords/ords-pools.ts';
import { isOwnHash, readOrdsUsers, strongestRole } from '../../config/ords/ords-users.ts';
import { openWallet } from '../../config/wallet.ts';
import { AppError, toAppError } from '../../core/errors.ts';
import type { Provision } from '../../core/provision.ts';
import type { Sealer } from '../../core/sealer.ts';
import { interrupted } from '../commands/serve.ts';
import { type StatusView, versionWarning } from '../commands/status.ts';
import type { ExitCodeName } from '../exit-codes.ts';
import type { App } from '../host.ts';
import type { OrdsSession } from './ords-session.ts';
import { logLine, mappedPool } from './ords-text.ts';

/** `serve` of the vendor's command: the service, with the databases and users that the folder names, and the lines that scripts wait for. */
export async function runOrdsServe(session: OrdsSession): Promise<ExitCodeName> {
  const { host, folder, options: flags, print } = session;
  if (flags.has('secure')) {
    throw new AppError('unsupported', {
      message: 'The port of the service speaks plain HTTP.',
      hint: 'Leave --secure out, and put a proxy that speaks TLS before it: deploy/nginx.conf.',
    });
  }
  const { values, problems } = await session.loadOptions();
  const [problem] = problems;
  if (problem !== undefined) throw problem;
  const pools = await readPools(folder, values);
  const users = await readOrdsUsers(folder.credentialsFile);
  const app = await host.openApp(values, 'service', {
    provision: provisionOf(pools, users),
    accessLogName: 'ords',
  });
  try {
    const { url } = await app.listen();
    const stopped = interrupted(host);
    const say = (level: 'INFO' | 'WARNING', text: string): void => print(logLine(level, text));
    say(
      'INFO',
      `HTTP and HTTP/2 cleartext listening on host: ${values.host} port: ${new URL(url).port || '80'}`,
    );
    if (!(await exists(folder.documentRoot))) {
      say(
        'INFO',
        `Disabling document root because the specified folder does not exist: ${folder.documentRoot}`,
      );
    }
    if (flags.has('apex-images')) say('WARNING', '--apex-images is ignored: there is no APEX here.');
    if (values.ordsEnabled !== 'true') {
      say('WARNING', 'database.api.enabled is not true: nothing is served below /_/db-api/.');
    }
    for (const { name, passwordHash } of users) {
      if (isOwnHash(passwordHash)) continue;
      say(
        'WARNING',
        `The user ${name} cannot sign in: only the program that wrote ${folder.credentialsFile} can check his password. Add him again with config user add.`,
      );
    }
    await tellPools(session, app, pools, stopped);
    say('INFO', 'Oracle REST Data Services initialized');
    print(`Oracle REST Data Services version : ${host.version}`);
    print(`Oracle REST Data Services server info: pumphouse/${host.version}`);
    print(`Oracle REST Data Services java info: none, Node.js ${process.versions.node}`);
    print('');
    await stopped;
  } finally {
    await app[Symbol.asyncDispose]();
  }
  return 'ok';
}

/** What holds for each pool, and whether it is valid: a pool that is not stops no other. */
async function tellPools(
  { host, folder, print }: OrdsSession,
  app: App,
  pools: readonly OrdsPool[],
  stopped: Promise<undefined>,
): Promise<void> {
  for (const { name } of pools) {
    if (!isPoolName(name)) continue;
    // What cannot be read is told of below.
    const listing = await listOrdsSettings(folder, name).catch(() => null);
    if (listing === null) continue;
    print(logLine('INFO', `Configuration properties for: |${name}|lo|`));
    for (const { key, value } of listing.settings) print(`${key}=${value}`);
    print('');
  }
  const answer = await Promise.race([app.call({ method: 'GET', path: '/api/v1/status' }), stopped]);
  if (answer === undefined) return;
  const status = JSON.parse(answer.body) as StatusView;
  const found = pools.map(({ name }) => {
    const unprovided = app.unprovided.find((each) => each.kind === 'database' && each.name === name);
    const reached = status.databases.find((each) => each.name === name);
    return { name, problem: unprovided?.problem ?? reached?.problem ?? null };
  });
  for (const { name, problem } of found) {
    if (problem === null) continue;
    print(logLine('WARNING', `The pool named: |${name}|lo| is invalid and will be ignored: ${problem}`));
  }
  for (const { kind, name, problem } of app.unprovided) {
    if (kind === 'user') print(logLine('WARNING', `The user ${name} is ignored: ${problem}`));
  }
  for (const line of versionWarning(host.version, status.store)) {
    print(logLine('WARNING', line.replace(/^WARNING: /, '')));
  }
  print(`Mapped local pools from ${folder.poolsPath}:`);
  for (const { name, problem } of found) print(mappedPool(name, problem === null));
  print('');
}

/** The pools of the folder, their passwords opened. */
async function readPools(folder: OrdsFolder, options: Options): Promise<readonly OrdsPool[]> {
  const pools: OrdsPool[] = [];
  let wallet: Sealer | null = null;
  for (const name of await folder.poolNames()) {
    if (!isPoolName(name)) {
      pools.push({ name, url: null, password: null, problem: 'its name cannot be that of a database.' });
      continue;
    }
    const own = folder.pool(name);
    try {
      const settings = await own.read();
      const sealed = (await own.secrets.read()).get('db.password');
      wallet ??= sealed === undefined ? null : await walletOf(options);
      const plain = settings.get('db.password')?.replace(/^!/, '');
      const opened = sealed === undefined || wallet === null ? plain : wallet.unseal(sealed);
      const { url, problem } = urlOfPool(settings);
      const isForeign = opened === undefined && (await own.hasForeignWallet());
      pools.push({
        name,
        url,
        password: opened === undefined ? null : new Secret(opened),
        problem:
          problem ??
          (isForeign
            ? `its wallet can be opened by Oracle's program alone; give the password again: ords config --db-pool ${name} secret db.password`
            : null),
      });
    } catch (error) {
      pools.push({ name, url: null, password: null, problem: toAppError(error).message });
    }
  }
  return pools;
}

const walletOf = (options: Options): Promise<Sealer> =>
  openWallet(
    locateDataFolder(options.data).walletFile,
    { key: options.walletKey, previous: options.walletKeyPrevious },
    true,
  );

function provisionOf(
  pools: readonly OrdsPool[],
  users: Awaited<ReturnType<typeof readOrdsUsers>>,
): Provision {
  return {
    databases: pools.flatMap(({ name, url, password, problem }) =>
      url === null || problem !== null ? [] : [{ name, url, password }],
    ),
    unusable: pools.flatMap(({ name, problem }) => (problem === null ? [] : [{ name, problem }])),
    users: users.flatMap(({ name, passwordHash, roles }) => {
      const role = strongestRole(roles);
      return role === null || !isOwnHash(passwordHash) ? [] : [{ name, role, passwordHash }];
    }),
  };
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );
