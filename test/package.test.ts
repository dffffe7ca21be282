import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';

interface LockFile {
  readonly packages: Readonly<
    Record<
      string,
      { readonly resolved?: string; readonly optionalDependencies?: Readonly<Record<string, string>> }
    >
  >;
}

const read = (name: string) => readFileSync(new URL(`../${name}`, import.meta.url), 'utf8');
const locks = ['package-lock.json', 'test/servers/package-lock.json'];

for (const name of locks) {
  const { packages } = JSON.parse(read(name)) as LockFile;

  test(`${name} names no registry`, () => {
    const resolved = Object.entries(packages).filter(
      ([, entry]) => entry.resolved !== undefined && !entry.resolved.startsWith('file:'),
    );
    assert.deepEqual(resolved, []);
  });

  // A registry that lacks the package of a foreign platform makes npm leave it out, and then npm ci refuses the lock file elsewhere.
  test(`${name} has an entry for every optional dependency`, () => {
    const missing = Object.values(packages)
      .flatMap((entry) => Object.keys(entry.optionalDependencies ?? {}))
      .filter(
        (dependency) => !Object.keys(packages).some((key) => key.endsWith(`node_modules/${dependency}`)),
      );
    assert.deepEqual(missing, []);
  });
}

test('the launcher fetches the Node.js that the development packages pin', () => {
  const { devDependencies } = JSON.parse(read('package.json')) as {
    readonly devDependencies: Readonly<Record<string, string>>;
  };
  assert.match(
    read('pumphouse'),
    new RegExp(`^version=${devDependencies.node?.replaceAll('.', '\\.')}$`, 'm'),
  );
});
