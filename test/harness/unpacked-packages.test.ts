import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { afterEach, describe, it, mock } from 'node:test';
import { unpackPackages } from './unpacked-packages.ts';
import { makeFolder } from './with-folder.ts';

/** An `apt-get` of a machine with that archive, from which nothing can be had. */
const aptGet = (targets: string) => `#!/bin/sh
case "$*" in
  indextargets*) printf '${targets}'; exit 0;;
  *) echo "E: Unable to locate package" >&2; exit 100;;
esac
`;

describe('packages of another suite', () => {
  afterEach(() => mock.restoreAll());

  async function withApt(targets: string, work: () => Promise<void>): Promise<void> {
    await using folder = await makeFolder();
    writeFileSync(folder.join('apt-get'), aptGet(targets), { mode: 0o755 });
    const before = process.env.PATH;
    process.env.PATH = `${folder.path}:${before}`;
    mock.method(console, 'log', () => undefined);
    try {
      await work();
    } finally {
      process.env.PATH = before;
    }
  }

  it('that cannot be had are named, with what apt-get said and what to check', () =>
    withApt('http://archive.example/debian/ bookworm main\\n', async () => {
      await assert.rejects(unpackPackages('trixie', ['pumphouse-nothing'], 1), {
        message:
          /^pumphouse-nothing of Debian trixie could not be had.*check the network(.|\n)*Unable to locate package/,
      });
    }));

  it('need an archive of Debian that the machine knows', () =>
    withApt('http://archive.example/ubuntu/ noble main\\n', async () => {
      await assert.rejects(unpackPackages('trixie', ['pumphouse-nothing'], 1), {
        message: /pumphouse-nothing of Debian trixie could not be had(.|\n)*has no Debian archive/,
      });
    }));
});
