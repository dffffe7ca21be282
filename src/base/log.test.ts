import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createLogger } from './log.ts';
import type { LogLevel } from './log-level.ts';

function logged(level: LogLevel, write: (log: ReturnType<typeof createLogger>) => void): readonly string[] {
  const lines: string[] = [];
  write(createLogger({ level, destination: { write: (line) => lines.push(line) } }));
  return lines;
}

test('a line is one JSON object with level, time, message and data', () => {
  const [line] = logged('info', (log) => log.info('started', { port: 8080 }));
  const { time, ...rest } = JSON.parse(line as string) as Record<string, unknown>;
  assert.match(String(time), /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.deepEqual(rest, { level: 'info', message: 'started', port: 8080 });
  assert.ok(line?.endsWith('}\n'));
});

test('levels below the chosen one are left out', () => {
  const all = (log: ReturnType<typeof createLogger>): void => {
    log.debug('d');
    log.info('i');
    log.warn('w');
    log.error('e');
  };
  assert.equal(logged('debug', all).length, 4);
  assert.equal(logged('warn', all).length, 2);
  assert.equal(logged('silent', all).length, 0);
});

test('what is secret by its name never reaches a line', () => {
  const secrets = { authorization: 'hunter2', password: 'hunter2', token: 'hunter2', cookie: 'hunter2' };
  const [line] = logged('info', (log) => log.info('x', { ...secrets, headers: { ...secrets, host: 'h' } }));
  assert.doesNotMatch(line as string, /hunter2/);
  assert.match(line as string, /"host":"h"/);
});

test('an error prints with its stack and its cause', () => {
  const error = new Error('outer', { cause: new Error('inner') });
  const [line] = logged('error', (log) => log.error('broke', { error }));
  const { error: printed } = JSON.parse(line as string) as {
    error: { stack: string; cause: { message: string } };
  };
  assert.match(printed.stack, /log\.test\.ts/);
  assert.equal(printed.cause.message, 'inner');
});
