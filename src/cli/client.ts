import { locateDataFolder } from '../config/data-folder.ts';
import type { LoadedOptions } from '../config/load-options.ts';
import { readServiceFile } from '../config/service-file.ts';
import { type ErrorCode, errorCatalogue } from '../core/error-catalogue.ts';
import { AppError } from '../core/errors.ts';
import type { ApiCall, ApiResponse, CliHost } from './host.ts';

/** The native API, wherever it is: in the service that runs on the data folder, or in this process. */
export interface ApiClient extends AsyncDisposable {
  /** The JSON body of a success. Throws the AppError that the API's problem describes. */
  json<T>(call: ApiCall): Promise<T>;
  /** Sees to it that jobs run: a service does that by itself, this process only from here on. */
  startJobs(): Promise<void>;
  /** Where the service is; null when the work is done in this process and ends with it. */
  readonly serviceUrl: string | null;
}

/** A service that does not answer within this time is taken for gone. */
const healthTimeoutMs = 5_000;

/** Connects to the service of the data folder, or opens the data folder in this process. */
export async function connect(host: CliHost, options: LoadedOptions['values']): Promise<ApiClient> {
  const running = await readServiceFile(locateDataFolder(options.data).serviceFile);
  if (running !== null) {
    await checkHealth(running.url);
    return {
      json: (call) => jsonOf(callService(running.url, running.token, call)),
      startJobs: () => Promise.resolve(),
      serviceUrl: running.url,
      [Symbol.asyncDispose]: () => Promise.resolve(),
    };
  }
  const app = await host.openApp(options, 'command');
  return {
    json: (call) => jsonOf(app.call(call)),
    startJobs: () => app.startJobs(),
    serviceUrl: null,
    [Symbol.asyncDispose]: () => app[Symbol.asyncDispose](),
  };
}

async function jsonOf<T>(answer: Promise<ApiResponse>): Promise<T> {
  const { status, body } = await answer;
  if (status >= 400) throw problemOf(status, body);
  return (body === '' ? null : JSON.parse(body)) as T;
}

async function callService(
  url: string,
  token: string,
  { method, path, headers, body }: ApiCall,
): Promise<ApiResponse> {
  try {
    const response = await fetch(url + path, {
      method,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return {
      status: response.status,
      headers: Object.fromEntries(response.headers),
      body: await response.text(),
    };
  } catch (error) {
    throw new AppError('service-unreachable', {
      message: `The service at ${url} does not answer any more.`,
      cause: error,
    });
  }
}

async function checkHealth(url: string): Promise<void> {
  const answer = await fetch(`${url}/healthz`, { signal: AbortSignal.timeout(healthTimeoutMs) }).catch(
    () => null,
  );
  if (answer?.ok !== true) {
    throw new AppError('service-unreachable', {
      message: `The data folder names a service at ${url}, but it does not answer.`,
    });
  }
}

/** The error that a problem+json answer describes. */
function problemOf(status: number, body: string): AppError {
  let problem: Record<string, unknown> = {};
  try {
    problem = JSON.parse(body) as Record<string, unknown>;
  } catch {
    // Not JSON: the status says all there is.
  }
  const text = (key: string) => (typeof problem[key] === 'string' ? (problem[key] as string) : undefined);
  const code = text('code');
  const known = code !== undefined && code in errorCatalogue ? (code as ErrorCode) : 'internal';
  const hint = text('hint');
  const field = text('field');
  return new AppError(known, {
    message: text('detail') ?? text('title') ?? `The service answered ${status}.`,
    ...(hint === undefined ? {} : { hint }),
    ...(field === undefined ? {} : { field }),
  });
}
