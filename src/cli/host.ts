import type { Secret } from '../base/secret.ts';
import type { LoadedOptions, OptionInputs } from '../config/load-options.ts';
import type { Provision, Unprovided } from '../core/provision.ts';

/** An answer of the API, over a socket or in process. */
export interface ApiResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export interface ApiCall {
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE';
  /** With the query, encoded. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
}

/** A Pumphouse opened in this process: store, engines, APIs. Disposing it interrupts the jobs that run; the next start goes on with them. */
export interface App extends AsyncDisposable {
  /** One request without a socket, with the rights of the local administrator. */
  call(request: ApiCall): Promise<ApiResponse>;
  /** Begins to run the jobs of the data folder, those left over by an earlier process too; later calls do nothing. */
  startJobs(): Promise<void>;
  /** Opens the port (default: the configured one) and those that APIs have of their own, starts the jobs and tells the data folder about it. Can be called again when it has failed. */
  listen(port?: number): Promise<{
    readonly url: string;
    readonly ownPorts: readonly { readonly title: string; readonly url: string }[];
  }>;
  /** What of {@link AppExtras.provision} could not be registered. */
  readonly unprovided: readonly Unprovided[];
}

/** What a folder in the words of another program brings besides options. */
export interface AppExtras {
  readonly provision?: Provision;
  /** What the files of the access log begin with; default `pumphouse`. */
  readonly accessLogName?: string;
}

/** What `pumphouse store ...` works with, in this process. */
export interface StoreAdmin {
  /** Makes the store, or brings it to the version of this program. `from`: the schema version before; null: none, or not known. */
  migrate(): Promise<{ readonly store: string; readonly from: number | null; readonly to: number }>;
  /** Looks, and changes nothing. */
  inspect(): Promise<StoreView>;
  /** Copies the store of the data folder to an empty one; gives the rows by table. */
  copy(target: Secret): Promise<Readonly<Record<string, number>>>;
}

/** A store as it is found. Times are milliseconds since the epoch. */
export interface StoreView {
  /** Where it is, without secrets. */
  readonly store: string;
  /** Null: there is none, or it cannot be asked now. */
  readonly version: number | null;
  readonly knownVersion: number;
  /** Null: not known, as of a file that a service has to itself. */
  readonly counts: Readonly<
    Record<
      | 'jobs'
      | 'unfinishedJobs'
      | 'databases'
      | 'directories'
      | 'credentials'
      | 'users'
      | 'schedules'
      | 'backups',
      number
    >
  > | null;
  readonly instances: readonly {
    readonly id: string;
    readonly name: string;
    readonly version: string;
    readonly url: string | null;
    readonly startedAt: number;
    readonly seenAt: number;
  }[];
}

/** What the commands get from outside; main.ts and app.ts bring it, tests bring their own streams. */
export interface CliHost {
  loadOptions(inputs: Pick<OptionInputs, 'flags' | 'settings' | 'defaults'>): Promise<LoadedOptions>;
  openApp(options: LoadedOptions['values'], use: AppUse, extras?: AppExtras): Promise<App>;
  /** Looks at the store without opening it; throws nothing. Null: there is none, or it cannot be asked now. */
  readStoreVersions(place: {
    readonly store: Secret | null;
    readonly file: string;
  }): Promise<{ readonly version: number | null; readonly knownVersion: number }>;
  storeAdmin(options: LoadedOptions['values']): Promise<StoreAdmin>;
  readonly version: string;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Calls `listener` at each SIGINT or SIGTERM until the returned function is called. */
  onInterrupt(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
}

/** `service`: answers on a port, logs to standard error. `command`: works for one command and says nothing by itself. */
export type AppUse = 'service' | 'command';
