import type { TaskContext } from '../jobs/handler.ts';
import type { BackupCatalogue } from '../registry/backup-catalogue.ts';
import type { Storage } from '../storages/storage.ts';
import type { BackupParts } from './backup-parts.ts';
import type { Environment } from './environment.ts';

/**
 * A process that was frozen or cut off does not know that another has gone on with its tasks. So a task asks whether it is still its own before whatever cannot
 * be taken back: what it writes to a storage becomes visible, or is removed, only when the job's store says so at that moment.
 */
type Confirm = Pick<TaskContext, 'confirm'>;

/** The same environment, whose storages are written to only by who still has the task. */
export const confirmedEnvironment = (environment: Environment, confirm: Confirm): Environment => ({
  ...environment,
  storage: async (location) => confirmedStorage(await environment.storage(location), confirm),
});

/** The same for what backups are made of: their catalogue too. */
export const confirmedParts = (parts: BackupParts, confirm: Confirm): BackupParts => ({
  ...parts,
  environment: confirmedEnvironment(parts.environment, confirm),
  catalogue: confirmedCatalogue(parts.catalogue, confirm),
});

export function confirmedStorage(storage: Storage, { confirm }: Confirm): Storage {
  return {
    ...storage,
    put: (name, source, options, context) =>
      storage.put(
        name,
        { open: (signal) => confirmedToTheEnd(source.open(signal), confirm) },
        options,
        context,
      ),
    async remove(name, context) {
      await confirm();
      await storage.remove(name, context);
    },
    async sweep(prefix, context) {
      await confirm();
      await storage.sweep(prefix, context);
    },
  };
}

/** Nothing is visible before the last byte: a stream that throws there leaves nothing behind. */
async function* confirmedToTheEnd(
  bytes: AsyncIterable<Uint8Array>,
  confirm: Confirm['confirm'],
): AsyncGenerator<Uint8Array> {
  yield* bytes;
  await confirm();
}

const confirmedCatalogue = (catalogue: BackupCatalogue, { confirm }: Confirm): BackupCatalogue => ({
  ...catalogue,
  async addBackup(backup) {
    await confirm();
    return await catalogue.addBackup(backup);
  },
  async changeBackup(id, from, change) {
    await confirm();
    return await catalogue.changeBackup(id, from, change);
  },
  async addProof(id, proof) {
    await confirm();
    return await catalogue.addProof(id, proof);
  },
});

/** A stream that stood still for so long may be that of a process that did. */
const pauseMs = 5_000;

/** The bytes; after a pause of theirs it is asked whether the task is still this process's, before anything else is done with them. */
export async function* confirmedAfterPauses(
  bytes: AsyncIterable<Uint8Array>,
  { confirm }: Confirm,
  now: () => number = Date.now,
): AsyncGenerator<Uint8Array> {
  let last = now();
  for await (const chunk of bytes) {
    const at = now();
    if (at - last > pauseMs) await confirm();
    last = now();
    yield chunk;
  }
}
