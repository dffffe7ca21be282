import type { Secret } from '../../base/secret.ts';
import { AppError } from '../../core/errors.ts';

/** Where traces go. */
export interface TracingSettings {
  /** The full address; null: where OpenTelemetry's own variables say, with their headers. */
  readonly url: string | null;
  /** Secret: never log them. */
  readonly headers: Readonly<Record<string, string>>;
}

export interface TracingOptions {
  /** Of the collector; `/v1/traces` is added to it. */
  readonly url: string | null;
  /** `name=value,name=value`, values percent-encoded where they hold a comma. */
  readonly headers: Secret | null;
}

const path = 'v1/traces';

/**
 * Whether and where traces go: as the options say, else as OpenTelemetry's variables. Null: nowhere. Throws `option-invalid` for headers that are none.
 */
export function tracingSettings(
  { url, headers }: TracingOptions,
  env: Readonly<Record<string, string | undefined>>,
): TracingSettings | null {
  const isDisabled = env.OTEL_SDK_DISABLED?.toLowerCase() === 'true' || env.OTEL_TRACES_EXPORTER === 'none';
  const endpoint = env.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT || env.OTEL_EXPORTER_OTLP_ENDPOINT || null;
  if (isDisabled || (url === null && endpoint === null)) return null;
  const sent = headers === null ? {} : parseHeaders(headers.reveal());
  if (url === null) return { url: null, headers: sent };
  const full = new URL(url);
  full.pathname = `${full.pathname.replace(/\/+$/, '')}/${path}`;
  return { url: full.href, headers: sent };
}

function parseHeaders(text: string): Readonly<Record<string, string>> {
  const pairs = text.split(',').map((pair) => {
    const [, name = '', value = ''] = /^\s*([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*=\s*(.*?)\s*$/.exec(pair) ?? [];
    const decoded = decode(value);
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is refused
    if (name === '' || decoded === null || /[\u0000-\u001f\u007f]/.test(decoded)) {
      throw new AppError('option-invalid', {
        field: 'otlp-headers',
        message: 'otlp-headers takes name=value,name=value, not the value given.',
        hint: 'Write a comma within a value as %2C.',
      });
    }
    return [name, decoded] as const;
  });
  return Object.fromEntries(pairs);
}

function decode(value: string): string | null {
  try {
    return decodeURIComponent(value);
  } catch {
    return null;
  }
}
