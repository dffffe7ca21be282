import type { LoadedOptions, OptionInputs } from '../config/load-options.ts';

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
  /** Lines about what was found and registered, for the start of `serve`. */
  readonly summary: readonly string[];
}

/** What the commands get from outside; main.ts and app.ts bring it, tests bring their own streams. */
export interface CliHost {
  loadOptions(flags: OptionInputs['flags']): Promise<LoadedOptions>;
  openApp(options: LoadedOptions['values'], use: AppUse): Promise<App>;
  readonly version: string;
  readonly stdin: NodeJS.ReadableStream & { readonly isTTY?: boolean };
  readonly stdout: NodeJS.WritableStream & { readonly isTTY?: boolean };
  readonly stderr: NodeJS.WritableStream & { readonly isTTY?: boolean };
  /** Calls `listener` at each SIGINT or SIGTERM until the returned function is called. */
  onInterrupt(listener: (signal: 'SIGINT' | 'SIGTERM') => void): () => void;
}

/** `service`: answers on a port, logs to standard error. `command`: works for one command and says nothing by itself. */
export type AppUse = 'service' | 'command';
