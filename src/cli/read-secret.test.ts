import assert from 'node:assert/strict';
import { PassThrough, Readable } from 'node:stream';
import { test } from 'node:test';
import type { CliHost } from './host.ts';
import { askSecret, isTerminal, readSecretLine, readSecretText } from './read-secret.ts';

/** A host of which only the streams are asked. */
const hostWith = (stdin: NodeJS.ReadableStream, stderr = new PassThrough()): CliHost =>
  ({ stdin, stderr }) as Partial<CliHost> as CliHost;

/** Keys as a terminal in raw mode hands them on. */
function terminal(keys: string): { readonly stdin: NodeJS.ReadableStream; readonly modes: boolean[] } {
  const modes: boolean[] = [];
  const stdin = Object.assign(new PassThrough(), {
    isTTY: true,
    setRawMode: (mode: boolean) => void modes.push(mode),
  });
  stdin.write(keys);
  return { stdin, modes };
}

test('a secret of several lines keeps them all but the last line end', async () => {
  const read = (text: string) => readSecretText(hostWith(Readable.from([text])));
  assert.equal(
    await read('-----BEGIN-----\r\nabc\n-----END-----\n'),
    '-----BEGIN-----\r\nabc\n-----END-----',
  );
  assert.equal(await read('abc\r\n'), 'abc');
  assert.equal(await read('abc\n\n'), 'abc\n');
  assert.equal(await read(' abc '), ' abc ');
  for (const text of ['', '\n']) await assert.rejects(read(text), { code: 'usage' });
  assert.equal(await readSecretLine(hostWith(Readable.from(['abc\ndef\n']))), 'abc');
});

test('on a terminal the secret is asked for and not shown', async () => {
  const { stdin, modes } = terminal('pasX\u007fs word\r');
  const stderr = new PassThrough();
  const host = hostWith(stdin, stderr);
  assert.equal(isTerminal(host), true);
  assert.equal(await askSecret(host, 'Secret: '), 'pass word');
  assert.equal(String(stderr.read()), 'Secret: \n');
  assert.deepEqual(modes, [true, false]);
  assert.equal(await askSecret(hostWith(terminal('\r').stdin), ''), '');
  await assert.rejects(askSecret(hostWith(terminal('ab\u0003').stdin), ''), { code: 'aborted' });
  assert.equal(isTerminal(hostWith(Readable.from([]))), false);
});
