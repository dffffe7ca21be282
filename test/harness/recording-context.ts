import type { OperationContext } from '../../src/core/context.ts';

/** One line that the code under test logged. */
export interface RecordedLine {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
  readonly data: Readonly<Record<string, unknown>>;
}

/** A context whose log is kept, and which can be aborted. */
export interface RecordingContext extends OperationContext {
  readonly lines: readonly RecordedLine[];
  /** Messages of warnings and errors. */
  complaints(): readonly string[];
  abort(reason?: unknown): void;
}

export function recordingContext(): RecordingContext {
  const controller = new AbortController();
  const lines: RecordedLine[] = [];
  const at =
    (level: RecordedLine['level']) =>
    (message: string, data: Readonly<Record<string, unknown>> = {}): void => {
      lines.push({ level, message, data });
    };
  return {
    signal: controller.signal,
    log: { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') },
    lines,
    complaints: () =>
      lines.filter(({ level }) => level === 'warn' || level === 'error').map(({ message }) => message),
    abort: (reason) => controller.abort(reason),
  };
}
