import { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';
import { formatTable } from '../format.ts';
import { readSecretLine } from '../read-secret.ts';
import type { CommandEnd, Session } from '../session.ts';
import { versionWarning } from './status.ts';

export async function migrateStore(session: Session): Promise<CommandEnd> {
  const admin = await session.host.storeAdmin(session.options.values);
  const { store, from, to } = await admin.migrate();
  session.show({ store, from, to }, () =>
    from === to
      ? `The store ${store} has schema version ${to} already.`
      : `The store ${store} has schema version ${to} now${from === null ? '' : `; it had ${from}`}.`,
  );
  return 'ok';
}

export async function showStore(session: Session): Promise<CommandEnd> {
  const { host } = session;
  const admin = await host.storeAdmin(session.options.values);
  const { store, version, knownVersion, counts, instances } = await admin.inspect();
  const time = (at: number): string => new Date(at).toISOString();
  const view = {
    store,
    version: host.version,
    schema_version: version,
    known_schema_version: knownVersion,
    counts:
      counts === null
        ? null
        : {
            jobs: counts.jobs,
            unfinished_jobs: counts.unfinishedJobs,
            databases: counts.databases,
            directories: counts.directories,
            credentials: counts.credentials,
            users: counts.users,
            schedules: counts.schedules,
            backups: counts.backups,
          },
    instances: instances.map((each) => ({
      id: each.id,
      name: each.name,
      version: each.version,
      url: each.url,
      started_at: time(each.startedAt),
      seen_at: time(each.seenAt),
    })),
  };
  session.show(view, () =>
    [
      `Store: ${store}`,
      version === null
        ? `Schema version: not known (there is no store yet, or it cannot be asked now); this program makes version ${knownVersion}`
        : `Schema version: ${version}`,
      ...(version === null
        ? []
        : versionWarning(host.version, { schema_version: version, known_schema_version: knownVersion })),
      ...(view.counts === null
        ? []
        : [
            '',
            formatTable(
              ['what', 'rows'],
              Object.entries(view.counts).map(([what, rows]) => [what.replaceAll('_', ' '), String(rows)]),
            ),
          ]),
      ...(view.instances.length === 0
        ? []
        : [
            '',
            formatTable(
              ['instance', 'version', 'url', 'started', 'seen'],
              view.instances.map((each) => [
                each.name,
                each.version,
                each.url ?? '',
                each.started_at,
                each.seen_at,
              ]),
            ),
          ]),
    ].join('\n'),
  );
  return 'ok';
}

export interface CopyStoreFlags {
  readonly to?: string;
  readonly passwordStdin?: boolean;
}

export async function copyStore(session: Session, flags: CopyStoreFlags): Promise<CommandEnd> {
  const { host, options } = session;
  const target = await targetOf(session, flags);
  const admin = await host.storeAdmin({ ...options.values, store: null });
  const copied = await admin.copy(target);
  const rows = Object.entries(copied).filter(([, count]) => count > 0);
  session.show({ copied }, () =>
    [
      formatTable(
        ['table', 'rows'],
        rows.map(([table, count]) => [table, String(count)]),
      ),
      '',
      'The data folder is as it was. Start the instances with PUMPHOUSE_STORE, and with the key of its wallet.key.',
    ].join('\n'),
  );
  return 'ok';
}

/** PUMPHOUSE_STORE, or the URL of the flag, which holds no password: other users of the machine can read it. */
async function targetOf({ host, options }: Session, { to, passwordStdin }: CopyStoreFlags): Promise<Secret> {
  if (to === undefined) {
    if (options.values.store !== null && passwordStdin !== true) return options.values.store;
    throw new AppError('usage', {
      message: 'It is not said where to copy the store.',
      hint: 'Set PUMPHOUSE_STORE, or give --to postgres://user@host/database --password-stdin.',
    });
  }
  const url = URL.parse(to);
  if (url === null || url.password !== '') {
    throw new AppError('usage', {
      message: url === null ? '--to holds no URL.' : '--to holds a password, which others can read there.',
      hint: 'Give the URL without it and the password with --password-stdin, or all of it as PUMPHOUSE_STORE.',
    });
  }
  if (passwordStdin === true) url.password = encodeURIComponent(await readSecretLine(host));
  return new Secret(url.href);
}
