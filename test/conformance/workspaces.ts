import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import type { NewItem, Workspace } from '../../src/core/definition.ts';
import type { ScheduleStore } from '../../src/jobs/schedule-store.ts';
import type { Workspaces } from '../../src/registry/workspaces.ts';
import { rejects } from './job-store-fixture.ts';

export interface WorkspacesUnderTest extends AsyncDisposable {
  readonly workspaces: Workspaces;
  readonly schedules: ScheduleStore;
  now(): number;
  advance(ms: number): void;
}

const script = (name: string, content = 'SELECT 1'): NewItem<'script'> => ({
  kind: 'script',
  name,
  content: { type: 'sql', content, connection: 'c', description: '' },
  document: null,
});

const definition = (name: string, description = ''): NewItem<'definition'> => ({
  kind: 'definition',
  name,
  content: { description, params: [], nodes: [], schedule: null, timeoutSeconds: null },
  document: { api: 'x', text: `{"name":"${name}",  "unknown":1}` },
});

/** Every promise of src/registry/workspaces.ts. */
export function workspaceConformance(name: string, open: () => Promise<WorkspacesUnderTest>): void {
  /** A store with one workspace. */
  async function opened() {
    const store = await open();
    return { store, workspaces: store.workspaces, home: await store.workspaces.addWorkspace('home') };
  }
  const change = (
    workspaces: Workspaces,
    { id }: Workspace,
    ...changes: Parameters<Workspaces['changeWorkspace']>[2]
  ): Promise<void> => workspaces.changeWorkspace(id, 'scott', changes);

  describe(`workspaces: ${name}`, () => {
    it('have an id of 32 hexadecimal digits and a name of their own; the first is the default', async () => {
      await using store = await open();
      const { workspaces } = store;
      const home = await workspaces.addWorkspace('home');
      assert.match(home.id, /^[0-9a-f]{32}$/);
      assert.deepEqual(home, { id: home.id, name: 'home', isDefault: true, createdAt: store.now() });
      await rejects(workspaces.addWorkspace('home'), 'workspace-exists');
      const other = await workspaces.addWorkspace('Home');
      assert.equal(other.isDefault, false);
      assert.deepEqual(await workspaces.getWorkspace(home.id), home);
      assert.deepEqual(await workspaces.getWorkspace('Home'), other);
      assert.equal(await workspaces.getWorkspace('HOME'), null);
      assert.deepEqual(await workspaces.listWorkspaces(), [other, home]);
      const namedAlike = await workspaces.addWorkspace(home.id);
      assert.deepEqual(await workspaces.getWorkspace(home.id), home, 'an id goes before a name');
      assert.notEqual(namedAlike.id, home.id);
    });

    it('have at most one default', async () => {
      await using store = await open();
      const { workspaces } = store;
      await workspaces.addWorkspace('a');
      const b = await workspaces.addWorkspace('b');
      const defaults = async () =>
        (await workspaces.listWorkspaces()).filter(({ isDefault }) => isDefault).map((each) => each.name);
      await workspaces.setDefaultWorkspace(b.id);
      assert.deepEqual(await defaults(), ['b']);
      await rejects(workspaces.setDefaultWorkspace('nothing'), 'workspace-unknown');
      assert.deepEqual(await defaults(), ['b']);
      await workspaces.setDefaultWorkspace(null);
      assert.deepEqual(await defaults(), []);
    });

    it('are removed when nothing is in them', async () => {
      const { store, workspaces, home } = await opened();
      await using _ = store;
      await change(workspaces, home, { type: 'add', item: script('s') });
      const error = await rejects(workspaces.removeWorkspace(home.id), 'workspace-not-empty');
      assert.match(error.message, /script s/);
      await change(workspaces, home, { type: 'remove', kind: 'script', name: 's' });
      await workspaces.removeWorkspace(home.id);
      await rejects(workspaces.removeWorkspace(home.id), 'workspace-unknown');
      await rejects(workspaces.changeWorkspace(home.id, 'scott', []), 'workspace-unknown');
    });

    it('keep items by kind and name as they were given, documents byte for byte', async () => {
      const { store, workspaces, home } = await opened();
      await using _ = store;
      await change(
        workspaces,
        home,
        { type: 'add', item: script('same') },
        { type: 'add', item: definition('same') },
      );
      const item = await workspaces.getItem(home.id, 'definition', 'same');
      assert.deepEqual(item, {
        ...definition('same'),
        workspace: home.id,
        id: 2,
        version: 0,
        createdBy: 'scott',
        createdAt: store.now(),
        updatedBy: 'scott',
        updatedAt: store.now(),
      });
      assert.deepEqual(
        (await workspaces.getItem(home.id, 'script', 'same'))?.content,
        script('same').content,
      );
      assert.equal(await workspaces.getItem(home.id, 'resource', 'same'), null);
      assert.equal(await workspaces.getItem('other', 'script', 'same'), null);
      for (const each of ['b', 'B', 'a']) await change(workspaces, home, { type: 'add', item: script(each) });
      assert.deepEqual(
        (await workspaces.listItems(home.id, 'script')).map((each) => each.name),
        ['B', 'a', 'b', 'same'],
      );
    });

    it('change an item, its name too; who made it stays', async () => {
      const { store, workspaces, home } = await opened();
      await using _ = store;
      await change(
        workspaces,
        home,
        { type: 'add', item: script('old') },
        { type: 'add', item: script('taken') },
      );
      const before = await workspaces.getItem(home.id, 'script', 'old');
      store.advance(5);
      await workspaces.changeWorkspace(home.id, 'ann', [
        { type: 'put', item: script('new', 'SELECT 2'), rename: 'old' },
      ]);
      assert.equal(await workspaces.getItem(home.id, 'script', 'old'), null);
      assert.deepEqual(await workspaces.getItem(home.id, 'script', 'new'), {
        ...before,
        ...script('new', 'SELECT 2'),
        updatedBy: 'ann',
        updatedAt: store.now(),
      });
      const put = (item: NewItem, rename?: string) =>
        change(workspaces, home, { type: 'put', item, ...(rename === undefined ? {} : { rename }) });
      await rejects(put(script('taken'), 'new'), 'item-exists');
      await rejects(put(script('missing')), 'item-unknown');
      await rejects(put(script('x'), 'old'), 'item-unknown');
      await put(script('new', 'SELECT 3'), 'new');
    });

    it('are changed as a whole or not at all', async () => {
      const { store, workspaces, home } = await opened();
      await using _ = store;
      await change(workspaces, home, { type: 'add', item: script('kept') });
      const attempt = change(
        workspaces,
        home,
        { type: 'add', item: script('added') },
        { type: 'put', item: script('kept', 'SELECT 2') },
        { type: 'remove', kind: 'script', name: 'kept' },
        { type: 'remove', kind: 'script', name: 'missing' },
      );
      await rejects(attempt, 'item-unknown');
      const [left, ...others] = await workspaces.listItems(home.id, 'script');
      assert.deepEqual([left?.name, left?.content, others], ['kept', script('kept').content, []]);
      await rejects(change(workspaces, home, { type: 'add', item: script('kept') }), 'item-exists');
    });

    it('number the versions of a definition; drafts change and versions stay', async () => {
      const { store, workspaces, home } = await opened();
      await using _ = store;
      await rejects(change(workspaces, home, { type: 'submit', name: 'd' }), 'item-unknown');
      await change(
        workspaces,
        home,
        { type: 'add', item: definition('d', 'one') },
        { type: 'submit', name: 'd' },
      );
      store.advance(5);
      await workspaces.changeWorkspace(home.id, 'ann', [
        { type: 'put', item: { ...definition('d', 'two'), document: null } },
        { type: 'submit', name: 'd' },
        { type: 'put', item: definition('e', 'three'), rename: 'd' },
      ]);
      assert.equal((await workspaces.getItem(home.id, 'definition', 'e'))?.version, 2);
      assert.deepEqual(
        (await workspaces.listVersions(home.id, 'e')).map(({ version, content }) => [
          version,
          content.description,
        ]),
        [
          [2, 'two'],
          [1, 'one'],
        ],
      );
      assert.deepEqual(await workspaces.getVersion(home.id, 'e', 1), {
        version: 1,
        content: definition('d', 'one').content,
        document: definition('d').document,
        submittedBy: 'scott',
        submittedAt: store.now() - 5,
      });
      assert.equal((await workspaces.getVersion(home.id, 'e', 2))?.document, null);
      assert.equal(await workspaces.getVersion(home.id, 'e', 3), null);
      assert.deepEqual(await workspaces.listVersions(home.id, 'd'), []);
      await change(workspaces, home, { type: 'remove', kind: 'definition', name: 'e' });
      await change(workspaces, home, { type: 'add', item: definition('e') });
      assert.deepEqual(await workspaces.listVersions(home.id, 'e'), [], 'another of the name has none');
    });

    it('keep the last hundred versions', async () => {
      const { store, workspaces, home } = await opened();
      await using _ = store;
      const submit = { type: 'submit', name: 'd' } as const;
      await change(workspaces, home, { type: 'add', item: definition('d') }, ...Array(103).fill(submit));
      const versions = (await workspaces.listVersions(home.id, 'd')).map(({ version }) => version);
      assert.deepEqual([versions.length, versions[0], versions.at(-1)], [100, 103, 4]);
    });

    it('take the schedule of a definition along when it is renamed, and remove it with it', async () => {
      const { store, workspaces, home } = await opened();
      await using _ = store;
      const { schedules } = store;
      await change(workspaces, home, { type: 'add', item: definition('d') });
      const subject = { type: 'definition', workspace: home.id, definition: 'd' } as const;
      const rule = {
        cron: '0 3 * * *',
        timeZone: 'UTC',
        startAt: null,
        endAt: null,
        missed: 'once',
        overlap: 'skip',
      } as const;
      const kept = await schedules.putSchedule({
        subject,
        rule,
        params: {},
        owner: 'scott',
        api: 'native',
        nextAt: 1,
      });
      await change(workspaces, home, { type: 'put', item: definition('e'), rename: 'd' });
      assert.equal(await schedules.getSchedule(subject), null);
      assert.equal((await schedules.getSchedule({ ...subject, definition: 'e' }))?.id, kept.id);
      await change(workspaces, home, { type: 'remove', kind: 'definition', name: 'e' });
      assert.deepEqual(await schedules.listSchedules(), []);
    });
  });
}
