import assert from 'node:assert/strict';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

/**
 * The house rules of ARCHITECTURE.md, read off the imports of src/. A file may import only from a lower row;
 * plug-in families and siblings inside a family never import each other.
 */

const root = path.resolve(import.meta.dirname, '..');
const source = path.join(root, 'src');

/** Rooms with what each may import besides itself. The first prefix that fits a file names its room. */
const rooms: readonly {
  readonly room: string;
  readonly prefix: string;
  readonly mayImport: readonly string[];
}[] = [
  {
    room: 'entry',
    prefix: 'main.ts',
    mayImport: ['app', 'cli', 'cli contract', 'store', 'config', 'core', 'base'],
  },
  {
    room: 'app',
    prefix: 'app',
    mayImport: [
      'cli contract',
      'apis',
      'api contract',
      'http',
      'service',
      'operations',
      'jobs',
      'events',
      'mail',
      'observability',
      'job contracts',
      'store',
      'registry contract',
      'engine contract',
      'engines',
      'storage contract',
      'storages',
      'network',
      'config',
      'core',
      'base',
    ],
  },
  { room: 'cli contract', prefix: 'cli/host.ts', mayImport: ['config', 'core', 'base'] },
  {
    room: 'cli',
    prefix: 'cli/',
    mayImport: ['cli contract', 'config', 'core', 'base'],
  },
  { room: 'http', prefix: 'http/', mayImport: ['api contract', 'service', 'config', 'core', 'base'] },
  { room: 'api contract', prefix: 'apis/api.ts', mayImport: ['core', 'base'] },
  { room: 'api contract', prefix: 'apis/openapi', mayImport: ['core', 'base'] },
  { room: 'apis', prefix: 'apis/', mayImport: ['api contract', 'service', 'core', 'base'] },
  {
    room: 'service',
    prefix: 'service/',
    mayImport: [
      'operations',
      'job contracts',
      'registry contract',
      'dump',
      'storage contract',
      'engine contract',
      'core',
      'base',
    ],
  },
  {
    room: 'operations',
    prefix: 'operations/',
    mayImport: [
      'job contracts',
      'engine contract',
      'storage contract',
      'registry contract',
      'dump',
      'core',
      'base',
    ],
  },
  { room: 'job contracts', prefix: 'jobs/job-store.ts', mayImport: ['core', 'base'] },
  { room: 'job contracts', prefix: 'jobs/handler.ts', mayImport: ['core', 'base'] },
  { room: 'job contracts', prefix: 'jobs/dispatcher.ts', mayImport: ['core', 'base'] },
  { room: 'job contracts', prefix: 'jobs/schedule-store.ts', mayImport: ['core', 'base'] },
  { room: 'job contracts', prefix: 'jobs/scheduled-starts.ts', mayImport: ['core', 'base'] },
  { room: 'job contracts', prefix: 'jobs/event-store.ts', mayImport: ['core', 'base'] },
  { room: 'job contracts', prefix: 'jobs/tickets.ts', mayImport: ['core', 'base'] },
  { room: 'job contracts', prefix: 'jobs/job-notices.ts', mayImport: ['core', 'base'] },
  { room: 'job contracts', prefix: 'jobs/instance-store.ts', mayImport: ['core', 'base'] },
  { room: 'job contracts', prefix: 'jobs/job-census.ts', mayImport: ['core', 'base'] },
  { room: 'jobs', prefix: 'jobs/', mayImport: ['job contracts', 'core', 'base'] },
  { room: 'events', prefix: 'events/', mayImport: ['mail', 'network', 'job contracts', 'core', 'base'] },
  { room: 'observability', prefix: 'observability/', mayImport: ['job contracts', 'core', 'base'] },
  { room: 'mail', prefix: 'mail/', mayImport: ['job contracts', 'core', 'base'] },
  { room: 'store', prefix: 'store/', mayImport: ['job contracts', 'registry contract', 'core', 'base'] },
  { room: 'registry contract', prefix: 'registry/', mayImport: ['core', 'base'] },
  { room: 'engine contract', prefix: 'engines/engine.ts', mayImport: ['core', 'base'] },
  { room: 'engine contract', prefix: 'engines/accounts.ts', mayImport: ['core', 'base'] },
  { room: 'engines', prefix: 'engines/', mayImport: ['engine contract', 'core', 'base'] },
  { room: 'storage contract', prefix: 'storages/storage.ts', mayImport: ['network', 'core', 'base'] },
  { room: 'network', prefix: 'network/', mayImport: ['core', 'base'] },
  { room: 'storage contract', prefix: 'storages/file-name.ts', mayImport: ['core', 'base'] },
  {
    room: 'storage blocks',
    prefix: 'storages/blocks/',
    mayImport: ['storage contract', 'network', 'core', 'base'],
  },
  {
    room: 'storages over the web',
    prefix: 'storages/web/',
    mayImport: ['storage contract', 'storage blocks', 'network', 'core', 'base'],
  },
  {
    room: 'storages',
    prefix: 'storages/',
    mayImport: ['storage contract', 'storage blocks', 'storages over the web', 'network', 'core', 'base'],
  },
  { room: 'dump', prefix: 'dump/', mayImport: ['storage contract', 'core', 'base'] },
  { room: 'config', prefix: 'config/', mayImport: ['core', 'base'] },
  { room: 'core', prefix: 'core/', mayImport: ['base'] },
  { room: 'base', prefix: 'base/', mayImport: [] },
];

