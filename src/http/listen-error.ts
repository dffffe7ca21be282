import { AppError, toAppError } from '../core/errors.ts';

/** Where a port is given: the name of the option, and how it is written. */
export interface PortSetting {
  readonly option: string;
  /** `--port N or PUMPHOUSE_PORT` */
  readonly spelling: string;
}

const commonPort: PortSetting = { option: 'port', spelling: '--port N or PUMPHOUSE_PORT' };

/** Why a server cannot listen, in one sentence. */
export function listenError(
  error: unknown,
  host: string,
  port: number,
  { option, spelling }: PortSetting = commonPort,
): AppError {
  const code = (error as { readonly code?: unknown } | null)?.code;
  switch (code) {
    case 'EADDRINUSE':
      return new AppError('port-in-use', {
        message: `Port ${port} of ${host} is in use by another program.`,
        hint: `Choose another with ${spelling}.`,
        cause: error,
      });
    case 'EACCES':
      return new AppError('address-unavailable', {
        message: `Listening on port ${port} of ${host} is not permitted to this user.`,
        hint: `Choose a port above 1023 with ${spelling}.`,
        field: option,
        cause: error,
      });
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
    case 'EAFNOSUPPORT':
      return new AppError('address-unavailable', {
        message: `${host} is not an address of this machine.`,
        field: 'host',
        cause: error,
      });
    case 'ERR_SOCKET_BAD_PORT':
      return new AppError('option-invalid', {
        message: `The port ${port} is outside 0 to 65535.`,
        field: option,
        cause: error,
      });
    default:
      return toAppError(error);
  }
}
