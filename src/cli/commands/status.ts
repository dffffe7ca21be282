import { formatTable } from '../format.ts';
import type { CommandEnd, Session } from '../session.ts';

interface Reached {
  readonly name: string;
  readonly url: string;
  readonly valid: boolean;
  readonly problem: string | null;
}

/** What the command line reads of the status of the native API. */
export interface StatusView {
  readonly version: string;
  readonly store: { readonly schema_version: number; readonly known_schema_version: number };
  readonly instances: readonly {
    readonly name: string;
    readonly version: string;
    readonly url: string | null;
    readonly started_at: string;
    readonly seen_at: string;
  }[];
  readonly databases: readonly (Reached & { readonly engine: string })[];
  readonly directories: readonly Reached[];
}

/** Shows what an operator looks at. It ends well whatever is away: that is what it was asked to tell. */
export async function showStatus(session: Session): Promise<CommandEnd> {
  const client = await session.client();
  const status = await client.json<StatusView>({ method: 'GET', path: '/api/v1/status' });
  session.show(status, () => statusLines(status, client.serviceUrl).join('\n'));
  return 'ok';
}

function statusLines(status: StatusView, url: string | null): readonly string[] {
  const { version, store, instances } = status;
  const places = [...databaseRows(status), ...directoryRows(status)];
  return [
    `Pumphouse ${version}${url === null ? ', no service runs on the data folder' : ` at ${url}`}`,
    `Store: schema version ${store.schema_version}`,
    ...versionWarning(version, store),
    ...(places.length === 0 ? [] : ['', formatTable(['kind', 'name', 'engine', 'url', 'state'], places)]),
    ...(instances.length === 0
      ? []
      : [
          '',
          formatTable(
            ['instance', 'version', 'url', 'started', 'seen'],
            instances.map((each) => [each.name, each.version, each.url ?? '', each.started_at, each.seen_at]),
          ),
        ]),
  ];
}

const databaseRows = ({ databases }: StatusView): readonly (readonly string[])[] =>
  databases.map(({ name, engine, url, ...found }) => ['database', name, engine, url, stateOf(found)]);
const directoryRows = ({ directories }: StatusView): readonly (readonly string[])[] =>
  directories.map(({ name, url, ...found }) => ['directory', name, '', url, stateOf(found)]);

const stateOf = ({ valid, problem }: Pick<Reached, 'valid' | 'problem'>): string =>
  valid ? 'VALID' : `INVALID: ${problem ?? ''}`;

/** A line for each database and directory, for the start of `serve`. */
export function standingLines({ databases, directories }: StatusView): readonly string[] {
  return [
    ...(databases.length === 0 ? ['No databases are registered yet: pumphouse database add NAME URL'] : []),
    ...databases.map(
      ({ name, engine, url, ...found }) => `Database ${name}: ${engine}, ${url}, ${stateOf(found)}`,
    ),
    ...directories.map(({ name, url, ...found }) => `Directory ${name}: ${url}, ${stateOf(found)}`),
  ];
}

/** Nothing, where program and store are of the same version. */
export function versionWarning(version: string, store: StatusView['store']): readonly string[] {
  const { schema_version: schema, known_schema_version: known } = store;
  if (schema === known) return [];
  return [
    `WARNING: The store has schema version ${schema}, and Pumphouse ${version} knows version ${known}. Bring every instance to the same version of the program.`,
  ];
}
