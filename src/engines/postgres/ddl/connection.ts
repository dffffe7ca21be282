import type { Duplex } from 'node:stream';

/**
 * A connection to PostgreSQL that is authenticated and idle, speaking protocol 3.0 with client encoding UTF8, whose
 * socket nobody else reads or writes. Disposing closes it in whatever state it is, cancelling a statement that runs.
 */
export interface DdlConnection extends AsyncDisposable {
  /** The socket, TLS done; no listener for data is left on it and nothing was read ahead. */
  readonly socket: Duplex;
  /** Every ParameterStatus that the server sent (`server_version`, `client_encoding` ...). */
  readonly parameters: ReadonlyMap<string, string>;
  readonly processId: number;
  readonly secretKey: Buffer | number;
  /** As `SHOW server_version_num`: 150018 is 15.18. */
  readonly serverVersionNum: number;
}
