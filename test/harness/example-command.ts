import assert from 'node:assert/strict';
import { Readable, Writable } from 'node:stream';
import { runCommandLine } from '../../src/cli/program.ts';
import { loadOptions } from '../../src/config/load-options.ts';

/** A request to the native API. */
export interface AskedRequest {
  readonly method: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The words of a shell line, quotes taken off. */
const wordsOf = (line: string): readonly string[] =>
  [...line.matchAll(/(?:[^\s'"]|'[^']*'|"[^"]*")+/g)].map(([word]) =>
    word.replaceAll(/'([^']*)'|"([^"]*)"/g, (_, single, double) => single ?? double),
  );

/** What a command of an example asks the native API for; fails when it asks for nothing, or more than once. */
export async function requestOf(command: string, input = ''): Promise<AskedRequest> {
  const [program, ...args] = wordsOf(command);
  assert.equal(program, 'pumphouse');
  const asked: AskedRequest[] = [];
  let said = '';
  const quiet = new Writable({
    write: (chunk, _encoding, done) => {
      said += String(chunk);
      done();
    },
  });
  await runCommandLine(
    {
      version: '0',
      stdin: Readable.from(input === '' ? [] : [input]),
      stdout: quiet,
      stderr: quiet,
      readStoreVersions: async () => ({ version: null, knownVersion: 1 }),
      storeAdmin: () => assert.fail('it asks the store itself'),
      loadOptions: (inputs) => loadOptions({ ...inputs, env: {} }),
      // Takes the request and ends there.
      openApp: async () => ({
        async call({ method, path, body }) {
          asked.push({ method, path, body: (body ?? {}) as AskedRequest['body'] });
          return { status: 503, headers: {}, body: '{}' };
        },
        startJobs: async () => undefined,
        listen: async () => ({ url: '', ownPorts: [] }),
        unprovided: [],
        [Symbol.asyncDispose]: async () => undefined,
      }),
      onInterrupt: () => () => undefined,
    },
    args,
  );
  assert.equal(asked.length, 1, `${command}: ${said}`);
  return asked[0] as AskedRequest;
}