/** Families whose members, named by the folder below, are strangers to each other. */
const families = ['engines', 'apis', 'storages'];
/** Folders of a family that are no members: what members are made of, or what is put around them. */
const sharedFolders = ['storages/layers', 'storages/blocks', 'storages/web'];

/** Words that say nothing about what is inside. */
const emptyNames = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'misc', 'lib', 'index'];

interface SourceFile {
  readonly name: string;
  readonly lines: number;
  readonly imports: readonly string[];
}

function filesBelow(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.endsWith('.ts') && statSync(path.join(folder, name)).isFile())
    .map((name) => name.split(path.sep).join('/'));
}

function read(name: string): SourceFile {
  const text = readFileSync(path.join(source, name), 'utf8');
  const imports = [...text.matchAll(/(?:\bfrom|\bimport)\s*\(?\s*'(\.{1,2}\/[^']+)'/g)].map(
    ([, target = '']) => path.posix.normalize(path.posix.join(path.posix.dirname(name), target)),
  );
  return { name, lines: text.split('\n').length - 1, imports };
}

const files = filesBelow(source).map(read);
const production = files.filter(({ name }) => !name.endsWith('.test.ts'));
const roomOf = (name: string) => rooms.find(({ prefix }) => name === prefix || name.startsWith(prefix));

test('every file of src/ has a room', () => {
  assert.deepEqual(
    files.filter(({ name }) => roomOf(name) === undefined).map(({ name }) => name),
    [],
  );
  assert.ok(production.length > 50, 'the source was not found');
});

test('a file imports only from lower rows', () => {
  const broken = production.flatMap(({ name, imports }) => {
    const from = roomOf(name);
    return imports.flatMap((target) => {
      const to = roomOf(target);
      if (from === undefined || to === undefined)
        return [`${name} imports ${target}, which is outside of src/`];
      if (from.room === to.room || from.mayImport.includes(to.room)) return [];
      return [`${name} (${from.room}) must not import ${target} (${to.room})`];
    });
  });
  assert.deepEqual(broken, []);
});

test('members of a family never import each other', () => {
  const member = (name: string) => {
    const [family = '', folder = '', rest] = name.split('/');
    return families.includes(family) && rest !== undefined ? `${family}/${folder}` : null;
  };
  const broken = production.flatMap(({ name, imports }) =>
    imports
      .filter((target) => {
        const [own, other] = [member(name), member(target)];
        return (
          own !== null &&
          other !== null &&
          own !== other &&
          own.split('/')[0] === other.split('/')[0] &&
          !sharedFolders.includes(other)
        );
      })
      .map((target) => `${name} must not import its sibling ${target}`),
  );
  assert.deepEqual(broken, []);
});

/** Whether `target` is in a shared folder of the family that `name` is in. */
const isShared = (name: string, target: string): boolean =>
  sharedFolders.some((folder) => target.startsWith(`${folder}/`)) &&
  name.split('/')[0] === target.split('/')[0];

test('only app.ts names concrete engines, storages and APIs', () => {
  const broken = production
    .filter(({ name }) => name !== 'app.ts')
    .flatMap(({ name, imports }) =>
      imports
        .filter(
          (target) =>
            /^(engines|storages|apis)\/[^/]+\//.test(target) &&
            !target.startsWith(name.split('/').slice(0, 2).join('/')),
        )
        .filter((target) => !isShared(name, target))
        .map((target) => `${name} names ${target}`),
    );
  assert.deepEqual(broken, []);
});

test('no engine is asked for by name outside of its folder', () => {
  const broken = production
    .filter(({ name }) => !name.startsWith('engines/') && name !== 'app.ts')
    .filter(({ name }) =>
      /engine(?:\.id|Id)?\s*[!=]==?\s*'/.test(readFileSync(path.join(source, name), 'utf8')),
    )
    .map(({ name }) => `${name} compares an engine with a name`);
  assert.deepEqual(broken, []);
});

test('files are kebab-case, have telling names and stay short', () => {
  const broken = files.flatMap(({ name, lines }) => {
    const stem = path.posix.basename(name).replace(/(\.[a-z0-9-]+)*\.ts$/, '');
    return [
      ...(/^[a-z0-9]+(-[a-z0-9]+)*$/.test(stem) ? [] : [`${name} is not kebab-case`]),
      ...(emptyNames.includes(stem) || name.split('/').some((part) => emptyNames.includes(part))
        ? [`${name} has a name that says nothing`]
        : []),
      ...(lines > 500 ? [`${name} has ${lines} lines`] : []),
    ];
  });
  assert.deepEqual(broken, []);
});

test('no file only passes on what others export', () => {
  const broken = production
    .filter(({ name }) => /^export (\*|\{[^}]*\}) from/m.test(readFileSync(path.join(source, name), 'utf8')))
    .map(({ name }) => name);
  assert.deepEqual(broken, []);
});
