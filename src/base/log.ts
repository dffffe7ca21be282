import { type DestinationStream, destination as fileDestination, pino, stdSerializers } from 'pino';
import type { LogLevel } from './log-level.ts';

type Write = (message: string, data?: Readonly<Record<string, unknown>>) => void;

/** Names whose values never reach the log, at the top of the data and one level below. */
const secretNames = [
  'authorization',
  'cookie',
  'password',
  'secret',
  'token',
  '["proxy-authorization"]',
  '["set-cookie"]',
];
const below = (name: string): string => (name.startsWith('[') ? `*${name}` : `*.${name}`);

export interface LogOptions {
  readonly level: LogLevel;
  /** Where the lines go; standard error by default. */
  readonly destination?: DestinationStream;
}

/**
 * A log of one JSON object a line (`level`, `time` in ISO 8601, `message`, then the data), written at once so that
 * nothing is lost when the process dies. Members that hold secrets by their name print as `[secret]`; an `error`
 * that is an Error prints with its stack and causes.
 */
export function createLogger(
  options: LogOptions,
): Readonly<Record<'debug' | 'info' | 'warn' | 'error', Write>> {
  const log = pino(
    {
      level: options.level,
      base: null,
      messageKey: 'message',
      timestamp: pino.stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      serializers: { error: stdSerializers.errWithCause },
      redact: { paths: [...secretNames, ...secretNames.map(below)], censor: '[secret]' },
    },
    options.destination ?? fileDestination({ fd: 2, sync: true }),
  );
  return {
    debug: (message, data) => log.debug(data ?? {}, message),
    info: (message, data) => log.info(data ?? {}, message),
    warn: (message, data) => log.warn(data ?? {}, message),
    error: (message, data) => log.error(data ?? {}, message),
  };
}
